import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { program, type Part } from '../support/parts.ts';
import { readers } from './readers.ts';

const java = program('java', 'install the package openjdk-17-jdk-headless');
const file = (path: string, remedy: string): Part => ({
  name: path,
  path: existsSync(path) ? path : undefined,
  remedy,
});
export const clients = {
  isql: program('isql', 'install the package unixodbc'),
  psqlodbc: odbcDriver('psqlodbcw.so', 'odbc-postgresql'),
  mariadbOdbc: odbcDriver('libmaodbc.so', 'odbc-mariadb'),
  freetdsOdbc: odbcDriver('libtdsodbc.so', 'tdsodbc'),
  pytds: file('/usr/lib/python3/dist-packages/pytds', 'install the package python3-tds'),
  mariadb: program('mariadb', 'install the package mariadb-client'),
  tsql: program('tsql', 'install the package freetds-bin'),
  script: program('script', 'install the package bsdutils'),
  java,
  pgJdbc: file('/usr/share/java/postgresql.jar', 'install the package libpostgresql-jdbc-java'),
  mariadbJdbc: file('/usr/share/java/mariadb-java-client.jar', 'install the package libmariadb-java'),
};

function odbcDriver(library: string, name: string): Part {
  const folders = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/odbc`);
  const path = folders.map((folder) => join(folder, library)).find((candidate) => existsSync(candidate));
  return { name: library, path, remedy: `install the package ${name}` };
}

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

/** Runs a program in a home of its own and with none of the variables that clients read. */
export async function runClient(
  part: Part,
  args: string[],
  { home, input = '', env = {} }: { home: string; input?: string; env?: NodeJS.ProcessEnv },
): Promise<Ran> {
  const child = spawn(part.path ?? part.name, args, {
    // unixODBC and FreeTDS take the home from the password database, not from HOME.
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      LC_ALL: 'C.UTF-8',
      ODBCINI: join(home, '.odbc.ini'),
      FREETDSCONF: join(home, '.freetds.conf'),
      ...env,
    },
    cwd: home,
    timeout: 120_000,
  });
  child.stdin.on('error', () => undefined).end(input);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, out, err };
}

/** The first row of one statement through unixODBC's own client. */
export async function isql(home: string, source: string[], sql: string): Promise<string> {
  const ran = await runClient(clients.isql, [...source, '-b', '-v', '-d|'], { home, input: `${sql}\n` });
  expect(ran, JSON.stringify(ran)).toMatchObject({ code: 0 });
  return ran.out.trim().split('\n')[0] ?? '';
}

/** Runs a Python snippet of the settings, with a statement behind it. */
export async function runPython(home: string, snippet: string, sql: string): Promise<string> {
  const path = join(home, 'snippet.py');
  const rest = `cursor = connection.cursor()\ncursor.execute(${JSON.stringify(sql)})\nprint("|".join(map(str, cursor.fetchone())))\n`;
  writeFileSync(path, `${snippet}${rest}`);
  const ran = await runClient(readers.python, [path], { home });
  expect(ran).toMatchObject({ code: 0, err: '' });
  return ran.out.trim();
}

/** Runs a Node.js snippet of the settings as a module, with statements behind it. */
export async function runNode(
  home: string,
  snippet: string,
  rest: string,
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const modules = join(home, 'node_modules');
  if (!existsSync(modules))
    symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), modules);
  const path = join(home, 'snippet.mjs');
  writeFileSync(path, `${snippet}${rest}`);
  const ran = await runClient({ name: 'node', path: process.execPath, remedy: '' }, [path], { home, env });
  expect(ran).toMatchObject({ code: 0, err: '' });
  return ran.out.trim();
}

/** Connects with a JDBC URL, and user and password beside it; prints the first row. */
export const runJava = (
  home: string,
  jar: Part,
  url: string,
  { user, password }: { user: string; password: string },
  sql: string,
): Promise<string> =>
  runJavaWith(home, jar, [url, user, password, sql], {
    body: `String sql = in.next();
    try (Connection c = DriverManager.getConnection(url, login); ResultSet r = c.createStatement().executeQuery(sql)) {
      r.next();
      List<String> row = new ArrayList<>();
      for (int i = 1; i <= r.getMetaData().getColumnCount(); i++) row.add(r.getString(i));
      out.println(String.join("|", row));
    }`,
  });

/** The same with a program of one's own, for which `url`, `login`, `in` with further words, and `out` are there. */
export async function runJavaWith(
  home: string,
  jar: Part,
  words: string[],
  { imports = '', body }: { imports?: string; body: string },
): Promise<string> {
  const path = join(home, 'Ask.java');
  writeFileSync(
    path,
    `import java.sql.*;
import java.util.*;
${imports}
public class Ask {
  public static void main(String[] unused) throws Exception {
    Scanner in = new Scanner(System.in, "UTF-8").useDelimiter("\u0001");
    java.io.PrintStream out = new java.io.PrintStream(System.out, true, "UTF-8");
    Properties login = new Properties();
    String url = in.next();
    login.setProperty("user", in.next());
    login.setProperty("password", in.next());
    ${body}
  }
}
`,
  );
  const options = ['-XX:TieredStopAtLevel=1', '-Xshare:auto', '-Dfile.encoding=UTF-8', '-cp', jar.path ?? ''];
  const ran = await runClient(clients.java, [...options, path], { home, input: words.join('\u0001') });
  expect(ran, ran.err).toMatchObject({ code: 0 });
  return ran.out.trim();
}
