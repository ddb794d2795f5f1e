import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { ProtocolName } from '../../main/contract/protocols.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { freePort } from '../support/free-port.ts';
import {
  createLatchkey,
  startWorld,
  storePasswords,
  type Latchkey,
  type LatchkeyOptions,
  type World,
} from '../support/latchkey.ts';
import { startMariadb } from '../support/mariadb.ts';
import { startTdsServer } from '../support/tds-server.ts';

/** The program as people start it (`latchkey serve`) in front of databases, with audit and look-ups on. */
export interface Product {
  world: World;
  latchkey: Latchkey;
  /** Ports of the connections `sales` (PostgreSQL), `shop` (MariaDB) and `ledger` (SQL Server). */
  ports: Record<ProtocolName, number>;
  /** Resident memory of `latchkey serve`. */
  residentMiB(): number;
  descriptors(): number;
  close(): Promise<void>;
}

export const ada = 'ada@fabrikam.example';

/** @param allProtocols false: PostgreSQL alone, which starts sooner. */
export async function startProduct(
  allProtocols: boolean,
  options: Pick<LatchkeyOptions, 'args' | 'configure'> & { settings?: Record<string, string> } = {},
): Promise<Product> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0).toReversed()) await each();
  };
  try {
    const world = await startWorld(options.settings);
    closers.push(world.close);
    const others = allProtocols ? await startOthers(closers) : { connections: [], passwords: {} };
    const latchkey = await createLatchkey(world, {
      started: false,
      ...(options.args === undefined ? {} : { args: options.args }),
      async configure(configuration) {
        configuration.session.refreshGroups = '1h';
        (configuration.connections as unknown[]).push(...others.connections);
        await options.configure?.(configuration);
      },
    });
    closers.push(latchkey.close);
    await latchkey.serve.start();
    await storePasswords(latchkey, {
      ...world,
      passwords: { ...world.passwords, ...others.passwords },
    });
    const { connections } = await latchkey.state();
    const portOf = (name: string): number => connections.find((each) => each.name === name)?.port ?? 0;
    const proc = (): string => `/proc/${latchkey.serve.process().pid}`;
    return {
      world,
      latchkey,
      ports: { postgresql: portOf('sales'), mysql: portOf('shop'), sqlserver: portOf('ledger') },
      residentMiB: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`${proc()}/status`, 'utf8'))?.[1]) / 1024,
      descriptors: () => readdirSync(`${proc()}/fd`).length,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startOthers(closers: (() => Promise<unknown>)[]) {
  const passwords = { 'shop-reader': random(), 'ledger-reader': random() };
  const [shop, ledger] = await Promise.all([
    startMariadb(),
    startTdsServer({ logins: { ledger_reader: passwords['ledger-reader'] }, databases: ['books'] }),
  ]);
  closers.push(shop.close, ledger.close);
  await shop.query(`create user shop_reader@'127.0.0.1' identified by '${passwords['shop-reader']}'`);
  await shop.query(`grant select on ${shop.database}.* to shop_reader@'127.0.0.1'`);
  const connection = async (name: string, protocol: ProtocolName, port: number, database: string) => ({
    name,
    protocol,
    port: await freePort(),
    askForPrograms: 'never',
    upstream: { host: '127.0.0.1', port, database, tls: { mode: 'off' } },
    rules: [
      {
        group: fabrikam.groups.dataAnalysts,
        role: `${name}_reader`,
        password: { stored: `${name}-reader` },
      },
    ],
  });
  return {
    passwords,
    connections: [
      await connection('shop', 'mysql', shop.port, shop.database),
      await connection('ledger', 'sqlserver', ledger.port, 'books'),
    ],
  };
}

const random = (): string => randomBytes(18).toString('base64url');
