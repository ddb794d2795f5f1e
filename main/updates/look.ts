import { request } from '../base/http.ts';
import { networkFault } from '../base/proxies.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { FetchLike } from '../contract/http.ts';
import { maxSignedBytes } from '../organisation/signed.ts';
import type { OwnApplication, Release, UpdateWishes } from './ports.ts';
import { untrusted, verifyRelease } from './release.ts';
import type { seenReleases } from './seen.ts';
import { compareVersions, isPreRelease } from './versions.ts';

/** Electron would name itself, the application and the system with their versions. */
export const ownHeaders = { 'user-agent': 'Latchkey' };

/** What a look at the server has come to. */
export type Found =
  | { kind: 'newer'; release: Release }
  | { kind: 'same' }
  /** The server has an older one, which is not taken. */
  | { kind: 'older'; version: string };

interface LookOptions {
  application: Pick<OwnApplication, 'version' | 'releaseKeys' | 'publicServer'>;
  wishes: Pick<UpdateWishes, 'channel' | 'version' | 'server'>;
  seen: ReturnType<typeof seenReleases>;
  fetch: FetchLike;
  signal: AbortSignal;
  /** Of the computer. */
  system?: { platform: NodeJS.Platform; arch: string };
}

/**
 * Asks the server which version is the newest, or for the one that is pinned. A server of the configuration's own is asked
 * alone: nothing falls back to the public one. The request says nothing of the person and of this computer but what any
 * request says.
 * @throws LatchkeyError `update-unreachable`, `update-untrusted`; the signal's reason
 */
export async function lookForRelease(options: LookOptions): Promise<Found> {
  const { application, wishes, seen } = options;
  const base = folderOf(wishes.server?.value ?? application.publicServer);
  const pinned = wishes.version?.value;
  const { asked, signed } = namesOf(pinned, wishes.channel.value, options.system ?? process);
  const text = await fetched(options, new URL(`${asked}.jws`, base));
  const found = verifyRelease(text, application.releaseKeys, signed);
  if (pinned !== undefined && found.version !== pinned)
    throw untrusted(`The server has given version ${found.version} where ${pinned} is the one that is set.`);
  if (pinned === undefined) {
    if (wishes.channel.value === 'stable' && isPreRelease(found.version))
      throw untrusted(`The server has given version ${found.version}, which is no stable one.`);
    // The pinned one is the same for ever, and older than what others may have seen.
    await seen.take(signed, found);
  }
  const order = compareVersions(found.version, application.version);
  if (order === 0) return { kind: 'same' };
  if (order < 0) return { kind: 'older', version: found.version };
  return { kind: 'newer', release: { version: found.version, files: found.files, base: base.href } };
}

/** A folder, whether its address ends with a slash or not. */
function folderOf(address: string): URL {
  const url = new URL(address);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/**
 * The name of the metadata as electron-builder gives it, which is signed, and the one that is asked for: each version can
 * also be had by its number.
 */
export function namesOf(
  pinned: string | undefined,
  channel: UpdateWishes['channel']['value'],
  { platform, arch }: { platform: NodeJS.Platform; arch: string },
): { asked: string; signed: string } {
  const system = platform === 'darwin' ? '-mac' : platform === 'linux' ? `-linux${archOf(arch)}` : '';
  const nameIn = (first: string) => `${first}${system}.yml`;
  const isBeta = pinned === undefined ? channel === 'beta' : isPreRelease(pinned);
  const signed = nameIn(isBeta ? 'beta' : 'latest');
  return { asked: pinned === undefined ? signed : nameIn(pinned), signed };
}

const archOf = (arch: string): string => (arch === 'x64' ? '' : `-${arch}`);

async function fetched({ fetch, signal }: LookOptions, url: URL): Promise<string> {
  const outcome = await request(fetch, url.href, {
    method: 'GET',
    headers: ownHeaders,
    maxBytes: maxSignedBytes,
    signal,
  });
  if (outcome.kind === 'failed') {
    if (outcome.reason === 'too-large')
      throw untrusted('What the server says of the newest version is larger than 1 MiB.');
    throw unreachable(url, outcome.detail);
  }
  if (outcome.status !== 200) throw unreachable(url, `HTTP ${outcome.status}`);
  return outcome.text;
}

/** @param detail a short name of the failure */
export function unreachable({ host, protocol }: URL, detail: string): LatchkeyError {
  const { message, remedy } = networkFault(`the update server ${host}`, detail);
  if (detail.startsWith('HTTP '))
    return new LatchkeyError(
      'update-unreachable',
      `The update server ${host} does not give out what was asked for (${detail}).`,
      {
        remedy: 'Try again later. A server of your own needs all files of a release, and no redirect.',
      },
    );
  return new LatchkeyError('update-unreachable', message, {
    remedy: protocol === 'http:' ? 'Check that it runs.' : remedy,
  });
}
