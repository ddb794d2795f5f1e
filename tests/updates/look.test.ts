import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFetch } from '../../main/base/http.ts';
import { lookForRelease, namesOf } from '../../main/updates/look.ts';
import type { UpdateWishes } from '../../main/updates/ports.ts';
import { seenReleases } from '../../main/updates/seen.ts';
import { signer } from '../organisation/bundles.ts';
import { metadata, publish, type ReleaseServer, startReleaseServer } from './release-server.ts';

const ours = signer();
const next = signer();
let home: string;
let server: ReleaseServer;
let client: ReturnType<typeof createFetch>;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'lk-look-'));
  server = await startReleaseServer();
  client = createFetch();
});
afterEach(async () => {
  await client.close();
  await server.close();
  await rm(home, { recursive: true, force: true });
});

interface Asking {
  version?: string;
  keys?: string[];
  wishes?: Partial<UpdateWishes>;
  platform?: NodeJS.Platform;
}

/** As a Latchkey of this version asks that has nothing else than this server. */
const look = ({
  version = '0.1.0',
  keys = [ours.fingerprint],
  wishes = {},
  platform = 'linux',
}: Asking = {}) =>
  lookForRelease({
    application: { version, releaseKeys: keys, publicServer: server.address },
    wishes: { channel: { value: 'stable', origin: 'built-in', locked: false }, ...wishes },
    seen: seenReleases(home),
    fetch: client.fetch,
    signal: AbortSignal.timeout(60_000),
    system: { platform, arch: 'x64' },
  });

const beta: Partial<UpdateWishes> = { channel: { value: 'beta', origin: 'person', locked: false } };
const pinned = (value: string): Partial<UpdateWishes> => ({ version: { value, origin: 'organisation' } });
const refused = (message: RegExp) => ({
  code: 'update-untrusted',
  message: expect.stringMatching(message) as string,
  remedy: expect.stringContaining('Nothing was installed.') as string,
});

describe('a look at the server', () => {
  it('finds a newer version, and says nothing of who looks', async () => {
    publish(server, ours.key);
    const found = await look();
    expect(found).toMatchObject({ kind: 'newer', release: { version: '0.2.0', base: `${server.address}/` } });
    const [one, ...others] = server.asked;
    expect(others).toEqual([]);
    expect(one?.path).toBe('/releases/latest-linux.yml.jws');
    const { host: _, ...headers } = one?.headers ?? {};
    expect(headers).toEqual({
      accept: '*/*',
      'accept-encoding': expect.any(String) as string,
      'accept-language': '*',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
      pragma: 'no-cache',
      'sec-fetch-mode': 'cors',
      'user-agent': 'Latchkey',
    });
  });

  it('takes none that is the same or older', async () => {
    publish(server, ours.key);
    expect(await look({ version: '0.2.0' })).toEqual({ kind: 'same' });
    expect(await look({ version: '0.3.0-beta.1' })).toEqual({ kind: 'older', version: '0.2.0' });
  });

  it('takes beta versions where they were chosen, and each of the stable ones', async () => {
    publish(server, ours.key, { version: '0.3.0-beta.1', name: 'beta-linux.yml' });
    publish(server, ours.key, { version: '0.2.0' });
    expect(await look()).toMatchObject({ release: { version: '0.2.0' } });
    expect(await look({ wishes: beta })).toMatchObject({ release: { version: '0.3.0-beta.1' } });
    publish(server, ours.key, { version: '0.3.0', name: 'beta-linux.yml', serial: 8 });
    expect(await look({ wishes: beta })).toMatchObject({ release: { version: '0.3.0' } });
  });

  it('asks for the version that is pinned, and takes no other', async () => {
    publish(server, ours.key, { version: '0.2.0' });
    publish(server, ours.key, { version: '0.3.0', serial: 8 });
    expect(await look({ wishes: pinned('0.2.0') })).toMatchObject({ release: { version: '0.2.0' } });
    expect(server.asked.at(-1)?.path).toBe('/releases/0.2.0-linux.yml.jws');
    expect(await look({ version: '0.2.0', wishes: pinned('0.2.0') })).toEqual({ kind: 'same' });
    expect(await look({ version: '0.3.0', wishes: pinned('0.2.0') })).toEqual({
      kind: 'older',
      version: '0.2.0',
    });
    server.files.set('0.2.0-linux.yml.jws', server.files.get('0.3.0-linux.yml.jws') ?? '');
    await expect(look({ wishes: pinned('0.2.0') })).rejects.toMatchObject(
      refused(/version 0\.3\.0 where 0\.2\.0 is the one that is set/),
    );
  });

  it('asks a server of the configuration alone', async () => {
    publish(server, ours.key);
    const mirror = await startReleaseServer();
    try {
      const wishes: Partial<UpdateWishes> = { server: { value: mirror.address, origin: 'organisation' } };
      await expect(look({ wishes })).rejects.toMatchObject({ code: 'update-unreachable' });
      publish(mirror, ours.key);
      expect(await look({ wishes })).toMatchObject({ release: { base: `${mirror.address}/` } });
      expect(mirror.asked.map(({ path }) => path)).toEqual(Array(2).fill('/releases/latest-linux.yml.jws'));
      expect(server.asked).toEqual([]);
    } finally {
      await mirror.close();
    }
  });

  it('takes each of the keys that are built in, and no other', async () => {
    publish(server, next.key);
    expect(await look({ keys: [ours.fingerprint, next.fingerprint] })).toMatchObject({ kind: 'newer' });
    await expect(look()).rejects.toMatchObject(refused(/signed with a key that this Latchkey does not know/));
  });

  it('takes nothing that comes before what was seen, also after a start', async () => {
    publish(server, ours.key, { serial: 8, version: '0.3.0' });
    expect(await look()).toMatchObject({ release: { version: '0.3.0' } });
    publish(server, ours.key, { serial: 7, version: '0.2.0' });
    await expect(look()).rejects.toMatchObject(refused(/older latest-linux\.yml \(serial number 7\).*\(8\)/));
    publish(server, ours.key, { serial: 8, version: '0.2.0' });
    await expect(look()).rejects.toMatchObject(
      refused(/another latest-linux\.yml under the serial number 8/),
    );
    publish(server, ours.key, { serial: 9, version: '0.3.0' });
    expect(await look()).toMatchObject({ release: { version: '0.3.0' } });
    expect(JSON.parse(await readFile(join(home, 'updates.json'), 'utf8'))).toMatchObject({
      seen: [{ name: 'latest-linux.yml', serial: 9 }],
    });
  });

  it.each<[string, RegExp, () => void]>([
    [
      'is not signed',
      /is not a signed text/,
      () => server.files.set('latest-linux.yml.jws', metadata('0.2.0', { a: 'a' })),
    ],
    [
      'was changed after it was signed',
      /has been changed after it was signed/,
      () => {
        const [head, body = '', signature] = String(server.files.get('latest-linux.yml.jws')).split('.');
        const text = Buffer.from(body, 'base64url').toString().replace('0.2.0', '0.9.0');
        server.files.set(
          'latest-linux.yml.jws',
          `${head}.${Buffer.from(text).toString('base64url')}.${signature}`,
        );
      },
    ],
    [
      "is an organisation's bundle",
      /is not signed in the way/,
      () => server.files.set('latest-linux.yml.jws', ours.bundle()),
    ],
    [
      'is of another system',
      /latest-mac\.yml where latest-linux\.yml/,
      () => {
        publish(server, ours.key, { name: 'latest-mac.yml' });
        server.files.set('latest-linux.yml.jws', server.files.get('latest-mac.yml.jws') ?? '');
      },
    ],
    ['is no stable one', /no stable one/, () => publish(server, ours.key, { version: '0.3.0-beta.1' })],
    [
      'has no version',
      /form that this Latchkey does not know/,
      () => publish(server, ours.key, { metadata: 'files: []\n' }),
    ],
    [
      'leads elsewhere',
      /form that this Latchkey does not know/,
      () => publish(server, ours.key, { metadata: metadata('0.2.0', { '//evil.example/a.AppImage': 'a' }) }),
    ],
    [
      'leads out of its folder',
      /form that this Latchkey does not know/,
      () => publish(server, ours.key, { metadata: metadata('0.2.0', { '../a.AppImage': 'a' }) }),
    ],
    [
      'is too large',
      /larger than 1 MiB/,
      () => server.files.set('latest-linux.yml.jws', 'a'.repeat(1024 * 1024 + 1)),
    ],
  ])('takes nothing that %s', async (_what, message, change) => {
    publish(server, ours.key);
    change();
    await expect(look()).rejects.toMatchObject(refused(message));
  });

  it('follows no redirect, and says what did not answer', async () => {
    server.answer = () => ({ status: 302, location: `${server.address}/elsewhere` });
    await expect(look()).rejects.toMatchObject({ code: 'update-unreachable' });
    expect(server.asked).toHaveLength(1);
    server.answer = () => ({ status: 500 });
    await expect(look()).rejects.toMatchObject({
      code: 'update-unreachable',
      message: expect.stringContaining('HTTP 500') as string,
    });
    await server.close();
    await expect(look()).rejects.toMatchObject({
      code: 'update-unreachable',
      message: expect.stringMatching(/^The update server 127\.0\.0\.1:\d+ cannot be reached/) as string,
    });
  });
});

it('asks for the name that electron-builder gives to each system', () => {
  const name = (platform: NodeJS.Platform, arch: string) =>
    namesOf(undefined, 'stable', { platform, arch }).asked;
  expect(name('linux', 'x64')).toBe('latest-linux.yml');
  expect(name('linux', 'arm64')).toBe('latest-linux-arm64.yml');
  expect(name('darwin', 'arm64')).toBe('latest-mac.yml');
  expect(name('win32', 'x64')).toBe('latest.yml');
  expect(namesOf('1.2.3-beta.1', 'stable', { platform: 'darwin', arch: 'x64' })).toEqual({
    asked: '1.2.3-beta.1-mac.yml',
    signed: 'beta-mac.yml',
  });
});
