import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mariadbParts, startMariadb } from '../../support/mariadb.ts';
import { describeWith } from '../../support/parts.ts';
import { type ProgramResult, runProgram } from '../../support/run-program.ts';
import { useAll } from '../../support/use-all.ts';
import { isql, java, javaClient, javaDriver, python, pythonClient } from './drivers.ts';
import { type MysqlGateway, mysqlGatewayTo } from './fixture.ts';

describeWith(
  [mariadbParts.server, mariadbParts.install, mariadbParts.client, mariadbParts.admin],
  'MySQL clients in other languages',
  () => {
    let gateway: MysqlGateway;
    let folder: string;
    const server = useAll(startMariadb);
    beforeAll(async () => {
      gateway = await mysqlGatewayTo(server, { clientTls: true, worker: true });
      folder = mkdtempSync(join(tmpdir(), 'latchkey-client-'));
    });
    afterAll(async () => {
      rmSync(folder, { recursive: true, force: true });
      await gateway.close();
    });

    const cli = (args: string[], more: Parameters<typeof runProgram>[2] = {}): Promise<ProgramResult> =>
      runProgram(
        mariadbParts.client.path,
        ['--no-defaults', '-h127.0.0.1', `-P${gateway.port}`, `-u${gateway.user}`, '-N', '-B', ...args],
        { ...more, env: { MYSQL_PWD: gateway.token } },
      );

    test.each([
      ['plain', ['--skip-ssl']],
      ['TLS, verified', ['--ssl-verify-server-cert']],
      ['caching_sha2_password', ['--skip-ssl', '--default-auth=caching_sha2_password']],
      ['caching_sha2_password over TLS', ['--ssl', '--default-auth=caching_sha2_password']],
      ['a method that the gateway has not', ['--skip-ssl', '--default-auth=client_ed25519']],
    ])('mariadb: %s', async (_name, options) => {
      const ca = join(folder, 'ca.pem');
      writeFileSync(ca, gateway.caPem ?? '');
      const tls = options.includes('--skip-ssl') ? [] : [`--ssl-ca=${ca}`];
      const { stdout, stderr } = await cli([...options, ...tls, 'sales', '-e', 'select null, 42; \\s']);
      expect(stderr).toBe('');
      expect(stdout).toContain('NULL\t42\n');
      expect(stdout).toContain(tls.length > 0 ? 'Cipher in use is TLS_' : 'Not in use');
      const kind = options.includes('--default-auth=caching_sha2_password') ? 'caching-sha2' : 'mysql-native';
      expect(gateway.proofs.at(-1)?.kind).toBe(kind);
    });

    test('mariadb: what it says to a wrong token, to an empty one and to a database that is none', async () => {
      const wrong = await runProgram(
        mariadbParts.client.path,
        ['--no-defaults', '-h127.0.0.1', `-P${gateway.port}`, '-uann', '-e', 'select 1'],
        { env: { MYSQL_PWD: 'lk_wrong' } },
      );
      expect(wrong.stderr).toBe('ERROR 1045 (28000): This token is not known. Copy a new one.\n');
      const empty = await runProgram(mariadbParts.client.path, [
        '--no-defaults',
        '-h127.0.0.1',
        `-P${gateway.port}`,
        '-uann',
        '-e',
        'select 1',
      ]);
      expect(empty.stderr).toBe('ERROR 1045 (28000): This token is not known. Copy a new one.\n');
      const elsewhere = await cli(['payroll', '-e', 'select 1']);
      expect(elsewhere.stderr).toBe(
        'ERROR 1049 (42000): There is no database "payroll" at this port. Use the database "sales".\n',
      );
    });

    test('mariadb: Ctrl-C stops the statement', async () => {
      const { stdout, stderr } = await cli(['-e', 'select sleep(60)'], {
        onStart: (child) => void untilSleeping().then(() => child.kill('SIGINT')),
      });
      expect(`${stdout}${stderr}`).toMatch(/query killed|Query execution was interrupted/);
      expect(await sleeping()).toBe(0);
    });

    test('mariadb-admin: ping, status and debug', async () => {
      const { stdout, stderr } = await runProgram(
        mariadbParts.admin.path,
        [
          '--no-defaults',
          '-h127.0.0.1',
          `-P${gateway.port}`,
          '-uann',
          'ping',
          'status',
          'debug',
          'processlist',
          'refresh',
        ],
        { env: { MYSQL_PWD: gateway.token } },
      );
      expect(stderr).toBe('');
      expect(stdout).toContain('mysqld is alive');
      expect(stdout).toMatch(/Uptime: \d+/);
    });

    describeWith([python], 'Python', () => {
      test('PyMySQL', async () => {
        const script = join(folder, 'client.py');
        writeFileSync(script, pythonClient);
        const { stdout, stderr } = await runProgram(python.path, [script], { env: clientEnvironment() });
        expect(stderr).toBe('');
        expect(JSON.parse(stdout)).toEqual({
          rows: [[null, 'ä']],
          many: 3000,
          sets: [[[null]], [[2]]],
          error: [1146, '42S02'],
          local: 'refused',
        });
      });
    });

    describeWith([isql], 'ODBC', () => {
      test('isql with MariaDB Connector/ODBC', async () => {
        const { stdout } = await runProgram(
          isql.path,
          [
            '-b',
            '-d,',
            '-k',
            `DRIVER={MariaDB Unicode};SERVER=127.0.0.1;PORT=${gateway.port};UID=ann;PWD=${gateway.token};DATABASE=sales`,
          ],
          { input: "select null, 42\nselect seq, repeat('x', 50) from seq_1_to_300\n" },
        );
        expect(stdout).toContain(',42');
        expect(stdout.match(/x{50}/g)).toHaveLength(300);
      });
    });

    describeWith([java, javaDriver], 'Java', () => {
      test('MariaDB Connector/J: prepared on the server, rows fetched in parts, batches', async () => {
        const source = join(folder, 'Client.java');
        writeFileSync(source, javaClient);
        const { stdout, stderr } = await runProgram(java.path, ['-cp', javaDriver.path ?? '', source], {
          env: clientEnvironment(),
        });
        expect(stderr).toBe('');
        expect(stdout.trim().split('\n')).toEqual(['42', '5000', '100', '4950', 'null']);
      }, 120_000);
    });

    const clientEnvironment = (): Record<string, string> => ({
      GATEWAY_PORT: String(gateway.port),
      GATEWAY_TOKEN: gateway.token,
    });

    test('LOAD DATA LOCAL is refused, whatever the client has turned on', async () => {
      const file = join(folder, 'secret.csv');
      writeFileSync(file, '1\n');
      const statement = `load data local infile '${file}' into table shop.nothing`;
      const { stderr } = await cli(['--local-infile=1', 'sales', '-e', statement]);
      expect(stderr).toMatch(/ERROR (?:4166|1148|3948)/);
    });

    async function sleeping(): Promise<number> {
      const rows = await server.query(
        "select 1 from information_schema.processlist where info like 'select sleep(60)%'",
      );
      return rows.length;
    }

    async function untilSleeping(): Promise<void> {
      await expect.poll(sleeping, { timeout: 20_000 }).toBe(1);
    }
  },
);
