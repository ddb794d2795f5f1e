import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadConfiguration } from '../../main/config/load.ts';
import type { AzureDirectorySettings } from '../../main/config/schema.ts';
import type { ProviderForm } from '../../main/contract/shapes.ts';
import type { ProviderPorts } from '../../main/broker/provider.ts';
import { createConfigurationFile } from '../../main/broker/configuration-file.ts';
import { createProviderRegistry } from '../../main/broker/providers.ts';
import type { Session } from '../../main/session/session.ts';
import { ownFile } from '../support/layers.ts';

const applicationId = 'f4b1ca00-0000-4000-8000-00000000c11e';
const tenant = (digit: number): string => `f4b1ca00-0000-4000-8000-00000000000${digit}`;
let folder: string;
let file: string;
const asked: (string | undefined)[] = [];
const records: unknown[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-registry-'));
  file = join(folder, 'latchkey.yaml');
  await writeFile(file, text);
  asked.length = 0;
  records.length = 0;
});
afterEach(() => rm(folder, { recursive: true }));

const text = `providers:
  - name: tests
    type: azure-directory
    cloud: local
    authority: https://localhost:9443/${tenant(1)}
    resource: https://localhost:9444
    caFile: ca.pem # beside this file
    applicationId: ${applicationId}
`;

async function open(fetchFor?: (provider: AzureDirectorySettings) => void) {
  const none = { known: async () => [], get: async () => undefined, delete: async () => undefined };
  const ports = {
    fetchFor(provider: AzureDirectorySettings) {
      asked.push(provider.caFile);
      fetchFor?.(provider);
      return fetch;
    },
    secrets: none,
    applicationSecrets: none,
    openBrowser: async () => undefined,
    log: () => undefined,
  } as unknown as ProviderPorts;
  const audit = { append: async (event: unknown) => void records.push(event) } as never;
  const { configuration } = await loadConfiguration(ownFile(file));
  return createProviderRegistry({
    configurationFile: createConfigurationFile(ownFile(file), audit),
    configuration: () => configuration,
    ports,
    audit,
    changed: () => undefined,
  });
}

const session = { setProviders: async () => undefined } as unknown as Session;
const form = (digit: number): ProviderForm => ({
  name: `p${digit}`,
  type: 'azure-directory',
  enabled: true,
  authority: `https://login.microsoftonline.com/${tenant(digit)}`,
  applicationId,
});

it('changes that come at once are all kept', async () => {
  const registry = await open();
  await Promise.all([2, 3, 4, 5].map((digit) => registry.save(session, form(digit))));
  expect(registry.state().map(({ name }) => name)).toEqual(['tests', 'p2', 'p3', 'p4', 'p5']);
  const { providers } = (await loadConfiguration(ownFile(file))).configuration;
  expect(providers.map(({ name }) => name)).toEqual(['tests', 'p2', 'p3', 'p4', 'p5']);
});

it('a change that another hand has made meanwhile is kept', async () => {
  const registry = await open();
  await writeFile(file, `# by hand\n${text}tokens: {lifetime: 10m}\n`);
  await registry.save(session, form(2));
  expect(await readFile(file, 'utf8')).toMatch(/^# by hand\n[^]*tokens: ?\{ ?lifetime: 10m/);
});

it('the certificate authority beside the file is still found there after a change', async () => {
  const registry = await open();
  await registry.save(session, form(2));
  // The provider that stays as it is keeps what it has; only the new one is connected.
  expect(asked).toEqual([join(folder, 'ca.pem'), undefined]);
});

it('what the next start would refuse is not written, not recorded, and changes nothing', async () => {
  const registry = await open(({ name }) => {
    if (name === 'p3') throw new Error('the next start would fail like this');
  });
  await expect(registry.save(session, form(3))).rejects.toThrow('like this');
  await expect(
    registry.save(session, { ...form(2), authority: 'https://login.microsoftonline.com/common' }),
  ).rejects.toThrow(/stands for every tenant/);
  expect(await readFile(file, 'utf8')).toBe(text);
  expect(records).toEqual([]);
  expect(registry.state()).toHaveLength(1);
});
