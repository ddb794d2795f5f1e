import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fill, textOf } from '../../main/connect/fill.ts';
import { settingsFor } from '../../main/connect/tools.ts';
import type { Place, Settings, ToolId } from '../../main/connect/types.ts';
import { describeWith, parts } from '../support/parts.ts';
import { startPostgres } from '../support/postgres.ts';
import { useAll } from '../support/use-all.ts';
import { handle, place, writeFiles, writeTokenCommand } from './places.ts';
import { readers } from './readers.ts';
import { clients, isql, runClient, runJava, runNode, runPython } from './run-client.ts';

const usual = { username: 'bruno@fabrikam.example', database: 'sales' };
/** Names that each format has to escape. */
const awkward = { username: `we:ird\\ u"s'er #1=%41`, database: `d{b} #2 'x' =&?/%` };

describeWith(
  [parts.postgres, parts.psql, readers.python, clients.isql, clients.psqlodbc, clients.java, clients.pgJdbc],
  'real clients read the settings for PostgreSQL',
  () => {
    describe('whose authority is not known', () => check(false));
    describe('which they verify', () => check(true));
  },
);

/** @param verified the server takes encrypted connections only, and the settings name its authority. */
function check(verified: boolean): void {
  let home: string;
  let folder: string;
  let authorityFile: string;
  const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

  const server = useAll(() =>
    startPostgres({ tls: verified, hba: verified ? ['hostnossl all all all reject'] : [] }),
  );
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lk-ca-'));
    authorityFile = join(folder, "the gateway's ca.pem");
    writeFileSync(authorityFile, server.caPem ?? '');
    for (const { username, database } of [usual, awkward]) {
      await server.query(`create role ${quoted(username)} login password '${handle}'`);
      await server.query(`create database ${quoted(database)} owner ${quoted(username)}`);
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
    settingsFor(
      tool,
      place('postgresql', {
        ...names,
        host: server.host,
        port: server.port,
        ...(verified ? { authorityFile } : {}),
        ...changes,
      }),
    );
  const sql = 'select current_user, current_database()';
  const row = ({ username, database }: typeof usual): string => `${username}|${database}`;

  it.each([usual, awkward])('psql: $username', async (names) => {
    writeFiles(settings('psql', names), home, handle);
    const ran = await runClient(parts.psql, ['-XAtc', sql, 'service=sales'], { home });
    expect(ran).toEqual({ code: 0, out: `${row(names)}\n`, err: '' });
  });

  it('psql: a wrong password in the file does not let anybody in', async () => {
    writeFiles(settings('psql', usual), home, 'lkh_wrong');
    const ran = await runClient(parts.psql, ['-XAtwc', sql, 'service=sales'], { home });
    expect(ran).toMatchObject({
      code: 2,
      err: expect.stringContaining('password authentication failed') as string,
    });
  });

  it.each([usual, awkward])('psql: opened with a password in its environment: $username', async (names) => {
    const { open } = settings('psql', names);
    const env = { [open?.passwordVariable ?? '']: handle, PGSSLMODE: 'verify-full', PGUSER: 'nobody' };
    const ran = await runClient(parts.psql, ['-XAtc', sql, ...(open?.args ?? [])], { home, env });
    expect(ran).toEqual({ code: 0, out: `${row(names)}\n`, err: '' });
  });

  it('psql: the command without a file, over TCP and the socket, as a shell reads it', async () => {
    for (const { label, text } of settings('psql', awkward, {
      socketDirectory: server.socketDir,
    }).texts.slice(1)) {
      const ran = await runClient(readers.sh, ['-c', `${text} -XAtc '${sql}'`], {
        home,
        env: { PGPASSWORD: handle },
      });
      expect(ran, label).toEqual({ code: 0, out: `${row(awkward)}\n`, err: '' });
    }
  });

  it('pgAdmin: the command prints the password, as a shell runs it', async () => {
    const command = writeTokenCommand(home, handle);
    const [file] = settings('pgadmin', usual, { command, role: 'reader' }).files;
    if (file === undefined) throw new Error('no file');
    const { Servers } = JSON.parse(textOf(file)) as { Servers: { 1: Record<string, string> } };
    const ran = await runClient(readers.sh, ['-c', Servers[1]['PasswordExecCommand'] ?? ''], { home });
    expect(ran).toEqual({ code: 0, out: `${handle}\n`, err: '' });
  });

  it('ODBC: a data source with the password in it', async () => {
    writeFiles(settings('odbc', awkward), home, handle);
    expect(await isql(home, ['sales'], sql)).toBe(row(awkward));
  });

  it.each([usual, awkward])('ODBC: a connection string: $username', async (names) => {
    const [{ text } = { text: '' }] = settings('odbc', names).texts;
    expect(await isql(home, ['-k', fill(text, handle)], sql)).toBe(row(names));
  });

  it.each([usual, awkward])('JDBC: $username', async (names) => {
    for (const tool of ['jdbc', 'dbeaver'] as const) {
      const found = settings(tool, names);
      const url =
        tool === 'jdbc'
          ? (found.texts[0]?.text ?? '')
          : (/"url": (".*")/.exec(textOf(found.files[0] as never))?.[1] ?? '').slice(1, -1);
      const login = { user: names.username, password: handle };
      expect(await runJava(home, clients.pgJdbc, url, login, sql)).toBe(row(names));
    }
  });

  it.each([usual, awkward])('Python and Node.js: $username', async (names) => {
    const changes = { command: writeTokenCommand(home, handle), role: 'reader' };
    const python = settings('python', names, changes).texts[0]?.text ?? '';
    expect(await runPython(home, python, sql)).toBe(row(names));
    const node = settings('node', names, changes).texts[0]?.text ?? '';
    const rest = `const { rows } = await pool.query({ text: ${JSON.stringify(sql)}, rowMode: 'array' });\nconsole.log(rows[0].join('|'));\nawait pool.end();\n`;
    expect(await runNode(home, node, rest)).toBe(row(names));
  });

  it('any other tool: the URL', async () => {
    const url = new URL(settings('other', awkward).texts[0]?.text ?? '');
    url.password = handle;
    const ran = await runClient(parts.psql, ['-XAtc', sql, url.href], { home });
    expect(ran).toEqual({ code: 0, out: `${row(awkward)}\n`, err: '' });
  });
}
