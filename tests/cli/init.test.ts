import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readAudit } from '../../main/audit/verify.ts';
import { startLocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import { startHeadless } from '../../main/headless.ts';
import { createLog } from '../../main/log/log.ts';
import { buildCommand, buildWorker } from '../support/builds.ts';
import { noOrganisation } from '../support/layers.ts';
import { describeWith } from '../support/parts.ts';
import { runHere } from '../support/run-cli.ts';
import { atTerminal, script } from '../support/terminal.ts';
import { useAll } from '../support/use-all.ts';

// Not within a test: on a busy machine it takes its time.
const workerUrl = await buildWorker();
const tenant = useAll(() => startLocalTenant());
const group = '6c6f1a52-58f5-4a0a-9f39-6f4d7f0a0001';
let folder: string;
let home: string;
let config: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-init-'));
  home = join(folder, 'home');
  config = join(folder, 'settings', 'latchkey.yaml');
});
afterEach(() => rm(folder, { recursive: true }));

const run = (...words: string[]) =>
  runHere([...words, '--home', home, '--config', config], { organisation: noOrganisation, workerUrl });

const ofTenant = (domain = 'fabrikam.example') => [
  'init',
  '--tenant',
  tenant.authority.replace(tenant.tenantId, domain),
  '--cloud',
  'local',
  '--graph',
  tenant.graph,
  '--tenant-ca-file',
  tenant.caFile,
];
const application = () => ['--application-id', tenant.clientId];
const sales = ['--connection', 'sales', '--protocol', 'postgresql', '--host', 'localhost', '--tls', 'off'];
const rule = ['--database', 'sales', '--group', group, '--role', 'reader'];
const isThere = () =>
  stat(config).then(
    () => true,
    () => false,
  );

it('finds the tenant, and writes what a start needs, with a first connection', async () => {
  const done = await run(...ofTenant(), ...application(), ...sales, ...rule, '--json');
  expect(done.err).toBe('');
  expect(done.code).toBe(0);
  const { connections, ...told } = JSON.parse(done.out) as { connections: { name: string; port: number }[] };
  expect(told).toMatchObject({ file: config, tenantId: tenant.tenantId });
  const written = parse(await readFile(config, 'utf8')) as object;
  expect(written).toMatchObject({
    providers: [{ type: 'azure-directory', applicationId: tenant.clientId, cloud: 'local' }],
    connections: [{ ...connections[0], upstream: { database: 'sales' }, rules: [{ group, role: 'reader' }] }],
  });
  expect((await run('config', 'check')).code).toBe(0);
  const events = (await readAudit(join(home, 'audit'), { limit: 50 })).map(({ event }) => event);
  expect(events).toEqual(
    expect.arrayContaining(['connections-changed', 'provider-changed', 'broker-stopped']),
  );

  const before = await readFile(config, 'utf8');
  const again = await run(...ofTenant(), ...application());
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('There is a configuration already') });
  expect(await readFile(config, 'utf8')).toBe(before);
});

it('writes nothing where the tenant or the application is not there, or an answer is missing', async () => {
  for (const words of [
    [...ofTenant('unknown.example'), ...application()],
    [...ofTenant(), '--application-id', group],
    ofTenant(),
    ['init', ...application()],
    [...ofTenant(), ...application(), ...sales],
    [...ofTenant(), ...application(), ...sales, ...rule, '--port', '80'],
  ]) {
    const refused = await run(...words);
    expect(refused.code, words.join(' ')).not.toBe(0);
    expect(refused.err).toMatch(/^latchkey: /);
    expect(await isThere()).toBe(false);
  }
});

it('sets up a Latchkey that runs with nothing, and leaves one alone that has something', async () => {
  config = join(folder, 'latchkey.yaml');
  await writeFile(config, 'providers: []\n');
  const latchkey = await startHeadless({
    configFile: config,
    homePath: home,
    organisation: noOrganisation,
    workerUrl,
    log: createLog({ stderr: { write: () => undefined } }),
  });
  try {
    expect((await run(...ofTenant(), ...application())).code).toBe(0);
    expect(latchkey.broker.state()).toMatchObject({ providers: [{ enabled: true }], connections: [] });
    await writeFile(config, 'providers: []\n');
    const again = await run(...ofTenant(), ...application());
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('is set up already') });
  } finally {
    await latchkey.close();
  }
});

describeWith([script], 'init at a terminal', () => {
  const flags = () => ['--cloud', 'local', '--graph', tenant.graph, '--tenant-ca-file', tenant.caFile];
  const begin = async () => {
    const places = ['--home', home, '--config', config];
    // The build reads the settings of this computer's organisation, as it should: there are none.
    return atTerminal([
      process.execPath,
      await buildCommand(),
      'init',
      ...flags(),
      ...places,
      '--tls',
      'off',
    ]);
  };
  const domain = 'Domain of your sign-in name, such as contoso.com: ';

  it('asks for what is missing, once more for a group that cannot be looked up, and says what comes next', async () => {
    const terminal = await begin();
    await terminal.answer(domain, `${tenant.authority}\r`);
    await terminal.answer('Application (client) id: ', `${tenant.clientId}\r`);
    await terminal.answer('Name of a first connection (Enter: later): ', 'sales\r');
    await terminal.answer('Protocol (postgresql, mysql, sqlserver): ', 'postgresql\r');
    await terminal.answer('Host of the database server: ', 'localhost\r');
    await terminal.answer('Database: ', 'sales\r');
    await terminal.answer('Directory group (object id): ', 'Data Analysts\r');
    await terminal.answer('"Data Analysts" is no object id.', `${group}\r`);
    await terminal.answer('Role (database user): ', 'reader\r');
    await terminal.answer("Where the role's password comes from (stored, entra, none) [stored]: ", '\r');
    expect(await terminal.ended, terminal.shown()).toBe(0);
    expect(terminal.shown()).toContain(
      'Go on with: latchkey serve, then latchkey secret set sales-reader, then latchkey login',
    );
    expect(parse(await readFile(config, 'utf8'))).toMatchObject({
      providers: [{ applicationId: tenant.clientId }],
      connections: [
        { name: 'sales', rules: [{ group, role: 'reader', password: { stored: 'sales-reader' } }] },
      ],
    });
  });

  it('says that a tenant is not there before it asks for anything else', async () => {
    const terminal = await begin();
    await terminal.answer(domain, `${tenant.authority.replace(tenant.tenantId, 'unknown.example')}\r`);
    await terminal.answer('Application (client) id: ', `${tenant.clientId}\r`);
    expect(await terminal.ended).not.toBe(0);
    expect(terminal.shown()).toContain('latchkey: There is no such tenant in this cloud.');
    expect(terminal.shown()).not.toContain('Name of a first connection');
    expect(await isThere()).toBe(false);
  });

  it('Ctrl-C at a question writes nothing, also once the tenant is found', async () => {
    for (const found of [false, true]) {
      const terminal = await begin();
      if (found) {
        await terminal.answer(domain, `${tenant.authority}\r`);
        await terminal.answer('Application (client) id: ', `${tenant.clientId}\r`);
        await terminal.answer('Name of a first connection', '\u0003');
      } else await terminal.answer(domain, '\u0003');
      expect(await terminal.ended).not.toBe(0);
      expect(await isThere()).toBe(false);
    }
  });
});
