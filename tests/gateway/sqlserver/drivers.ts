import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, Request, TYPES } from 'tedious';
import { program } from '../../support/parts.ts';

/** Real SQL clients: tedious in this process, and programs of FreeTDS, unixODBC and Python as a user would start them. */
const freetdsRemedy = 'install the package freetds-bin';
/** The Python that Debian's packages are for. */
const python = '/usr/bin/python3';
const jtdsArchive = '/usr/share/java/jtds.jar';
export const clientParts = {
  tsql: program('tsql', freetdsRemedy),
  bsqldb: program('bsqldb', freetdsRemedy),
  isql: program('isql', 'install the packages unixodbc and tdsodbc'),
  pymssql: {
    name: 'pymssql',
    path: existsSync('/usr/lib/python3/dist-packages/pymssql') ? python : undefined,
    remedy: 'install the package python3-pymssql',
  },
  pytds: {
    name: 'pytds',
    path: existsSync('/usr/lib/python3/dist-packages/pytds') ? python : undefined,
    remedy: 'install the package python3-tds',
  },
  java: program('java', 'install the package openjdk-17-jdk-headless'),
  jtds: {
    name: 'jTDS',
    path: existsSync(jtdsArchive) ? jtdsArchive : undefined,
    remedy: 'install the package libjtds-java',
  },
};

export interface Target {
  port: number;
  user: string;
  password: string;
  database?: string;
  /** PEM file; then the connection is encrypted and the certificate verified. */
  caFile?: string;
  tdsVersion?: string;
}

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export function run(
  command: string,
  argv: string[],
  input: string,
  environment: Record<string, string> = {},
): Promise<Outcome> {
  const child = spawn(command, argv, { env: { ...process.env, LC_ALL: 'C.UTF-8', ...environment } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs a program of FreeTDS with a configuration of its own, in which the server is called "here". */
async function freetds(
  target: Target,
  body: (server: string[], environment: Record<string, string>) => Promise<Outcome>,
) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-freetds-'));
  const file = join(folder, 'freetds.conf');
  const lines = [
    '[here]',
    `host = ${target.caFile === undefined ? '127.0.0.1' : 'localhost'}`,
    `port = ${target.port}`,
    `tds version = ${target.tdsVersion ?? '7.4'}`,
    'client charset = UTF-8',
    'connect timeout = 40',
    `encryption = ${target.caFile === undefined ? 'off' : 'require'}`,
    ...(target.caFile === undefined
      ? []
      : [`ca file = ${target.caFile}`, 'check certificate hostname = yes']),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  try {
    const login = ['-S', 'here', '-U', target.user, '-P', target.password];
    const database = target.database === undefined ? [] : ['-D', target.database];
    return await body([...login, ...database], { FREETDSCONF: file, FREETDS: file });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each line is a statement of one batch. */
export function tsql(target: Target, statements: string[]): Promise<Outcome> {
  return freetds(target, (login, environment) =>
    run(clientParts.tsql.path ?? '', login, `${statements.join('\n')}\ngo\nexit\n`, environment),
  );
}

export function bsqldb(target: Target, statement: string): Promise<Outcome> {
  return freetds(target, (login, environment) =>
    run(clientParts.bsqldb.path ?? '', ['-h', ...login], `${statement}\ngo\n`, environment),
  );
}

export function isql(target: Target, statement: string): Promise<Outcome> {
  const attributes = {
    DRIVER: 'FreeTDS',
    SERVER: target.caFile === undefined ? '127.0.0.1' : 'localhost',
    PORT: target.port,
    UID: target.user,
    PWD: target.password,
    DATABASE: target.database ?? '',
    TDS_Version: target.tdsVersion ?? '7.4',
    ClientCharset: 'UTF-8',
    Encryption: target.caFile === undefined ? 'off' : 'require',
  };
  const connection = Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
  return run(clientParts.isql.path ?? '', ['-v', '-b', '-k', connection.join(';')], `${statement}\n`);
}

/** Runs Python with `connection` and `cursor` of a database that is open. */
export function pymssql(target: Target, lines: string[]): Promise<Outcome> {
  const script = [
    'import pymssql, json, os, sys',
    'connection = pymssql.connect(server="127.0.0.1", port=int(os.environ["PORT"]), user=os.environ["LOGIN"], password=os.environ["SECRET"], database=os.environ["DATABASE"], login_timeout=40)',
    'cursor = connection.cursor()',
    ...lines,
  ];
  return run(clientParts.pymssql.path ?? '', ['-c', script.join('\n')], '', {
    PORT: String(target.port),
    LOGIN: target.user,
    SECRET: target.password,
    DATABASE: target.database ?? '',
  });
}

/** The same with a driver that is written in Python alone; `cursor` is open. */
export function pytds(target: Target, lines: string[]): Promise<Outcome> {
  const trust = target.caFile === undefined ? '' : ', cafile=os.environ["CA"], validate_host=True';
  const script = [
    'import os, pytds',
    `connection = pytds.connect(dsn="localhost", port=int(os.environ["PORT"]), user=os.environ["LOGIN"], password=os.environ["SECRET"], database=os.environ["DATABASE"], login_timeout=40${trust})`,
    'cursor = connection.cursor()',
    ...lines,
  ];
  return run(clientParts.pytds.path ?? '', ['-c', script.join('\n')], '', {
    PORT: String(target.port),
    LOGIN: target.user,
    SECRET: target.password,
    DATABASE: target.database ?? '',
    CA: target.caFile ?? '',
  });
}

const jtdsProgram = `
import java.sql.*;

public class Jtds {
  public static void main(String[] arguments) throws Exception {
    Class.forName("net.sourceforge.jtds.jdbc.Driver");
    for (String line : System.getenv("LOGINS").split("\\n")) {
      String[] login = line.split("\\t");
      try (Connection connection = DriverManager.getConnection(login[0], login[1], login[2])) {
        ResultSet result = connection.createStatement().executeQuery("select suser_sname()");
        result.next();
        System.out.print(result.getString(1));
        result = connection.createStatement().executeQuery("select * from numbers(3000)");
        String last = "";
        while (result.next()) last = result.getInt(1) + " " + result.getString(2);
        System.out.println(" " + last);
      } catch (SQLException error) {
        System.out.println(error.getErrorCode() + " " + error.getMessage());
      }
    }
  }
}
`;

/**
 * Logs in once for each target, with this ending of its URL: a line says who one is there and the last of 3,000 numbers,
 * or the error. One process for all, as each takes seconds to start.
 */
export async function jtds(targets: [Target, string][]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-jtds-'));
  const file = join(folder, 'Jtds.java');
  writeFileSync(file, jtdsProgram);
  const logins = targets.map(([{ port, user, password, database = '' }, options]) =>
    [`jdbc:jtds:sqlserver://localhost:${port}/${database}${options}`, user, password].join('\t'),
  );
  try {
    const options = ['-XX:TieredStopAtLevel=1', '-cp', jtdsArchive, file];
    const outcome = await run(clientParts.java.path ?? '', options, '', { LOGINS: logins.join('\n') });
    return (outcome.stdout + outcome.stderr).trimEnd().split('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Value = number | string;
type DataType = (typeof TYPES)[keyof typeof TYPES];

export interface Tedious {
  connection: Connection;
  /** Rows of the first column. */
  batch(sql: string, onRow?: (row: Value[]) => void): Promise<Value[]>;
  /** sp_executesql with parameters. */
  execute(sql: string, parameters: [string, DataType, Value][]): Promise<Value[]>;
  /** sp_prepare, and sp_execute for each of the values of `@p`. */
  prepared(sql: string, type: DataType, values: Value[]): Promise<Value[]>;
  /** A procedure by its name: rows. */
  call(procedure: string, parameters: [string, DataType, Value][]): Promise<Value[][]>;
  /** The number of rows that the server says it has taken. */
  load(rows: Iterable<Value[]> | AsyncIterable<Value[]>): Promise<number | undefined>;
  transaction(step: 'begin' | 'commit' | 'rollback'): Promise<void>;
  close(): Promise<void>;
}

export interface TediousTarget extends Target {
  encrypt?: boolean | 'strict';
  /** PEM text of the authority. */
  ca?: string;
  accessToken?: string;
  packetSize?: number;
  options?: Record<string, unknown>;
}

/** @throws the driver's own error. */
export async function tedious(target: TediousTarget): Promise<Tedious> {
  const connection = new Connection({
    server: 'localhost',
    authentication:
      target.accessToken === undefined
        ? { type: 'default', options: { userName: target.user, password: target.password } }
        : { type: 'azure-active-directory-access-token', options: { token: target.accessToken } },
    options: {
      port: target.port,
      encrypt: target.encrypt ?? false,
      connectTimeout: 40_000,
      requestTimeout: 50_000,
      cancelTimeout: 30_000,
      maxRetriesOnTransientErrors: 0,
      ...(target.database === undefined ? {} : { database: target.database }),
      ...(target.packetSize === undefined ? {} : { packetSize: target.packetSize }),
      ...(target.ca === undefined ? {} : { cryptoCredentialsDetails: { ca: target.ca } }),
      ...target.options,
    },
  });
  connection.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve()));
  });
  const rowsOf = (sql: string, start: (request: Request) => void, onRow?: (row: Value[]) => void) =>
    new Promise<Value[]>((resolve, reject) => {
      const values: Value[] = [];
      const request = new Request(sql, (error) => (error ? reject(error) : resolve(values)));
      request.on('row', (columns: { value: Value }[]) => {
        if (onRow === undefined) values.push(columns[0]?.value ?? 'NULL');
        else onRow(columns.map(({ value }) => value));
      });
      start(request);
    });
  return {
    connection,
    batch: (sql, onRow) => rowsOf(sql, (request) => connection.execSqlBatch(request), onRow),
    execute: (sql, parameters) =>
      rowsOf(sql, (request) => {
        for (const [name, type, value] of parameters) request.addParameter(name, type, value);
        connection.execSql(request);
      }),
    prepared: (sql, type, values) =>
      new Promise((resolve, reject) => {
        const found: Value[] = [];
        let executed = 0;
        const next = (): void => {
          if (executed === values.length) resolve(found);
          else connection.execute(request, { p: values[executed++] });
        };
        const request = new Request(sql, (error) => {
          if (error) reject(error);
        });
        request.addParameter('p', type);
        request.on('row', (columns: { value: Value }[]) => found.push(columns[0]?.value ?? 'NULL'));
        request.on('prepared', next);
        request.on('requestCompleted', () => {
          if (executed > 0) next();
        });
        connection.prepare(request);
      }),
    async call(procedure, parameters) {
      const rows: Value[][] = [];
      await rowsOf(
        procedure,
        (request) => {
          for (const [name, type, value] of parameters) request.addParameter(name, type, value);
          connection.callProcedure(request);
        },
        (row) => rows.push(row),
      );
      return rows;
    },
    load: (rows) =>
      new Promise((resolve, reject) => {
        const load = connection.newBulkLoad('orders', (error, count) =>
          error ? reject(error) : resolve(count),
        );
        load.addColumn('id', TYPES.Int, { nullable: false });
        load.addColumn('name', TYPES.NVarChar, { length: 200, nullable: true });
        connection.execBulkLoad(load, rows as Iterable<Value[]>);
      }),
    transaction: (step) =>
      new Promise((resolve, reject) => {
        const done = (error?: Error | null): void => (error ? reject(error) : resolve());
        if (step === 'begin') connection.beginTransaction(done);
        else if (step === 'commit') connection.commitTransaction(done);
        else connection.rollbackTransaction(done);
      }),
    close: () =>
      new Promise((resolve) => {
        connection.once('end', () => resolve());
        connection.close();
      }),
  };
}
