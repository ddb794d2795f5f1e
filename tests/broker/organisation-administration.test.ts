import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createConfigurationFile } from '../../main/broker/configuration-file.ts';
import { createConnectionAdministration } from '../../main/broker/connection-administration.ts';
import { createProviderRegistry } from '../../main/broker/providers.ts';
import type { ProviderPorts } from '../../main/broker/provider.ts';
import { loadConfiguration } from '../../main/config/load.ts';
import type { ConnectionForm } from '../../main/contract/connection-shapes.ts';
import type { ProviderForm } from '../../main/contract/shapes.ts';
import { organisationOf } from '../support/layers.ts';

const id = '1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2';
const companys = `providers:
  - name: fabrikam
    type: azure-directory
    authority: https://login.microsoftonline.com/${id}
    applicationId: ${id}
connections:
  - name: sales
    protocol: postgresql
    port: 15432
    upstream: {host: db.fabrikam.example, database: sales}
    rules: [{group: ${id}, role: reader}]
`;
const connection = (name: string, port: number) => `  - name: ${name}
    protocol: postgresql
    port: ${port}
    upstream: {host: own.fabrikam.example, database: ${name}}
    rules: [{group: ${id}, role: reader}]
`;

let folder: string;
let file: string;
const records: unknown[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-organisation-'));
  file = join(folder, 'latchkey.yaml');
  records.length = 0;
});
afterEach(() => rm(folder, { recursive: true }));

/** @param rules what the organisation locks and forbids @param own the person's file; none where it is undefined */
async function world(rules: string, own?: string) {
  if (own !== undefined) await writeFile(file, own);
  const source = { file, organisation: organisationOf(`${rules}\n${companys}`) };
  const audit = { append: async (event: unknown) => void records.push(event) } as never;
  let { configuration } = await loadConfiguration(source);
  const configurationFile = createConfigurationFile(source, audit);
  const none = { known: async () => [], get: async () => undefined, delete: async () => undefined };
  const registry = await createProviderRegistry({
    configurationFile,
    configuration: () => configuration,
    ports: {
      fetchFor: () => fetch,
      secrets: none,
      applicationSecrets: none,
      openBrowser: async () => undefined,
      log: () => undefined,
    } as unknown as ProviderPorts,
    audit,
    changed: () => undefined,
  });
  const connections = createConnectionAdministration({
    configurationFile,
    configuration: () => configuration,
    portOf: () => undefined,
    hasProviders: () => true,
    async apply() {
      ({ configuration } = await loadConfiguration(source));
      return { changes: [], ended: 0, needsRestart: [], warnings: [] };
    },
    storePassword: async () => undefined,
  });
  const session = { setProviders: async () => undefined } as never;
  const form = (name: string, is: ConnectionForm['is'], settings: object) => ({
    connections: [{ name, is, settings: { ...settings } }],
  });
  return {
    text: () => readFile(file, 'utf8'),
    connections,
    registry,
    load: async () => (await loadConfiguration(source)).configuration,
    edit: (name: string, settings: object) => connections.save(form(name, 'there', settings)),
    add: (name: string) =>
      connections.save(
        form(name, 'new', {
          protocol: 'postgresql',
          port: 15999,
          upstream: { host: 'own.fabrikam.example', database: name },
          rules: [{ group: id, role: 'reader' }],
        }),
      ),
    save: (provider: ProviderForm) => registry.save(session, provider),
    turn: (name: string, on: boolean) => registry.setEnabled(session, name, on),
    removeProvider: (name: string) => registry.remove(session, name),
  };
}

const locked = (text: string) => ({
  code: 'organisation-locked',
  message: expect.stringContaining(text) as string,
  remedy: expect.stringContaining('administers this computer') as string,
});

it('a change of a connection of the organisation stands in the person’s file alone, key by key', async () => {
  const { edit, load, text } = await world('', '# mine\ntokens: {lifetime: 5m}\n');
  await edit('sales', { port: 25432, upstream: { connectTimeout: '3s' } });
  expect(await text()).toBe(`# mine
tokens: {lifetime: 5m}
connections:
  - name: sales
    port: 25432
    upstream: {connectTimeout: 3s}
`);
  const [sales] = (await load()).connections;
  expect(sales).toMatchObject({
    port: 25432,
    upstream: { host: 'db.fabrikam.example', connectTimeout: '3s' },
  });
});

it('a person who has no file gets one with the first change', async () => {
  const { add, load } = await world('');
  await add('own');
  expect((await load()).connections.map(({ name }) => name)).toEqual(['sales', 'own']);
});

it('what is locked is refused with the lock and its line, and nothing is written or on record', async () => {
  const own = 'connections:\n  - name: sales\n    port: 25432\n';
  const { edit, text } = await world('locked:\n  - connections.*.upstream', own);
  await expect(edit('sales', { upstream: { host: 'evil.example' } })).rejects.toMatchObject(
    locked(
      'connections.sales.upstream is not changed: your organisation has locked connections.*.upstream (/etc/latchkey/organisation.yaml, line 2).',
    ),
  );
  expect(await text()).toBe(own);
  expect(records).toEqual([]);
  await edit('sales', { port: 25433 });
  expect(await text()).toBe(own.replace('25432', '25433'));
});

it('own connections that are forbidden are not added, changed or imported; one that is there can be removed', async () => {
  const { add, edit, connections, text } = await world(
    'forbid: [connections]',
    `connections:\n${connection('own', 15433)}`,
  );
  await expect(add('more')).rejects.toMatchObject(locked('allows no connections of your own'));
  await expect(edit('own', { port: 15434 })).rejects.toMatchObject(locked('connections.own is not changed'));
  await edit('sales', { port: 25432 });
  await connections.remove({ name: 'own' });
  expect(await text()).not.toContain('own');
});

it('commands that are forbidden are not written', async () => {
  const { edit, add, text } = await world('forbid: [commands]', '');
  const rules = [{ group: id, role: 'x', password: { command: ['/bin/pw'] } }];
  await add('own');
  const before = await text();
  for (const name of ['own', 'sales'])
    await expect(edit(name, { rules })).rejects.toMatchObject(locked('own that run commands'));
  expect(await text()).toBe(before);
});

it('a connection of the organisation is not removed, and not added again; what was changed of it is taken back', async () => {
  const { connections, add, edit, load } = await world('', '');
  await expect(connections.remove({ name: 'sales' })).rejects.toMatchObject(
    locked('"sales" is a connection of your organisation'),
  );
  await expect(add('sales')).rejects.toMatchObject({ code: 'request-invalid' });
  await edit('sales', { port: 25432 });
  await connections.remove({ name: 'sales' });
  expect((await load()).connections).toMatchObject([{ name: 'sales', port: 15432 }]);
});

it('connections are listed with what a person cannot change of them, and those that do not count with the reason', async () => {
  const own = `connections:\n  - {name: sales, port: 25432}\n${connection('own', 15433)}`;
  const listed = async (rules: string) => (await (await world(rules, own)).connections.read()).connections;
  expect(await listed('locked: [connections.sales.rules, connections.sales.upstream.tls]')).toMatchObject([
    {
      name: 'sales',
      settings: { port: 25432, upstream: { host: 'db.fabrikam.example' } },
      counts: true,
      organisation: { locked: ['upstream.tls', 'rules'], isAdapted: true },
    },
    { name: 'own', counts: true },
  ]);
  expect((await listed('locked: [connections.sales]'))[0]?.organisation?.locked).toEqual(['']);
  const [sales, forbidden] = await listed('forbid: [connections]');
  expect(sales?.organisation?.locked).toEqual(expect.arrayContaining(['upstream', 'rules', 'protocol']));
  expect(sales?.organisation?.locked).not.toEqual(expect.arrayContaining(['port']));
  expect(forbidden).toMatchObject({
    name: 'own',
    counts: false,
    ignored: expect.stringContaining('allows no connections of your own') as string,
  });
});

it('a test of a connection of the organisation is of what it says, with what is to be changed', async () => {
  const { connections } = await world('', '');
  expect(await connections.drafted({ name: 'sales', settings: { port: 25432 } })).toMatchObject({
    port: 25432,
    upstream: { host: 'db.fabrikam.example' },
    rules: [{ role: 'reader' }],
  });
});

const fabrikam: ProviderForm = {
  name: 'fabrikam',
  type: 'azure-directory',
  enabled: true,
  authority: `https://login.microsoftonline.com/${id}`,
  applicationId: id,
  domains: [],
  signIn: ['device-code', 'browser'],
};

it('of a provider of the organisation only what differs is written', async () => {
  const { save, turn, load, text } = await world('', '');
  await save(fabrikam);
  expect(await text()).toBe('');
  await save({ ...fabrikam, signIn: ['browser'] });
  expect(await text()).toBe('providers:\n  - name: fabrikam\n    signIn: [browser]\n');
  await turn('fabrikam', false);
  expect((await load()).providers).toMatchObject([{ enabled: false, signIn: ['browser'] }]);
});

it('providers that are forbidden are neither added, changed nor turned off', async () => {
  const { save, turn, removeProvider } = await world('forbid: [providers]', '');
  const why = 'allows no providers of your own';
  await expect(save({ ...fabrikam, name: 'own' })).rejects.toMatchObject(locked(why));
  await expect(save({ ...fabrikam, signIn: ['browser'] })).rejects.toMatchObject(locked(why));
  await expect(turn('fabrikam', false)).rejects.toMatchObject(locked(why));
  await expect(removeProvider('fabrikam')).rejects.toMatchObject(
    locked('"fabrikam" is a provider of your organisation'),
  );
  expect(records).toEqual([]);
});

it('an own provider joins the chain that the organisation has spelt out, where that is not locked', async () => {
  const { save, load, removeProvider } = await world('chain: [fabrikam]', '');
  await save({ ...fabrikam, name: 'own' });
  expect((await load()).chain).toEqual(['fabrikam', 'own']);
  await removeProvider('own');
  expect((await load()).chain).toEqual(['fabrikam']);
});

it('what the organisation changes counts for what is written later', async () => {
  const { add } = await world('locked: [connections]', '');
  await expect(add('own')).rejects.toMatchObject(locked('connections is not changed'));
});
