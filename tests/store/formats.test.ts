import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openHandles } from '../../main/access/handles.ts';
import { handleRecord, localAuthority, sessionRecords } from '../../main/broker/sealed-values.ts';
import { preferencesIn } from '../../main/desktop/stored-preferences.ts';
import { createLocalAccounts } from '../../main/local-accounts/accounts.ts';
import { createSignInStore } from '../../main/entra/token-cache.ts';
import { noAttempts, pushAttempts } from '../../main/second-factor/push-attempts.ts';
import { createSealedKeys } from '../../main/second-factor/totp-keys.ts';
import { createTotp } from '../../main/second-factor/totp.ts';
import { accountSecret } from '../../main/store/account-secrets.ts';
import { leaveNewer } from '../../main/store/newer-secrets.ts';
import { createAesSeal } from '../../main/store/seal.ts';
import { createSecretStore, encodeEnvelope } from '../../main/store/secret-store.ts';
import { useTemporaryFolders } from './temporary-folder.ts';

// What an upgrade and a downgrade find. Each stored thing: its form of the first Latchkey is read on, one of a newer
// Latchkey is left alone, to the last byte.

const newFolder = useTemporaryFolders();
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const sentence = /was written by a newer Latchkey and is left as it is\. Install that version again/;

async function world() {
  const folder = await newFolder();
  const key = randomBytes(32);
  const seal = createAesSeal('key-file', key);
  const plain = createSecretStore({ folder, seal });
  const lines: string[] = [];
  const place = join(folder, 'key-file');
  const file = (name: string): string => join(place, `${name}.sealed`);
  return {
    folder,
    key,
    seal,
    plain,
    file,
    lines,
    secrets: leaveNewer(createSecretStore({ folder, seal }), (line) => lines.push(line)),
    /** All files, so that one that was moved or changed shows. */
    async disk(): Promise<Record<string, string>> {
      const found: Record<string, string> = {};
      for (const name of await readdir(place).catch(() => []))
        found[name] = await readFile(join(place, name), 'hex');
      return found;
    },
  };
}

const account = {
  provider: 'contoso',
  tenantId: '7d1f3c52-6c1b-4c0e-9a53-1a6a2f0a9b11',
  objectId: '0f9c1c9e-3d58-4f5b-8f31-5d0f4a3f8e21',
  username: 'ada@contoso.example',
  displayName: 'Ada',
};
const session = { id: 's', provider: 'contoso', objectId: account.objectId, since: 1, until: 2 };
const owner = { authority: 'https://login.example', tenant: account.tenantId, applicationId: 'a' };
const signIn = {
  version: 1,
  owner,
  tenantId: account.tenantId,
  objectId: account.objectId,
  username: account.username,
  displayName: 'Ada',
  homeAccountId: 'home',
  msal: { Account: {}, IdToken: {}, AccessToken: {}, RefreshToken: {}, AppMetadata: {} },
} as const;

describe('of a newer Latchkey', () => {
  /** AES-256-GCM as the seal writes it, with another version. */
  function sealedBy(key: Uint8Array, version: number, plain: Uint8Array): Uint8Array {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(Buffer.from(`\u{0}latchkey sealed secret, version ${version}`));
    const body = [cipher.update(plain), cipher.final()];
    return Buffer.concat([Buffer.from([version]), nonce, ...body, cipher.getAuthTag()]);
  }

  test('a seal: neither read, nor moved, nor written over, nor deleted', async () => {
    const { plain, secrets, file, key, disk, lines } = await world();
    await plain.set('password-sales', bytes('x'));
    await writeFile(file('password-sales'), sealedBy(key, 2, bytes('y')));
    const before = await disk();
    await expect(plain.get('password-sales')).rejects.toMatchObject({ code: 'stored-newer' });
    await expect(secrets.get('password-sales')).rejects.toMatchObject({ code: 'stored-newer' });
    await expect(secrets.set('password-sales', bytes('z'))).rejects.toMatchObject({ code: 'stored-newer' });
    await expect(secrets.delete('password-sales')).rejects.toMatchObject({ code: 'stored-newer' });
    expect(await disk()).toEqual(before);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(sentence);
  });

  test('a seal that is found at the first writing', async () => {
    const { secrets, file, folder, key, disk } = await world();
    await mkdir(join(folder, 'key-file'), { recursive: true });
    await writeFile(file('password-sales'), sealedBy(key, 3, bytes('y')));
    const before = await disk();
    await expect(secrets.set('password-sales', bytes('z'))).rejects.toMatchObject({ code: 'stored-newer' });
    expect(await disk()).toEqual(before);
  });

  test.each(['authenticating', 'other'])('an envelope, behind a seal of the %s kind', async (kind) => {
    const { folder } = await world();
    const isOther = kind === 'other';
    const seal = isOther
      ? {
          kind: 'keychain' as const,
          seal: async (open: Uint8Array) => open,
          open: async (sealed: Uint8Array) => sealed,
        }
      : createAesSeal('key-file', randomBytes(32));
    const store = createSecretStore({ folder, seal });
    await store.set('a', bytes('x'));
    const content = encodeEnvelope({ kind: seal.kind, name: 'a', secret: bytes('y') }).subarray(33);
    const version = Buffer.from([2]);
    const digest = createHash('sha256').update(version).update(content).digest();
    const path = join(folder, seal.kind, 'a.sealed');
    await writeFile(path, await seal.seal(Buffer.concat([version, digest, content])));
    const before = await readFile(path);
    await expect(store.get('a')).rejects.toMatchObject({ code: 'stored-newer' });
    expect(await readdir(join(folder, seal.kind))).toEqual(['a.sealed']);
    expect(await readFile(path)).toEqual(before);
  });

  test('the session record and the sign-in: they count as none, and what comes instead ends with the process', async () => {
    const { plain, secrets, disk, lines } = await world();
    await plain.set('session', bytes({ ...session, version: 2, until: '2030' }));
    await plain.set('msal-contoso', bytes({ ...signIn, version: 2 }));
    const before = await disk();
    const records = sessionRecords(secrets, (line) => lines.push(line));
    expect(await records.read()).toEqual([]);
    await records.write(session);
    expect(await records.read()).toEqual([session]);
    await records.clear(session);
    expect(await records.read()).toEqual([]);

    const port = {
      read: () => secrets.get('msal-contoso'),
      write: (value: Uint8Array) => secrets.set('msal-contoso', value),
      clear: () => secrets.delete('msal-contoso'),
    };
    const store = createSignInStore(port, owner, (line) => lines.push(line));
    expect(await store.current()).toBeUndefined();
    await store.keep(signIn);
    expect(await store.current()).toEqual(signIn);
    await store.forget();
    expect(await disk()).toEqual(before);
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(sentence);
    expect(lines.join(' ')).not.toContain('damaged');
  });

  test('the handles: none is made, and the list stays', async () => {
    const { plain, secrets, disk } = await world();
    await plain.set('handles', bytes({ version: 2 }));
    const before = await disk();
    const handles = await openHandles(handleRecord(secrets, true, await newFolder()));
    const binding = {
      tool: 't',
      connection: 'c',
      role: undefined,
      account,
      uid: undefined,
      boundTo: undefined,
    };
    await expect(handles.make(binding as Parameters<typeof handles.make>[0])).rejects.toMatchObject({
      message: expect.stringContaining('another version of Latchkey'),
    });
    expect(await disk()).toEqual(before);
  });

  test('the certificate authority: one for now is made, and the list stays', async () => {
    const { plain, secrets, disk, lines } = await world();
    await plain.set('local-authority', bytes({ version: 2 }));
    const before = await disk();
    const home = await newFolder();
    const made = await localAuthority({ secrets, home, lasting: true }, (line) => lines.push(line));
    expect(made.certificate).toContain('BEGIN CERTIFICATE');
    expect(await disk()).toEqual(before);
    expect(lines[0]).toMatch(sentence);
  });

  test.each(['local-account-ada', 'push-0123', 'push-attempts-0123', 'audit-key'])(
    '%s: refused with the sentence',
    async (name) => {
      const { plain, secrets, disk } = await world();
      await plain.set(name, bytes({ version: 2 }));
      const before = await disk();
      await expect(secrets.get(name)).rejects.toMatchObject({ code: 'stored-newer' });
      await expect(secrets.set(name, bytes({ version: 1 }))).rejects.toMatchObject({ code: 'stored-newer' });
      await expect(secrets.delete(name)).rejects.toMatchObject({ code: 'stored-newer' });
      expect(await disk()).toEqual(before);
    },
  );

  test('the key of an authenticator: no code can be checked, and nobody counts as not enrolled', async () => {
    const { secrets, seal, file, key, folder, disk } = await world();
    const keys = createSealedKeys(secrets, seal);
    await mkdir(join(folder, 'key-file'), { recursive: true });
    await writeFile(file('totp-a-1'), sealedBy(key, 2, bytes('y')));
    const before = await disk();
    await expect(keys.read('a', '1')).rejects.toMatchObject({
      code: 'mfa-unavailable',
      message: expect.stringContaining('newer Latchkey'),
    });
    expect(await disk()).toEqual(before);
  });

  test('the preferences: they are read as far as they are known, and the file stays', () => {
    const file = { version: 2, theme: 'dark', toldAboutTray: { at: 1 } };
    const lines: string[] = [];
    const preferences = preferencesIn(
      {
        store: file,
        set: () => expect.unreachable('written'),
        delete: () => expect.unreachable('deleted'),
      },
      (line) => lines.push(line),
    );
    expect(preferences.read()).toEqual({
      theme: 'dark',
      language: 'system',
      clipboardSeconds: 60,
      notifications: true,
      whenLoginWaits: 'flash',
      trayClick: 'flyout',
      shortcut: 'off',
      shortcutKeys: 'Control+Alt+L',
      favourites: [],
      recents: [],
      toldAboutTray: false,
    });
    preferences.write({ theme: 'light' });
    expect(preferences.read().theme).toBe('light');
    expect(lines[0]).toMatch(sentence);
  });
});

describe('of the first Latchkey', () => {
  test('the session record, the sign-in and the handles are read, and have a version when they are written', async () => {
    const { plain, secrets } = await world();
    await plain.set('session', bytes(session));
    await plain.set('msal-contoso', bytes(signIn));
    const records = sessionRecords(secrets, () => undefined);
    expect(await records.read()).toEqual([session]);
    // Of one account at a time it becomes the record of this account, with its tokens.
    const { provider, objectId } = session;
    const names = (['msal', 'session'] as const).map((kind) => accountSecret(kind, provider, objectId));
    expect((await plain.list()).filter((name) => /^(msal|session)/.test(name))).toEqual(names.toSorted());
    await records.write(session);
    expect(JSON.parse(Buffer.from((await plain.get(names[1] ?? '')) ?? []).toString())).toMatchObject({
      version: 1,
    });
    const cache = accountSecret('msal', provider, objectId);
    const port = { read: () => secrets.get(cache), write: async () => {}, clear: async () => {} };
    expect(await createSignInStore(port, owner, () => undefined).current()).toEqual(signIn);
  });

  test('the certificate authority goes on', async () => {
    const { plain, secrets } = await world();
    const home = await newFolder();
    const made = await localAuthority({ secrets, home, lasting: true }, () => undefined);
    const { version, ...first } = JSON.parse(
      Buffer.from((await plain.get('local-authority')) ?? []).toString(),
    ) as { version: number };
    expect(version).toBe(1);
    await plain.set('local-authority', bytes(first));
    const again = await localAuthority({ secrets, home, lasting: true }, () => undefined);
    expect(again.authority).toBe(made.authority);
  });

  test('a break-glass account goes on, and has a version when it is changed', async () => {
    const { plain, secrets, seal, folder } = await world();
    const totp = createTotp({ folder: join(folder, 'mfa'), secrets, seal, issuer: 'Latchkey' });
    const named = [{ username: 'ada', displayName: 'Ada', groups: ['g'] }];
    const file = async () => ({ enabled: true, accounts: named });
    const accounts = createLocalAccounts({ secrets, totp, file, cost: { N: 1024, r: 8, p: 1 } });
    await accounts.add({ username: 'ada', password: 'correct horse battery' });
    const stored = async () =>
      JSON.parse(Buffer.from((await plain.get('local-account-ada')) ?? []).toString()) as object;
    const { version, ...first } = (await stored()) as { version: number };
    expect(version).toBe(1);
    await plain.set('local-account-ada', bytes(first));
    expect(await accounts.list()).toMatchObject([{ groups: ['g'], enabled: true }]);
    await accounts.setEnabled('ada', false);
    expect(await stored()).toMatchObject({ version: 1, enabled: false });
  });

  test('the count of push requests is read with and without a version', () => {
    expect(pushAttempts.parse(noAttempts)).toEqual(noAttempts);
    expect(pushAttempts.parse({ version: 1, ...noAttempts })).toMatchObject(noAttempts);
  });

  test('the preferences get a version at the first change', () => {
    const store: Record<string, unknown> = { theme: 'dark' };
    const preferences = preferencesIn(
      { store, set: (key, value) => void (store[key] = value), delete: (key) => void delete store[key] },
      () => expect.unreachable('told'),
    );
    expect(preferences.read().theme).toBe('dark');
    preferences.write({ toldAboutTray: true });
    expect(store).toEqual({ version: 1, theme: 'dark', toldAboutTray: true });
  });
});
