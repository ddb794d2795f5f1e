import type { ProtocolName } from '../../main/contract/protocols.ts';
import { Client } from 'pg';
import { startWorld, type World } from '../support/latchkey.ts';
import { startMariadb } from '../support/mariadb.ts';
import { startTdsServer } from '../support/tds-server.ts';

/** Real PostgreSQL and MariaDB and the stand-in for SQL Server, each with a user and a database `matrix`. */
export interface MatrixServers {
  /** The tenant as well. */
  world: World;
  ports: Record<ProtocolName, number>;
  /** Whether the server runs this statement, or one that has it inside (SQL Server: has been asked to). */
  runs(protocol: ProtocolName, statement: string): Promise<boolean>;
  /** Ends the sessions whose statement is to be cut, as an administrator of the server would. */
  cut(protocol: ProtocolName): Promise<void>;
  close(): Promise<void>;
}

const table = 'matrix_items (id int primary key, amount numeric(10, 2), note varchar(40))';

export async function startServers(password: string): Promise<MatrixServers> {
  const [world, maria, tds] = await Promise.all([
    startWorld({ max_connections: '200' }),
    startMariadb({ settings: { 'local-infile': '1' } }),
    startTdsServer({ logins: { matrix: password }, databases: ['matrix', 'master'] }),
  ]);
  const { postgres } = world;
  await postgres.query(`create role matrix login password '${password}'`);
  await postgres.query('create database matrix owner matrix');
  const client = new Client({
    host: '127.0.0.1',
    port: postgres.port,
    user: 'matrix',
    password,
    database: 'matrix',
  });
  await client.connect();
  await client.query(`create table ${table}`);
  await client.end();
  await maria.query('create database matrix');
  await maria.query(`create table matrix.${table}`);
  await maria.query(`create user matrix@'127.0.0.1' identified by '${password}'`);
  await maria.query("grant all on matrix.* to matrix@'127.0.0.1'");
  const like = (text: string): string => `like '%${text.replaceAll("'", "''")}%'`;
  const mariaSessions = (text: string): Promise<Record<string, unknown>[]> =>
    maria.query(`select id from information_schema.processlist where user = 'matrix' and info ${like(text)}`);
  const postgresSessions = (what: string, text: string): Promise<Record<string, unknown>[]> =>
    postgres.query(
      `select ${what} from pg_stat_activity where usename = 'matrix' and state = 'active' and query ${like(text)}`,
    );
  return {
    world,
    ports: { postgresql: postgres.port, mysql: maria.port, sqlserver: tds.port },
    async runs(protocol, statement) {
      if (protocol === 'sqlserver') return tds.statements.some((each) => each.includes(statement));
      const found = protocol === 'mysql' ? mariaSessions(statement) : postgresSessions('pid', statement);
      return (await found).length > 0;
    },
    async cut(protocol) {
      if (protocol === 'sqlserver') tds.kill();
      if (protocol === 'postgresql') await postgresSessions('pg_terminate_backend(pid)', ' cut');
      if (protocol === 'mysql')
        for (const { id } of await mariaSessions(' cut')) await maria.query(`kill ${String(id)}`);
    },
    async close() {
      await Promise.all([world.close(), maria.close(), tds.close()]);
    },
  };
}
