import { tmpdir } from 'node:os';
import { createPool as createConnectorPool } from 'mariadb';
import { createPool } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { mariadbParts, startMariadb } from '../../support/mariadb.ts';
import { describeWith, isThere } from '../../support/parts.ts';
import { useAll } from '../../support/use-all.ts';
import { runClient } from '../../connect/run-client.ts';
import { python } from './drivers.ts';
import { mysqlGatewayTo } from './fixture.ts';

const reason = 'You have signed out.';

interface Pool {
  query(sql: string): Promise<unknown>;
  end(): Promise<void>;
}

describeWith(
  [mariadbParts.server, mariadbParts.install],
  'pools whose session is cut under a statement',
  () => {
    const server = useAll(startMariadb);
    const gateway = useAll(() => mysqlGatewayTo(server));

    const options = () => ({
      host: '127.0.0.1',
      port: gateway.port,
      user: gateway.user,
      password: gateway.token,
      database: gateway.database,
      connectionLimit: 1,
    });
    const pools: [string, () => Pool][] = [
      ['mysql2', () => createPool(options())],
      ['mariadb', () => createConnectorPool(options())],
    ];

    test.each(pools)(
      '%s: the statement fails with the reason, the next one gets a new connection',
      async (_, make) => {
        const pool = make();
        const opened = gateway.gatekeeper.nextOpened();
        const failed = expect(pool.query('select sleep(60)')).rejects.toMatchObject({
          errno: 1927,
          sqlState: '08S01',
          message: expect.stringContaining(reason) as string,
        });
        const sessionId = await opened;
        await running('select sleep(60)');
        const again = gateway.gatekeeper.nextOpened();
        gateway.host.cut([sessionId], reason);
        await failed;
        await pool.query('select 1');
        expect(await again).not.toBe(sessionId);
        await pool.end();
      },
    );

    test.runIf(isThere(python))('PyMySQL: knows at its next use that the connection is lost', async () => {
      const script = `
import pymysql
c = pymysql.connect(host='127.0.0.1', port=${gateway.port}, user='${gateway.user}', password='${gateway.token}', database='sales')
for sql in ('select sleep(60)', 'select 1'):
    try: c.cursor().execute(sql)
    except pymysql.err.Error as e: print(type(e).__name__, e.args[0])
`;
      const opened = gateway.gatekeeper.nextOpened();
      const ran = runClient(python, ['-c', script], { home: tmpdir() });
      const sessionId = await opened;
      await running('select sleep(60)');
      gateway.host.cut([sessionId], reason);
      expect((await ran).out).toBe('OperationalError 1927\nOperationalError 2013\n');
    });

    async function running(sql: string): Promise<void> {
      const like = `select id from information_schema.processlist where info = '${sql}'`;
      await expect.poll(async () => (await server.query(like)).length, { timeout: 20_000 }).toBe(1);
    }
  },
);
