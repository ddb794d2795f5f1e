import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { versions } from '../../main/base/version.ts';
import { bundleText } from '../../main/contract/bundle-text.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { Preferences } from '../../main/contract/shapes.ts';
import type { AppState } from '../../main/contract/state.ts';
import { type ActionParts, createActions } from '../../main/desktop/actions.ts';
import * as states from '../renderer/states.ts';
import { createFakeBroker } from './fake-broker.ts';

const preferences: Preferences = {
  theme: 'dark',
  language: 'system',
  startAtLogin: false,
  favourites: ['sales'],
  clipboardSeconds: 60,
  notifications: true,
  whenLoginWaits: 'notify',
  trayClick: 'flyout',
  shortcut: 'off',
  shortcutKeys: 'Control+Alt+L',
};

function create(
  state: AppState,
  changes: Partial<ActionParts> = {},
  brokerChanges: Parameters<typeof createFakeBroker>[1] = {},
) {
  const { broker, calls } = createFakeBroker(state, brokerChanges);
  const done: string[] = [];
  const used: string[] = [];
  const actions = createActions({
    broker,
    secrets: {
      async copy(secret) {
        done.push(`secret ${secret}`);
        return new Date('2026-03-10T09:13:30Z');
      },
      recheck: async () => {},
      clear: async () => {},
    },
    pageBegun: () => void done.push('a page has begun'),
    copyText: (text) => void done.push(`copy ${text}`),
    openExternal: async (url) => void done.push(`open ${url}`),
    async openPath(path) {
      done.push(`path ${path}`);
      return '';
    },
    files: { open: async () => undefined, save: async () => undefined },
    about: { configurationFile: '/c.yaml', licences: [], chromiumLicences: '/nowhere.html' },
    preferences: {
      getPreferences: async () => ({ ...preferences, theme: 'system' }),
      setPreferences: async () => ({ ...preferences, startAtLogin: true }),
    },
    links: { shownIn: (shown) => shown, dismiss: () => void done.push('dismiss') },
    shortlist: { shownIn: (shown) => shown, used: (name) => void used.push(name) },
    programIcon: async (path) => `data:image/png;base64,${path}`,
    demo: { start: async () => void done.push('demo') },
    openWindow: (page) => void done.push(`window ${page}`),
    language: { shownIn: (shown) => shown },
    quit: () => void done.push('quit'),
    ...changes,
  });
  return { actions, calls, done, used };
}

describe('lists of connections', () => {
  const list = { connections: [{ name: 'dwh', settings: {} }], skipped: [], leftPasswords: ['dwh'] };
  const lists = {
    ofUrl: (text: string) => (text.startsWith('postgresql:') ? list : undefined),
    ofFile: (text: string) => ({ ...list, skipped: [text] }),
    exportText: (connections: readonly unknown[], portable: boolean) =>
      `connections: ${connections.length}, portable: ${portable}`,
  };
  const withFiles = (path: string | undefined) =>
    create(
      states.signedIn,
      { files: { open: async () => path, save: async () => path } },
      {
        lists,
        actions: {
          readConnections: async () => ({
            connections: ['sales', 'payroll'].map((name) => ({ name, settings: {}, counts: true })),
            freePorts: { postgresql: 1, mysql: 2, sqlserver: 3 },
          }),
        },
      },
    ).actions;

  test('are read of an address, or of a file that is chosen', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lk-import-'));
    const path = join(folder, 'list');
    await writeFile(path, 'the text of the file');
    expect(await withFiles(path).readImport({ url: 'postgresql://db/dwh' })).toEqual({ list });
    await expect(withFiles(path).readImport({ url: 'nonsense' })).rejects.toMatchObject({
      code: 'request-invalid',
    });
    expect(await withFiles(path).readImport({})).toMatchObject({
      list: { skipped: ['the text of the file'] },
    });
    expect(await withFiles(undefined).readImport({})).toEqual({});
    await expect(withFiles(join(folder, 'nowhere')).readImport({})).rejects.toMatchObject({
      code: 'request-invalid',
    });
    await truncate(path, 5 * 1024 * 1024);
    await expect(withFiles(path).readImport({})).rejects.toThrow('is too large');
    await rm(folder, { recursive: true });
  });

  test('are written where the person says', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lk-export-'));
    const path = join(folder, 'list.yaml');
    expect(await withFiles(path).saveExport({ names: ['sales'], portable: true })).toEqual({ path });
    expect(await readFile(path, 'utf8')).toBe('connections: 1, portable: true\n');
    expect(await withFiles(undefined).saveExport({ portable: false })).toEqual({});
    await expect(withFiles(folder).saveExport({ portable: false })).rejects.toMatchObject({
      code: 'command-failed',
    });
    await rm(folder, { recursive: true });
  });
});

describe('the code', () => {
  test('is copied and its page opened only while one waits', async () => {
    const { actions, done } = create(states.code);
    expect(await actions.copyCode({})).toBe(true);
    expect(await actions.openVerificationPage({})).toBe(true);
    expect(done).toEqual(['copy CQ7MXRL4T', 'open https://login.microsoft.com/device']);

    const without = create(states.signedIn);
    expect(await without.actions.copyCode({})).toBe(false);
    expect(await without.actions.openVerificationPage({})).toBe(false);
    expect(without.done).toEqual([]);
  });

  test('a page elsewhere is not opened, whatever the authority says', async () => {
    if (states.code.signIn.kind !== 'code') throw new Error('no code');
    const signIn = { ...states.code.signIn, verificationUri: 'https://localhost:9443/device' };
    const elsewhere = create({ ...states.code, signIn });
    await expect(elsewhere.actions.openVerificationPage({})).rejects.toMatchObject({
      code: 'request-refused',
    });
    expect(elsewhere.done).toEqual([]);

    const local = create(
      { ...states.code, signIn },
      {},
      { localTenantOrigin: () => 'https://localhost:9443' },
    );
    expect(await local.actions.openVerificationPage({})).toBe(true);
    expect(local.done).toEqual(['open https://localhost:9443/device']);
  });

  test('a browser that does not start is said, with the address', async () => {
    const { actions } = create(states.code, { openExternal: () => Promise.reject(new Error('no browser')) });
    await expect(actions.openVerificationPage({})).rejects.toMatchObject({
      code: 'command-failed',
      remedy: 'Open https://login.microsoft.com/device yourself.',
    });
  });
});

describe('a token', () => {
  test('goes to the clipboard and is in no answer', async () => {
    const { actions, done, calls } = create(states.signedIn);
    const answer = await actions.copyToken({ connection: 'sales', role: 'sales_reader' });
    expect(answer).toEqual({
      id: 't1',
      role: 'sales_reader',
      expiresAt: '2026-03-10T09:27:30.000Z',
      clearsAt: '2026-03-10T09:13:30.000Z',
    });
    expect(done).toEqual(['secret lk_secret']);
    expect(calls).toEqual([['issueToken', { connection: 'sales', role: 'sales_reader' }]]);
  });

  test('that did not reach the clipboard is revoked', async () => {
    const secrets = {
      copy: () => Promise.reject(new Error('busy')),
      recheck: async () => {},
      clear: async () => {},
    };
    const { actions, calls } = create(states.signedIn, { secrets });
    await expect(actions.copyToken({ connection: 'sales' })).rejects.toMatchObject({
      code: 'command-failed',
    });
    expect(calls.at(-1)).toEqual(['revokeTokens', { id: 't1' }]);
  });

  test('a refusal of the broker goes through as it is', async () => {
    const refusal = new LatchkeyError('not-allowed', 'None of your groups opens this.');
    const { actions, done } = create(
      states.signedIn,
      {},
      { actions: { issueToken: () => Promise.reject(refusal) } },
    );
    await expect(actions.copyToken({ connection: 'payroll' })).rejects.toBe(refusal);
    expect(done).toEqual([]);
  });
});

describe('a handle', () => {
  test('goes to the clipboard and is in no answer', async () => {
    const { actions, done, calls } = create(states.signedIn);
    const request = { connection: 'sales', role: 'sales_reader', tool: 'DBeaver' };
    expect(await actions.copyHandle(request)).toEqual({ id: 'h1', clearsAt: '2026-03-10T09:13:30.000Z' });
    expect(done).toEqual(['secret lkh_secret']);
    expect(calls).toEqual([['makeHandle', request]]);
  });

  test('that did not reach the clipboard is revoked, since nobody could ever paste it', async () => {
    const secrets = {
      copy: () => Promise.reject(new Error('busy')),
      recheck: async () => {},
      clear: async () => {},
    };
    const { actions, calls } = create(states.signedIn, { secrets });
    await expect(actions.copyHandle({ connection: 'sales', tool: 'DBeaver' })).rejects.toMatchObject({
      code: 'command-failed',
    });
    expect(calls.at(-1)).toEqual(['revokeHandle', { id: 'h1' }]);
  });
});

test('settings of a tool come from the broker; their texts go to the clipboard and are in no answer', async () => {
  const { actions, calls, done, used } = create(states.signedIn);
  const request = { connection: 'sales', tool: 'dbeaver' };
  expect(await actions.connectTools({ connection: 'sales' })).toHaveLength(1);
  expect((await actions.connectSettings(request)).title).toBe('DBeaver');
  expect(await actions.copySetting({ ...request, text: 2 })).toBeUndefined();
  expect(await actions.copySetting({ ...request, field: 3, role: 'sales_reader' })).toBeUndefined();
  expect(done).toEqual(['copy jdbc:postgresql://127.0.0.1:6432/sales', 'copy 6432']);
  expect(used).toEqual([]);
  expect(await actions.writeSettings(request)).toEqual({ written: ['/home/adele/.pg_service.conf'] });
  await actions.openTool(request);
  expect(used).toEqual(['sales', 'sales']);
  expect(calls).toEqual([
    ['tools', 'sales'],
    ['settings', 'sales', 'dbeaver', undefined, undefined],
    ['text', 'sales', 'dbeaver', 2, undefined, undefined],
    ['field', 'sales', 'dbeaver', 3, undefined, 'sales_reader'],
    ['write', 'sales', 'dbeaver', undefined, undefined],
    ['open', 'sales', 'dbeaver', undefined, undefined],
  ]);
});

test('the command of a connection is copied; without access there is none', async () => {
  const { actions, done } = create(states.signedIn);
  await actions.copyCommand({ connection: 'sales' });
  expect(done).toEqual([
    'copy psql "host=127.0.0.1 port=6432 user=adele.vance@contoso.example dbname=sales"',
  ]);
  for (const connection of ['payroll', 'nowhere', '__proto__']) {
    await expect(actions.copyCommand({ connection })).rejects.toMatchObject({ code: 'connection-unknown' });
  }
});

test('the audit folder opens, or the person is told where it is', async () => {
  const { actions, done } = create(states.signedIn);
  await actions.openAuditFolder({});
  expect(done).toEqual(['path /var/audit']);
  const failing = create(states.signedIn, { openPath: async () => 'no file manager' });
  await expect(failing.actions.openAuditFolder({})).rejects.toMatchObject({
    remedy: 'Open the folder /var/audit yourself.',
  });
});

describe('about', () => {
  test('tells what runs and where its files are, and opens them', async () => {
    const { actions, done } = create(states.signedIn);
    expect(await actions.readAbout({})).toEqual({
      versions: versions(),
      configurationFile: '/c.yaml',
      logFile: '/var/log/latchkey.log',
    });
    await actions.openOwnFile({ file: 'log' });
    await actions.openOwnFile({ file: 'chromium-licences' });
    expect(done).toEqual(['path /var/log/latchkey.log', 'path /nowhere.html']);
    const failing = create(states.signedIn, { openPath: async () => 'no editor' });
    await expect(failing.actions.openOwnFile({ file: 'log' })).rejects.toMatchObject({
      code: 'command-failed',
      message: expect.stringContaining('/var/log/latchkey.log') as string,
    });
  });

  test('has the licences of the first file that is there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lk-about-'));
    const licences = join(folder, 'copyright');
    await writeFile(licences, 'MIT');
    const about = {
      configurationFile: '/c.yaml',
      licences: ['/nowhere', licences],
      chromiumLicences: licences,
    };
    const { actions } = create(states.signedIn, { about });
    expect(await actions.readLicences({})).toEqual({ text: 'MIT', hasChromium: true });
    await rm(folder, { recursive: true });
    await expect(actions.readLicences({})).rejects.toMatchObject({ code: 'command-failed' });
  });

  test('saves the support bundle that was shown last, for its owner alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lk-about-'));
    const path = join(folder, 'bundle.json');
    // Chosen although it is there: the dialog has asked.
    await writeFile(path, 'old', { mode: 0o644 });
    const asked: string[] = [];
    let chosen: string | undefined;
    const { actions } = create(states.signedIn, {
      files: {
        open: async () => undefined,
        async save(_title, name) {
          asked.push(name);
          return chosen;
        },
      },
    });
    await expect(actions.saveSupportBundle({})).rejects.toMatchObject({ code: 'request-invalid' });
    expect(asked).toEqual([]);
    const { bundle } = await actions.makeSupportBundle({});
    expect(await actions.saveSupportBundle({})).toEqual({});
    expect(await readFile(path, 'utf8')).toBe('old');
    chosen = path;
    expect(await actions.saveSupportBundle({})).toEqual({ path });
    expect(await readFile(path, 'utf8')).toBe(`${bundleText(bundle)}\n`);
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(asked).toEqual(['latchkey-support.json', 'latchkey-support.json']);
    await rm(folder, { recursive: true });
  });
});

test('what the broker does itself, it is asked for as it is', async () => {
  const { actions, calls } = create(states.signedIn);
  await actions.cutSessions({ all: true });
  await actions.removeProvider({ name: 'contoso' }, { code: '777777' });
  expect(calls).toEqual([
    ['cutSessions', { all: true }],
    ['removeProvider', { name: 'contoso' }, { code: '777777' }],
  ]);
  const over = new LatchkeyError('mfa-expired', 'Nothing is waiting for a second factor.');
  const refusing = create(states.signedIn, {}, { actions: { denyPrompt: () => Promise.reject(over) } });
  await expect(refusing.actions.denyPrompt({ id: 'p1' })).rejects.toBe(over);
});

test('the lock and the keyring are opened by whoever uses the window', async () => {
  const { actions, calls } = create(states.signedIn);
  await actions.unlockAtScreen({});
  await actions.unlockKeyring({});
  expect(calls).toEqual([
    ['unlocked', 'window'],
    ['unlockKeyring', {}],
  ]);
});

test('the file of a bundle is read only where the person has chosen it in the dialog', async () => {
  const chosen: (string | undefined)[] = ['/media/stick/fabrikam 1.jws', undefined];
  const { actions, calls } = create(states.signedOut, {
    files: { open: async () => chosen.shift(), save: async () => undefined },
  });
  const key = `#${'x'.repeat(43)}`;
  const address = 'file:///media/stick/fabrikam%201.jws';
  const refused = { code: 'request-refused' };
  await expect(actions.lookAtOrganisation({ address: `${address}${key}` })).rejects.toMatchObject(refused);
  expect(await actions.chooseBundle({})).toEqual({ file: { path: '/media/stick/fabrikam 1.jws', address } });
  expect(await actions.chooseBundle({})).toEqual({});
  await actions.lookAtOrganisation({ address: `${address}${key}` });
  await actions.joinOrganisation({ address: `${address}${key}` }, { code: '123456' });
  await actions.lookAtOrganisation({ address: `https://settings.fabrikam.example/x.jws${key}` });
  for (const other of [
    'file:///etc/shadow',
    ' file:///etc/shadow',
    '\u00A0FILE:///etc/shadow',
    `${address}/../x`,
  ]) {
    await expect(actions.lookAtOrganisation({ address: `${other}${key}` })).rejects.toMatchObject(refused);
    await expect(actions.joinOrganisation({ address: `${other}${key}` }, {})).rejects.toMatchObject(refused);
  }
  expect(calls).toEqual([
    ['lookAtOrganisation', { address: `${address}${key}` }],
    ['joinOrganisation', { address: `${address}${key}` }, { code: '123456' }],
    ['lookAtOrganisation', { address: `https://settings.fabrikam.example/x.jws${key}` }],
  ]);
});
