import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openAudit } from '../../main/audit/audit.ts';
import { readAudit } from '../../main/audit/verify.ts';
import { parseConfiguration } from '../../main/config/load.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { createConfigurationFile } from '../../main/broker/configuration-file.ts';
import { createProviderRegistry } from '../../main/broker/providers.ts';
import { storedTexts } from '../../main/store/stored-texts.ts';
import { createStoredPasswords } from '../../main/broker/stored-passwords.ts';
import { createMemorySeal, type Seal } from '../../main/store/seal.ts';
import { createSecretStore } from '../../main/store/secret-store.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';
import { ownFile } from '../support/layers.ts';

const newFolder = useTemporaryFolders();
const guid = (digit: number): string => `00000000-0000-4000-8000-00000000000${digit}`;
const provider = (name: string) => ({
  type: 'azure-directory' as const,
  name,
  enabled: true,
  authority: `https://login.microsoftonline.com/${guid(1)}`,
  applicationId: guid(2),
});
const text = `# ours
providers:
  - {name: fabrikam, type: azure-directory, authority: 'https://login.microsoftonline.com/${guid(1)}', applicationId: ${guid(2)}}
connections:
  - name: sales
    protocol: postgresql
    port: 6432
    upstream: {host: 127.0.0.1, port: 5432, database: sales, tls: {mode: 'off'}}
    rules: [{group: ${guid(3)}, role: app, password: {stored: app}}]
`;

/** A seal on disk whose key can be taken away, as a keyring's that is locked. */
function lockableSeal(): Seal & { locked: boolean } {
  const { seal, open } = createMemorySeal('test');
  const demand = (): void => {
    if (lockable.locked) throw new LatchkeyError('seal-unavailable', 'The keyring is locked.');
  };
  const lockable: Seal & { locked: boolean } = {
    kind: 'keychain',
    locked: false,
    async seal(plain) {
      demand();
      return seal(plain);
    },
    async open(sealed) {
      demand();
      return open(sealed);
    },
  };
  return lockable;
}

async function world(fileName = 'latchkey.yaml') {
  const folder = await newFolder();
  const configFile = join(folder, fileName);
  await writeFile(configFile, text);
  await mkdir(join(folder, 'audit'), { mode: 0o700 });
  const real = await openAudit({ folder: join(folder, 'audit') });
  let broken = false;
  const audit = {
    append: async (...event: Parameters<typeof real.append>) => {
      if (broken) throw new LatchkeyError('audit-unwritable', 'The disk is full.');
      return real.append(...event);
    },
  };
  const seal = lockableSeal();
  const secrets = createSecretStore({ folder: join(folder, 'sealed'), seal });
  const configuration = parseConfiguration(text, configFile);
  const applicationSecrets = storedTexts(secrets, 'secret');
  const ports = {
    fetchFor: () => fetch,
    secrets,
    openBrowser: async () => undefined,
    localAccounts: undefined as never,
    applicationSecrets,
    log: () => undefined,
  };
  return {
    configFile,
    seal,
    applicationSecrets,
    passwords: storedTexts(secrets, 'password'),
    stored: createStoredPasswords(
      () => configuration,
      storedTexts(secrets, 'password'),
      audit,
      () => undefined,
    ),
    registry: await createProviderRegistry({
      configurationFile: createConfigurationFile(ownFile(configFile), audit),
      configuration: () => configuration,
      ports,
      audit,
      changed: () => undefined,
    }),
    session: { setProviders: async () => undefined } as never,
    breakAudit: () => void (broken = true),
    async records(): Promise<string[]> {
      await real.close();
      const found = await readAudit(join(folder, 'audit'), { limit: 100 });
      return found.map(({ event }) => event);
    },
  };
}

it('a provider that could not be written is not on record', async () => {
  // A name so long that no temporary file fits beside it.
  const { registry, session, configFile, records } = await world(`${'x'.repeat(240)}.yaml`);
  await expect(registry.save(session, provider('second'))).rejects.toMatchObject({ code: 'store-failed' });
  expect(await readFile(configFile, 'utf8')).toBe(text);
  expect(await records()).toEqual([]);
});

it('a secret that could not be sealed is not on record', async () => {
  const { registry, stored, seal, records } = await world();
  seal.locked = true;
  await expect(stored.store('app', 'one')).rejects.toMatchObject({ code: 'seal-unavailable' });
  await expect(registry.setSecret('fabrikam', 'one')).rejects.toMatchObject({ code: 'seal-unavailable' });
  expect(await records()).toEqual([]);
});

it('what has been changed is on record', async () => {
  const { registry, session, stored, passwords, configFile, records } = await world();
  await registry.save(session, provider('second'));
  await registry.setSecret('fabrikam', 'one');
  await stored.store('app', 'two');
  expect(await readFile(configFile, 'utf8')).toContain('name: second');
  expect(await passwords.get('app')).toBe('two');
  expect(await records()).toEqual(['provider-changed', 'provider-changed', 'secret-changed']);
});

it('what cannot be put on record is as it was before', async () => {
  const { registry, session, stored, passwords, applicationSecrets, configFile, breakAudit, records } =
    await world();
  await stored.store('app', 'old');
  breakAudit();
  const unwritable = { code: 'audit-unwritable' };
  await expect(registry.save(session, provider('second'))).rejects.toMatchObject(unwritable);
  await expect(registry.setSecret('fabrikam', 'one')).rejects.toMatchObject(unwritable);
  await expect(stored.store('app', 'new')).rejects.toMatchObject(unwritable);
  await expect(stored.store('app', undefined)).rejects.toMatchObject(unwritable);
  expect(await readFile(configFile, 'utf8')).toBe(text);
  expect(await passwords.get('app')).toBe('old');
  expect(await applicationSecrets.get('fabrikam')).toBeUndefined();
  expect(registry.state().map(({ name }) => name)).toEqual(['fabrikam']);
  expect(await records()).toEqual(['secret-changed']);
});
