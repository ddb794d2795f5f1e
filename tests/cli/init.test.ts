import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readAudit } from '../../main/audit/verify.ts';
import { startLocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import { startHeadless } from '../../main/headless.ts';
import { createLog } from '../../main/log/log.ts';
import { buildWorker } from '../support/builds.ts';
import { noOrganisation } from '../support/layers.ts';
import { runHere } from '../support/run-cli.ts';
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
