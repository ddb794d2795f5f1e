// Whether a login costs the same however much there is: live tokens, open sessions, connections of the configuration,
// groups of the person; whether reading the groups costs what there are of them; and whether the audit keeps its pace up
// to a million records. Run: npm run build && node tests/bench/growth.ts [--quick]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { openAudit } from '../../main/audit/audit.ts';
import { verifyAudit } from '../../main/audit/verify.ts';
import type { IssuedToken } from '../../main/contract/shapes.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { freePort } from '../support/free-port.ts';
import { createLatchkey, startWorld, type Latchkey, type World } from '../support/latchkey.ts';
import { processorSeconds } from './proxies.ts';

const isQuick = process.argv.includes('--quick');
const logins = isQuick ? 30 : 200;
const lookUps = 3;
const program = resolve(import.meta.dirname, '../../dist/main/latchkey.js');

async function startWith(world: World, connections: number): Promise<Latchkey> {
  const latchkey = await createLatchkey(world, {
    program,
    async configure(configuration) {
      const [sales] = configuration.connections;
      if (sales === undefined) throw new Error('the test configuration has no connection');
      const rule = {
        group: fabrikam.groups.dataAnalysts,
        role: 'sales_owner',
        password: { stored: 'sales-owner' },
      };
      Object.assign(sales, { askForPrograms: 'never', maxSessions: 300, rules: [rule] });
      // One that is free may be so twice.
      const ports = new Set([sales.port]);
      while (ports.size < connections) ports.add(await freePort());
      configuration.connections = [...ports].map((port, at) => ({
        ...sales,
        name: at === 0 ? sales.name : `sales-${at + 1}`,
        port,
      }));
    },
  });
  await latchkey.signIn('ada@fabrikam.example');
  return latchkey;
}

async function openClient({ host, port, username, token, database }: IssuedToken): Promise<Client> {
  const client = new Client({ host, port, user: username, password: token, database, ssl: false });
  await client.connect();
  return client;
}

/** Milliseconds of processor that the broker takes for a login. */
async function loginCost(latchkey: Latchkey, token: IssuedToken): Promise<number> {
  const pid = latchkey.serve.process().pid ?? 0;
  const before = processorSeconds(pid);
  for (let count = 0; count < logins; count += 1) await (await openClient(token)).end();
  return ((processorSeconds(pid) - before) * 1000) / logins;
}

async function print(
  what: string,
  cost: Promise<number>,
  unit = 'ms of processor for a login',
): Promise<void> {
  console.log(`${what.padEnd(34)} ${(await cost).toFixed(2).padStart(9)} ${unit}`);
}

async function measureLogins(world: World): Promise<void> {
  const latchkey = await startWith(world, 1);
  try {
    let token = await latchkey.token('sales');
    await loginCost(latchkey, token);
    for (let live = 1; live <= 1000; live *= 10) {
      // One less than the limit, as the first is there already.
      for (let count = live === 1 ? 1 : live / 10; count < live; count += 1)
        token = await latchkey.token('sales');
      await print(`live tokens: ${live}`, loginCost(latchkey, token));
    }
    const open: Client[] = [];
    for (const sessions of [0, 50, 200]) {
      while (open.length < sessions) open.push(await openClient(token));
      await print(`open sessions: ${sessions}`, loginCost(latchkey, token));
    }
    await Promise.all(open.map((client) => client.end()));
  } finally {
    await latchkey.close();
  }
  for (const connections of isQuick ? [1, 100] : [1, 100, 1000]) {
    const many = await startWith(world, connections);
    try {
      const token = await many.token('sales');
      await loginCost(many, token);
      await print(`connections: ${connections}`, loginCost(many, token));
    } finally {
      await many.close();
    }
  }
}

/** What the directory's answer costs to read, and a login of a person with so many groups. */
async function measureGroups(world: World): Promise<void> {
  const latchkey = await startWith(world, 1);
  const pid = latchkey.serve.process().pid ?? 0;
  const user = 'ada@fabrikam.example';
  const lookUp = async (): Promise<number> => {
    const before = processorSeconds(pid);
    for (let count = 0; count < lookUps; count += 1) await latchkey.refresh();
    return ((processorSeconds(pid) - before) * 1000) / lookUps;
  };
  try {
    const token = await latchkey.token('sales');
    await latchkey.refresh();
    await loginCost(latchkey, token);
    let groups = 0;
    for (const target of isQuick ? [100, 1000] : [100, 1000, 11_000]) {
      world.tenant.generateGroups({ user, count: target - groups, prefix: `Group of ${target} ` });
      groups = target;
      await print(`groups of the person: ${target}`, lookUp(), 'ms of processor for a look-up');
      await print(`groups of the person: ${target}`, loginCost(latchkey, token));
    }
  } finally {
    await latchkey.close();
  }
}

async function measureAudit(folder: string): Promise<void> {
  const most = isQuick ? 100_000 : 1_000_000;
  let records = 0;
  for (let target = most / 100; target <= most; target *= 10) {
    const opening = performance.now();
    const audit = await openAudit({ folder });
    const opened = performance.now();
    const added = target - records;
    while (records < target) {
      const group = Math.min(1000, target - records);
      await Promise.all(
        Array.from({ length: group }, () =>
          audit.append({ event: 'sign-in-failed', provider: 'contoso', code: 'internal' }),
        ),
      );
      records += group;
    }
    const each = ((performance.now() - opened) * 1000) / added;
    await audit.close();
    await print(`audit with ${target} records: open`, Promise.resolve(opened - opening), 'ms');
    await print(`audit with ${target} records: append`, Promise.resolve(each), 'µs each, 1000 at a time');
    const verifying = performance.now();
    const verdict = await verifyAudit(folder);
    if (!verdict.ok) throw new Error('the audit does not verify');
    await print(`audit with ${target} records: verify`, Promise.resolve(performance.now() - verifying), 'ms');
  }
}

const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'));
try {
  await measureAudit(join(folder, 'audit'));
  const world = await startWorld({ max_connections: '300' });
  try {
    await measureLogins(world);
    await measureGroups(world);
  } finally {
    await world.close();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
