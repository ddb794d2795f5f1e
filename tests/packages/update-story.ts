import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, type KeyObject } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { signer } from '../organisation/bundles.ts';
import { runProgram } from '../support/run-program.ts';
import { metadata, publish, type ReleaseServer, startReleaseServer } from '../updates/release-server.ts';
import { asVersion, packAppImage } from './app-image.ts';
import type { LinuxPackages } from './linux-packages.ts';

interface StoryParts {
  folder(): string;
  packages(): LinuxPackages;
  /** Of the key that the packages know. */
  releases: { key: KeyObject };
  /** That the packages have. */
  version: string;
  switches: readonly string[];
  configuration: string;
  atScreen(): Promise<Record<string, string>>;
}

/**
 * Two versions of the real application, each in a file that stands in for an AppImage, and a web server: the old one refuses
 * what it should, and becomes the new one.
 */
export function registerUpdateStory(parts: StoryParts): void {
  const { releases, version } = parts;
  const next = version.replace(/\d+$/, (patch) => String(Number(patch) + 1));
  const name = `latchkey-${next}-linux-x86_64.AppImage`;
  let server: ReleaseServer;
  let home: string;
  let installed: string;
  let newer: string;
  let child: ChildProcess | undefined;
  let env: Record<string, string>;

  beforeAll(async () => {
    server = await startReleaseServer();
    const { unpacked } = parts.packages();
    const folder = parts.folder();
    home = await mkdtemp(join(folder, 'image-'));
    installed = join(home, 'Applications', `Latchkey-${version}.AppImage`);
    newer = join(home, name);
    await mkdir(join(home, 'Applications'));
    await packAppImage(unpacked, installed);
    const copy = join(folder, 'next');
    await asVersion(unpacked, copy, { from: version, to: next });
    await packAppImage(copy, newer);
    env = { ...(await parts.atScreen()), TMPDIR: home };
    await setUpdates(false);
  });
  afterAll(async () => {
    // Whichever of the two runs now ends in order, with all that it has started.
    const { pid } = await description().catch(() => ({ pid: undefined }));
    if (pid !== undefined) {
      process.kill(pid, 'SIGTERM');
      await vi.waitUntil(() => !existsSync(join(home, 'home/run/api.json')), { timeout: 60_000 });
    }
    try {
      if (child?.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
    await server?.close();
  });

  const config = () => join(home, 'latchkey.yaml');
  const places = () => ['--home', join(home, 'home'), '--config', config()];
  const setUpdates = (enabled: boolean) =>
    writeFile(
      config(),
      `${parts.configuration}${stringify({ updates: { enabled, server: server.address } })}`,
    );
  const description = async () =>
    JSON.parse(await readFile(join(home, 'home/run/api.json'), 'utf8')) as { pid: number; version: string };

  /** The command of the unpacked application. @returns what it has printed */
  async function latchkey(
    ...args: string[]
  ): Promise<{ code: number | null; printed: Record<string, unknown> }> {
    const command = join(parts.packages().unpacked, 'latchkey');
    const { code, stdout } = await runProgram(command, [...places(), '--json', ...args], { env });
    return { code, printed: JSON.parse(stdout) as Record<string, unknown> };
  }
  const problem = (code: string, message: RegExp) => ({
    code: 1,
    printed: { problem: { code, message: expect.stringMatching(message) as string } },
  });

  it('starts, and asks nobody while updates are off', async () => {
    publish(server, releases.key);
    child = spawn(installed, [...parts.switches, ...places()], { env, stdio: 'ignore', detached: true });
    await expect
      .poll(
        () =>
          description().then(
            (one) => one.version,
            () => undefined,
          ),
        { timeout: 200_000, interval: 200 },
      )
      .toBe(version);
    expect(await latchkey('update', 'check')).toMatchObject(
      problem('updates-off', /your configuration file/),
    );
    expect(server.asked).toEqual([]);
    await setUpdates(true);
    expect((await latchkey('config', 'reload')).code).toBe(0);
  });

  it('refuses what another key has signed, another file than the signed one, and an older version', async () => {
    publish(server, signer().key, { version: next });
    expect(await latchkey('update', 'check')).toMatchObject(problem('update-untrusted', /signed with a key/));
    expect(server.asked).toHaveLength(1);

    publish(server, releases.key, { version: next, packages: { [name]: 'the program' } });
    server.files.set(name, 'a program');
    expect(await latchkey('update', 'check')).toMatchObject(
      problem('update-untrusted', /is not the one that was signed/),
    );

    publish(server, releases.key, { version: '0.0.1', serial: 8 });
    expect(await latchkey('update', 'check')).toMatchObject({
      code: 0,
      printed: { version, updates: { now: { kind: 'up-to-date', offered: '0.0.1' } } },
    });
    for (const { headers } of server.asked) expect(headers['user-agent']).toBe('Latchkey');
  });

  it('takes the newer version, and becomes it under its own name', async () => {
    const folder = join(home, 'release');
    await mkdir(folder);
    await writeFile(join(folder, 'latest-linux.yml'), await metadataOf(next, newer));
    const { project } = parts.packages();
    const signed = await runProgram(
      process.execPath,
      [join(project, 'assets/package/sign-release.ts'), folder],
      { env: { LATCHKEY_RELEASE_KEY: releases.key.export({ type: 'pkcs8', format: 'pem' }) as string } },
    );
    expect(signed).toMatchObject({ code: 0, stderr: '' });
    for (const each of await readdir(folder))
      server.files.set(each, await readFile(join(folder, each), 'utf8'));
    expect([...server.files.keys()]).toContain(`${next}-linux.yml.jws`);
    server.files.set(name, { path: newer });

    expect(await latchkey('update', 'check')).toMatchObject({
      code: 0,
      printed: { version, updates: { now: { kind: 'ready', version: next } } },
    });
    const before = await description();
    expect((await latchkey('update', 'install')).code).toBe(0);
    await expect
      .poll(
        () =>
          description().then(
            (one) => one.version,
            () => undefined,
          ),
        { timeout: 200_000, interval: 200 },
      )
      .toBe(next);
    expect((await description()).pid).not.toBe(before.pid);
    expect(await readdir(join(home, 'Applications'))).toEqual([basename(installed)]);
    expect((await stat(installed)).size).toBe((await stat(newer)).size);
    expect(await latchkey('update', 'check')).toMatchObject({
      code: 0,
      printed: { version: next, updates: { now: { kind: 'up-to-date' } } },
    });
  });
}

async function metadataOf(version: string, file: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  const text = metadata(version, { [basename(file)]: '' });
  const { size } = await stat(file);
  return text
    .replaceAll(/sha512: \S+/g, `sha512: ${hash.digest('base64')}`)
    .replace(/size: \d+/, `size: ${size}`);
}
