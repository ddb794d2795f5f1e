import { packet as mysqlPacket } from '../../main/gateway/mysql/wire.ts';
import type { GatewayHost, UpstreamAddress } from '../../main/gateway/ports.ts';
import { startTestGateway } from '../gateway/fixture.ts';
import { startMysqlGateway } from '../gateway/mysql/fixture.ts';
import { rawLogin } from '../gateway/mysql/raw-client.ts';
import { batch, logIn, login7 } from '../gateway/sqlserver/raw-client.ts';
import { createTestAuthority } from '../support/certificates.ts';
import type { TestGatekeeper } from '../support/gatekeeper.ts';
import { startMariadb } from '../support/mariadb.ts';
import { startPostgres } from '../support/postgres.ts';
import { rawSocket } from '../support/raw-socket.ts';
import { startSlowNetwork } from '../support/slow-network.ts';
import { startTdsServer } from '../support/tds-server.ts';
import { query, scramLogin, startupPacket } from '../support/wire-client.ts';

/** A server of one protocol, and the network to it. */
export interface World {
  name: string;
  /** A gateway of its own in front of the server. */
  gateway(): Promise<Gateway>;
  /**
   * Logs in, and sends statements that write a row each without waiting in between; resolves when the first of them
   * runs, which takes a minute, and the others lie at the server.
   * @param tag goes into each row.
   */
  begin(gateway: Gateway, tag: number, statements: number): Promise<void>;
  /**
   * Waits until the server does nothing any more for anybody. Resolves with the number of rows that have this tag, or
   * undefined where a statement still runs.
   */
  committed(tag: number): Promise<number | undefined>;
  close(): Promise<void>;
}

export interface Gateway {
  host: GatewayHost;
  gatekeeper: TestGatekeeper;
  port: number;
  token: string;
}

const settleMs = 20_000;

async function eventually(is: () => Promise<boolean> | boolean): Promise<boolean> {
  const deadline = Date.now() + settleMs;
  while (!(await is())) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

async function begun(is: () => Promise<boolean> | boolean): Promise<void> {
  if (!(await eventually(is))) throw new Error('the first statement does not begin');
}

/** @param place `tls` is over a network of this latency; `socket` is the server's unix socket. */
export async function postgresWorld(place: 'tls' | 'socket', oneWayMs: number): Promise<World> {
  const server = await startPostgres({ tls: place === 'tls' });
  const network = await startSlowNetwork(server.port, oneWayMs);
  await server.query('create table written (tag int)');
  const upstream: Partial<UpstreamAddress> & { port: number } =
    place === 'tls'
      ? { port: network.port, tls: { mode: 'verify', ca: server.caPem ?? '' } }
      : { port: server.port, socketPath: `${server.socketDir}/.s.PGSQL.${server.port}` };
  const active = async (): Promise<number> => {
    const [row] = await server.query(
      "select count(*)::int as n from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and backend_type = 'client backend'",
    );
    return Number(row?.['n']);
  };
  return {
    name: place === 'tls' ? 'PostgreSQL' : 'PostgreSQL at a unix socket',
    gateway: () =>
      startTestGateway({
        upstream,
        login: { user: server.superuser, database: 'postgres', password: server.password },
      }),
    async begin({ port, token }, tag, statements) {
      const socket = await rawSocket(port);
      socket.write(startupPacket({ user: 'ann', database: 'sales' }));
      await scramLogin(socket, token);
      const quick = Array.from({ length: statements - 1 }, () =>
        query(`insert into written values (${tag})`),
      );
      socket.write(Buffer.concat([query(`insert into written select ${tag} from pg_sleep(60)`), ...quick]));
      await begun(async () => (await active()) === 1);
    },
    async committed(tag) {
      if (!(await eventually(async () => (await active()) === 0))) return undefined;
      const [row] = await server.query(`select count(*)::int as n from written where tag = ${tag}`);
      return Number(row?.['n']);
    },
    async close() {
      await network.close();
      await server.close();
    },
  };
}

export async function mariadbWorld(oneWayMs: number): Promise<World> {
  const server = await startMariadb({ tls: true });
  const network = await startSlowNetwork(server.port, oneWayMs);
  await server.query(`create table ${server.database}.written (tag int)`);
  const active = async (): Promise<number> => {
    const [row] = await server.query(
      `select count(*) as n from information_schema.processlist where user = '${server.user}' and command <> 'Sleep'`,
    );
    return Number(row?.['n']);
  };
  return {
    name: 'MariaDB',
    gateway: () =>
      startMysqlGateway({
        worker: true,
        upstream: { port: network.port, tls: { mode: 'verify', ca: server.caPem ?? '' } },
        login: { user: server.user, database: server.database, password: server.password },
      }),
    async begin({ port, token }, tag, statements) {
      const client = await rawLogin(port, token);
      const command = (sql: string): Buffer => mysqlPacket(0, Buffer.from(`\u0003${sql}`));
      const quick = Array.from({ length: statements - 1 }, () =>
        command(`insert into written values (${tag})`),
      );
      client.socket.write(
        Buffer.concat([command(`insert into written select ${tag} from (select sleep(60)) slow`), ...quick]),
      );
      await begun(async () => (await active()) === 1);
    },
    async committed(tag) {
      if (!(await eventually(async () => (await active()) === 0))) return undefined;
      const [row] = await server.query(
        `select count(*) as n from ${server.database}.written where tag = ${tag}`,
      );
      return Number(row?.['n']);
    },
    async close() {
      await network.close();
      await server.close();
    },
  };
}

/** A stand-in, as SQL Server cannot be had: it writes a row with each statement that it comes to. */
export async function sqlServerWorld(oneWayMs: number): Promise<World> {
  const authority = await createTestAuthority();
  const { certPem, keyPem } = await authority.issue({ dns: ['localhost'], ip: ['127.0.0.1'] });
  const server = await startTdsServer({
    logins: { reporting: 'swordfish' },
    tls: { cert: certPem, key: keyPem },
  });
  const network = await startSlowNetwork(server.port, oneWayMs);
  const written = (tag: number): number =>
    server.statements.filter((statement) => statement === `insert ${tag};`).length;
  return {
    name: 'SQL Server (stand-in)',
    gateway: () =>
      startTestGateway({
        listener: { protocol: 'sqlserver' },
        upstream: { port: network.port, tls: { mode: 'verify', ca: authority.caPem } },
        login: { user: 'reporting', database: 'sales', password: 'swordfish' },
      }),
    async begin({ port, token }, tag, statements) {
      const { socket } = await logIn(port, login7({ password: token }));
      const quick = Array.from({ length: statements - 1 }, () => batch(`insert ${tag};`));
      socket.write(Buffer.concat([batch(`waitfor delay '00:01:00'; insert ${tag};`), ...quick]));
      await begun(() =>
        server.statements.some((statement) => statement.includes(`waitfor delay '00:01:00'; insert ${tag};`)),
      );
    },
    async committed(tag) {
      if (!(await eventually(() => server.sessions() === 0))) return undefined;
      return written(tag);
    },
    async close() {
      await network.close();
      await server.close();
    },
  };
}
