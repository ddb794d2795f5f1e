import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { signer } from '../organisation/bundles.ts';
import { publish } from './release-server.ts';
import { install, type Installed, ours } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });
const ready = { kind: 'ready', version: '0.2.0' };

/** Looks, and waits until what follows from it is over. */
async function checked(installed: Installed): Promise<void> {
  await installed.updates.check();
  await settled(installed);
}
const settled = ({ now }: Installed) =>
  expect.poll(() => now().kind, { timeout: 30_000 }).not.toMatch(/^(checking|downloading)$/);

describe('a newer version', () => {
  it('is downloaded, told with its progress, and put in place under the name of the old one', async () => {
    const installed = await install();
    const { server, updates, file } = installed;
    const program = 'p'.repeat(1024 * 1024);
    publish(server, ours.key, { packages: { 'latchkey-0.2.0-linux-x86_64.AppImage': program } });
    await checked(installed);
    expect(installed.now()).toEqual(ready);
    expect(installed.kinds).toEqual(['checking', 'downloading', 'ready']);
    expect(updates.state().checkedAt).toBe('2026-12-01T12:00:00.000Z');
    expect(await readFile(file, 'utf8')).toBe('the program of 0.1.0');

    await updates.install(false);
    expect(installed.restarts).toEqual([file]);
    expect(await readFile(file, 'utf8')).toBe(program);
    expect((await stat(file)).mode & 0o777).toBe(0o755);
    // Nothing is left beside it.
    expect((await readdir(installed.folder)).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(installed.records).toEqual([{ event: 'update-installed', from: '0.1.0', to: '0.2.0', ended: 0 }]);
    expect(server.asked.map(({ path }) => path)).toEqual([
      '/releases/latest-linux.yml.jws',
      '/releases/latchkey-0.2.0-linux-x86_64.AppImage',
    ]);
  });

  it('is asked for without anything that tells of the person or the installation', async () => {
    const installed = await install();
    publish(installed.server, ours.key);
    await checked(installed);
    expect(installed.server.asked).toHaveLength(2);
    for (const { headers } of installed.server.asked) {
      expect(headers['user-agent']).toBe('Latchkey');
      expect(headers).not.toHaveProperty('cookie');
      expect(Object.keys(headers).filter((name) => name.startsWith('x-'))).toEqual([]);
    }
    // electron-updater would have made an id.
    expect(await readdir(join(installed.folder, 'downloads'))).toEqual(['latchkey-updater']);
  });

  it('is not downloaded again once it is there, also after a start', async () => {
    const first = await install();
    publish(first.server, ours.key);
    await checked(first);
    await checked(first);
    expect(first.now()).toEqual(ready);
    expect(first.server.asked.filter(({ path }) => path.endsWith('.AppImage'))).toHaveLength(1);
  });

  it('gives way to a still newer one', async () => {
    const installed = await install();
    publish(installed.server, ours.key);
    await checked(installed);
    publish(installed.server, ours.key, { version: '0.3.0', serial: 8 });
    await checked(installed);
    expect(installed.now()).toEqual({ kind: 'ready', version: '0.3.0' });
    await installed.updates.install(false);
    expect(await readFile(installed.file, 'utf8')).toBe('the program of 0.3.0');
  });

  it('stays ready while the server is away, or says what nobody has signed', async () => {
    const installed = await install();
    publish(installed.server, ours.key);
    await checked(installed);
    publish(installed.server, signer().key, { version: '0.3.0', serial: 8 });
    await expect(installed.updates.check()).rejects.toMatchObject({ code: 'update-untrusted' });
    expect(installed.now()).toEqual(ready);
    await installed.updates.install(false);
    expect(await readFile(installed.file, 'utf8')).toBe('the program of 0.2.0');
  });
});

describe('open database sessions', () => {
  it('hold the restart back, with their number, until the person says that they may end', async () => {
    const installed = await install();
    publish(installed.server, ours.key);
    await checked(installed);
    installed.live = 3;
    await expect(installed.updates.install(false)).rejects.toMatchObject({
      code: 'sessions-open',
      message: expect.stringMatching(/^3 database sessions are open/) as string,
    });
    expect(installed.restarts).toEqual([]);
    expect(await readFile(installed.file, 'utf8')).toBe('the program of 0.1.0');
    expect(installed.now()).toEqual(ready);
    await installed.updates.install(true);
    expect(installed.restarts).toEqual([installed.file]);
    expect(installed.records).toEqual([{ event: 'update-installed', from: '0.1.0', to: '0.2.0', ended: 3 }]);
  });

  it('that begin while the file is put in place hold it back, too', async () => {
    const installed = await install();
    publish(installed.server, ours.key);
    await checked(installed);
    let asked = 0;
    // None at the first look, one at the second.
    Object.defineProperty(installed, 'live', { get: () => asked++ });
    await expect(installed.updates.install(false)).rejects.toMatchObject({ code: 'sessions-open' });
    expect(asked).toBe(2);
    expect(installed.restarts).toEqual([]);
    expect(installed.records).toEqual([]);
    expect(installed.now()).toEqual(ready);
  });
});

describe('what is not what was signed', () => {
  it.each<[string, (installed: Installed) => void]>([
    [
      'another file',
      ({ server }) => server.files.set('latchkey-0.2.0-linux-x86_64.AppImage', 'THE PROGRAM OF 0.2.0'),
    ],
    ['a part of it', ({ server }) => server.files.set('latchkey-0.2.0-linux-x86_64.AppImage', 'the program')],
    [
      'more than it',
      ({ server }) =>
        server.files.set('latchkey-0.2.0-linux-x86_64.AppImage', 'the program of 0.2.0 and more'),
    ],
  ])('%s is not installed, and it is on record', async (_what, change) => {
    const installed = await install();
    publish(installed.server, ours.key);
    change(installed);
    await checked(installed);
    expect(installed.now()).toMatchObject({
      kind: 'failed',
      version: '0.2.0',
      problem: {
        code: 'update-untrusted',
        message: 'The file latchkey-0.2.0-linux-x86_64.AppImage is not the one that was signed.',
      },
    });
    expect(installed.records).toEqual([
      { event: 'update-refused', code: 'update-untrusted', version: '0.2.0' },
    ]);
    await expect(installed.updates.install(true)).rejects.toMatchObject({ code: 'update-not-ready' });
    // The next look tries again.
    publish(installed.server, ours.key);
    await checked(installed);
    expect(installed.now()).toEqual(ready);
  });

  it('metadata of another key leads to no download, and is on record', async () => {
    const installed = await install();
    publish(installed.server, signer().key);
    await expect(installed.updates.check()).rejects.toMatchObject({ code: 'update-untrusted' });
    expect(installed.now()).toMatchObject({ kind: 'failed', problem: { code: 'update-untrusted' } });
    expect(installed.server.asked).toHaveLength(1);
    expect(installed.records).toEqual([{ event: 'update-refused', code: 'update-untrusted' }]);
  });

  it('what has changed since its download does not take the place of the old one', async () => {
    const installed = await install();
    publish(installed.server, ours.key);
    await checked(installed);
    const pending = join(installed.folder, 'downloads/latchkey-updater/pending');
    await writeFile(join(pending, 'latchkey-0.2.0-linux-x86_64.AppImage'), 'the program of somebody');
    await expect(installed.updates.install(false)).rejects.toMatchObject({
      code: 'update-untrusted',
      message: expect.stringContaining('has changed since it was downloaded') as string,
    });
    expect(await readFile(installed.file, 'utf8')).toBe('the program of 0.1.0');
    expect(installed.restarts).toEqual([]);
    expect((await readdir(installed.folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('a redirect is not followed', async () => {
    const installed = await install();
    publish(installed.server, ours.key);
    installed.server.files.set('elsewhere', 'the program of 0.2.0');
    installed.server.answer = (path) =>
      path.endsWith('.AppImage') ? { status: 302, location: '/releases/elsewhere' } : undefined;
    await checked(installed);
    expect(installed.now()).toMatchObject({ kind: 'failed', problem: { code: 'update-unreachable' } });
    expect(installed.server.asked.map(({ path }) => path)).not.toContain('/releases/elsewhere');
  });
});

describe('where the old one cannot be replaced', () => {
  it('nothing is started, and the sentence says why', async () => {
    const installed = await install();
    publish(installed.server, ours.key);
    const gone = await install({
      installation: { kind: 'app-image', file: join(installed.folder, 'gone/x') },
    });
    publish(gone.server, ours.key);
    await checked(gone);
    await expect(gone.updates.install(false)).rejects.toMatchObject({
      code: 'update-failed',
      message: expect.stringContaining('cannot be replaced by the newer version because') as string,
    });
    expect(gone.restarts).toEqual([]);
    expect(gone.now()).toMatchObject({ kind: 'failed', version: '0.2.0' });
  });
});

describe('what is installed from outside', () => {
  it.each([
    ['deb', 'latchkey-0.2.0-linux-amd64.deb', /apt-get install --only-upgrade latchkey$/],
    ['rpm', 'latchkey-0.2.0-linux-x86_64.rpm', /dnf upgrade latchkey$/],
    ['archive', '', undefined],
    ['msi', '', undefined],
  ] as const)('by a %s is told of, and not downloaded', async (kind, file, command) => {
    const installed = await install({ installation: { kind } });
    publish(installed.server, ours.key, {
      packages: {
        'latchkey-0.2.0-linux-x86_64.AppImage': 'a',
        'latchkey-0.2.0-linux-amd64.deb': 'b',
        'latchkey-0.2.0-linux-x86_64.rpm': 'c',
      },
    });
    await checked(installed);
    expect(installed.now()).toEqual({
      kind: 'available',
      version: '0.2.0',
      by: kind,
      ...(command === undefined ? {} : { command: expect.stringMatching(command) as string }),
      address: `${installed.server.address}/${file}`,
    });
    expect(installed.server.asked).toHaveLength(1);
    await expect(installed.updates.install(true)).rejects.toMatchObject({ code: 'update-not-ready' });
    expect(installed.restarts).toEqual([]);
  });
});

describe('where updates are off', () => {
  it.each<[string, Parameters<typeof install>[0], Partial<Installed['wishes']>, object]>([
    ['from the sources', { isPackaged: false }, {}, { reason: 'not-packaged' }],
    ['without a release key', { releaseKeys: [] }, {}, { reason: 'no-key' }],
    [
      'by the organisation',
      {},
      { enabled: { value: false, origin: 'organisation' } },
      { reason: 'configuration', origin: 'organisation' },
    ],
  ])('%s, no request is made', async (_what, application, wishes, off) => {
    const installed = await install(application);
    installed.wishes = { ...installed.wishes, ...wishes };
    installed.updates.configurationChanged();
    publish(installed.server, ours.key);
    expect(installed.now()).toEqual({ kind: 'off', ...off });
    for (const act of [installed.updates.check(), installed.updates.install(true)])
      await expect(act).rejects.toMatchObject({
        code: 'updates-off',
        message: expect.stringMatching(/^Updates are off: /) as string,
      });
    expect(installed.server.asked).toEqual([]);
  });

  it('while a download is under way, it ends, and nothing of it counts', async () => {
    const installed = await install();
    publish(installed.server, ours.key);
    await installed.updates.check();
    installed.wishes = { ...installed.wishes, enabled: { value: false, origin: 'organisation' } };
    installed.updates.configurationChanged();
    expect(installed.now().kind).toBe('off');
    installed.wishes = { ...installed.wishes, enabled: { value: true, origin: 'built-in' } };
    installed.updates.configurationChanged();
    expect(installed.now()).toEqual({ kind: 'unknown' });
    await expect(installed.updates.install(true)).rejects.toMatchObject({ code: 'update-not-ready' });
    await checked(installed);
    expect(installed.now()).toEqual(ready);
  });
});

it('a download that is ready under other settings is not installed any more', async () => {
  const installed = await install();
  publish(installed.server, ours.key);
  await checked(installed);
  installed.wishes = { ...installed.wishes, version: { value: '0.1.0', origin: 'organisation' } };
  installed.updates.configurationChanged();
  await expect(installed.updates.install(true)).rejects.toMatchObject({ code: 'update-not-ready' });
});
