import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { fill } from '../../main/connect/fill.ts';
import { mysqlParameters } from '../../main/connect/mysql.ts';
import { settingsFor } from '../../main/connect/tools.ts';
import type { Place, Settings, ToolId } from '../../main/connect/types.ts';
import { createTestAuthority } from '../support/certificates.ts';
import { mariadbParts, startMariadb } from '../support/mariadb.ts';
import { describeWith } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { handle, place, writeFiles, writeTokenCommand } from './places.ts';
import { readers } from './readers.ts';
import { clients, isql, runClient, runJava, runNode, runPython, type Ran } from './run-client.ts';

const usual = { username: 'bruno@fabrikam.example', database: 'sales' };
/** Names that each format has to escape. */
const awkward = { username: `we:ird\\ u"s'er #1=%41`, database: `d{b} #2 'x' =&?%` };

describeWith(
  [
    mariadbParts.server,
    mariadbParts.install,
    clients.mariadb,
    readers.python,
    clients.isql,
    clients.mariadbOdbc,
    clients.java,
    clients.mariadbJdbc,
  ],
  'real clients read the settings for MySQL and MariaDB',
  () => {
    let folder: string;
    let home: string;
    let authorityFile: string;

    const server = useAll(() => startMariadb({ tls: true }));
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'lk-authority-'));
      authorityFile = join(folder, 'autorité (of this computer).pem');
      writeFileSync(authorityFile, server.caPem ?? '');
      for (const { username, database } of [usual, awkward]) {
        const text = username.replaceAll(/['\\]/g, String.raw`\$&`);
        const quoted = `\`${database.replaceAll('`', '``')}\``;
        await server.query(`create database ${quoted}`);
        await server.query(`create user '${text}'@'127.0.0.1' identified by '${handle}'`);
        await server.query(`create user '${text}'@'localhost' identified by '${handle}'`);
        await server.query(`grant all on *.* to '${text}'@'127.0.0.1'`);
        await server.query(`grant all on *.* to '${text}'@'localhost'`);
      }
    });
    afterAll(async () => {
      rmSync(folder, { recursive: true, force: true });
    });
    beforeEach(() => {
      home = mkdtempSync(join(tmpdir(), 'lk-home-'));
      return () => rmSync(home, { recursive: true, force: true });
    });

    const settings = (tool: ToolId, names: typeof usual, changes: Partial<Place> = {}): Settings =>
      settingsFor(tool, place('mysql', { ...names, host: server.host, port: server.port, ...changes }));
    const sql =
      "select user(), database(), if((select variable_value from information_schema.session_status where variable_name = 'Ssl_cipher') = '', 'plain', 'tls')";
    const row = ({ username, database }: typeof usual, tls: 'plain' | 'tls', host = '127.0.0.1'): string =>
      [`${username}@${host}`, database, tls].join('|');
    const batch = ['-BNe', sql];
    /** What the client does where nothing tells it to use TLS or not is its own affair. */
    const either = (ran: Ran): Ran => ({ ...ran, out: ran.out.replace(/\t(plain|tls)\n$/, '\tplain\n') });
    const line = (text: string): string => `${text.replaceAll('|', '\t').replaceAll('\\', '\\\\')}\n`;

    it.each([usual, awkward])('mariadb: $username', async (names) => {
      writeFiles(settings('mysql', names), home, handle);
      const ran = await runClient(clients.mariadb, ['--defaults-group-suffix=_sales', ...batch], { home });
      expect(either(ran)).toEqual({ code: 0, out: line(row(names, 'plain')), err: '' });
    });

    it('mariadb: the line without any file, over TLS that it checks; nothing for another authority', async () => {
      const other = join(folder, 'other.pem');
      writeFileSync(other, (await createTestAuthority()).caPem);
      const run = (authority: string) => {
        const { host, port } = server;
        const words = mysqlParameters({ host, port, username: usual.username, authorityFile: authority });
        return runClient(clients.mariadb, [...words, `--password=${handle}`, ...batch, usual.database], {
          home,
        });
      };
      expect(await run(authorityFile)).toEqual({ code: 0, out: line(row(usual, 'tls')), err: '' });
      const refused = await run(other);
      expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('TLS/SSL error')]);
    });

    it('mariadb: with an authority, over TLS that it checks', async () => {
      writeFiles(settings('mysql', usual, { authorityFile }), home, handle);
      const args = ['--defaults-group-suffix=_sales', ...batch];
      expect(await runClient(clients.mariadb, args, { home })).toEqual({
        code: 0,
        out: line(row(usual, 'tls')),
        err: '',
      });
      const stranger = join(home, 'stranger.pem');
      writeFileSync(stranger, (await createTestAuthority()).caPem);
      writeFiles(settings('mysql', usual, { authorityFile: stranger }), home, handle);
      expect(await runClient(clients.mariadb, args, { home })).toMatchObject({
        code: 1,
        err: expect.stringMatching(/TLS\/SSL error/) as string,
      });
    });

    it('mariadb-dump takes the same groups', async () => {
      writeFiles(settings('mysql', usual), home, handle);
      const dump = { name: 'mariadb-dump', path: 'mariadb-dump', remedy: '' };
      const ran = await runClient(dump, ['--defaults-group-suffix=_sales', '--no-data', 'sales'], { home });
      expect(ran).toMatchObject({
        code: 0,
        err: '',
        out: expect.stringContaining('Dump completed') as string,
      });
    });

    it.each([usual, awkward])(
      'mariadb: opened with a password in its environment: $username',
      async (names) => {
        const { open } = settings('mysql', names);
        writeFileSync(join(home, '.my.cnf'), '[client]\nuser=nobody\npassword=hunter2\nport=1\n');
        const env = { [open?.passwordVariable ?? '']: handle };
        const ran = await runClient(clients.mariadb, [...(open?.args ?? []), ...batch], { home, env });
        expect(either(ran)).toEqual({ code: 0, out: line(row(names, 'plain')), err: '' });
      },
    );

    it('mariadb: the commands as a shell reads them', async () => {
      writeFiles(settings('mysql', usual), home, handle);
      const { texts } = settings('mysql', usual, { socketPath: server.socketPath });
      const run = (text: string) => runClient(readers.sh, ['-c', `${text} -BNe "${sql}"`], { home });
      expect(either(await run(texts[0]?.text ?? ''))).toMatchObject({
        code: 0,
        out: line(row(usual, 'plain')),
      });
      for (const [index, host] of [
        [1, '127.0.0.1'],
        [2, 'localhost'],
      ] as const) {
        // The client asks at the terminal, which is not there; the variable answers in its place.
        const text = (texts[index]?.text ?? '').replace(' --password', '');
        const ran = await runClient(readers.sh, ['-c', `${text} -BNe "${sql}"`], {
          home,
          env: { MYSQL_PWD: handle },
        });
        expect(either(ran)).toEqual({ code: 0, out: line(row(usual, 'plain', host)), err: '' });
      }
    });

    it.each([usual, awkward])('ODBC: a data source with the password in it: $username', async (names) => {
      writeFiles(settings('odbc', names), home, handle);
      expect(await isql(home, ['sales'], sql)).toBe(row(names, 'plain'));
    });

    it('ODBC: with an authority, over TLS', async () => {
      writeFiles(settings('odbc', usual, { authorityFile }), home, handle);
      expect(await isql(home, ['sales'], sql)).toBe(row(usual, 'tls'));
    });

    it.each([usual, awkward])('ODBC: a connection string: $username', async (names) => {
      const [{ text } = { text: '' }] = settings('odbc', names).texts;
      expect(await isql(home, ['-k', fill(text, handle)], sql)).toBe(row(names, 'plain'));
    });

    it('JDBC: MariaDB Connector/J', async () => {
      const url = settings('jdbc', usual).texts[0]?.text ?? '';
      const login = { user: usual.username, password: handle };
      expect(await runJava(home, clients.mariadbJdbc, url, login, sql)).toBe(row(usual, 'plain'));
      const checked = settings('jdbc', usual, { authorityFile }).texts[0]?.text ?? '';
      expect(await runJava(home, clients.mariadbJdbc, checked, login, sql)).toBe(row(usual, 'tls'));
      expect(() => settings('jdbc', awkward)).toThrow(
        expect.objectContaining({ code: 'request-invalid' }) as Error,
      );
    });

    it.each([
      [usual, false],
      [awkward, false],
      [usual, true],
    ] as const)('Python and Node.js: %j, authority %s', async (names, tls) => {
      const changes = {
        command: writeTokenCommand(home, handle),
        role: 'reader',
        ...(tls ? { authorityFile } : {}),
      };
      const python = settings('python', names, changes).texts[0]?.text ?? '';
      expect(await runPython(home, python, sql)).toBe(row(names, tls ? 'tls' : 'plain'));
      const node = settings('node', names, changes).texts[0]?.text ?? '';
      const rest = `const connection = await connect();\nconst [rows] = await connection.query({ sql: ${JSON.stringify(sql)}, rowsAsArray: true });\nconsole.log(rows[0].join('|'));\nawait connection.end();\n`;
      expect(await runNode(home, node, rest)).toBe(row(names, tls ? 'tls' : 'plain'));
    });
  },
);
