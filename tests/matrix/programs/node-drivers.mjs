// Drivers of npm. Each brings what differs; the list of checks is one. See ../checks.ts.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  ca,
  Cannot,
  byDatabase,
  counted,
  database,
  env,
  host,
  loadFile,
  notes,
  port,
  say,
  temporary,
  text,
  textOf,
  told,
  user,
} from './node-shared.mjs';

/**
 * Each opens `{rows(sql, values?), close(), cancel?(), bulk?(), columns?()}`: a session, or a pool of one where the driver
 * has pools. `mark` is a parameter's form.
 */
export const drivers = {
  async pg(password, tls) {
    const { default: pg } = await import('pg');
    if (tls && env.MATRIX_POOLER) throw new Cannot('it is the pooler that the client has TLS with');
    const place = byDatabase
      ? { database: password === 'lk_wrong' ? 'wrong' : password, password: '' }
      : { database, password };
    const pool = new pg.Pool({
      host: tls ? 'localhost' : host,
      port,
      user,
      ...place,
      max: 1,
      ...(tls ? { ssl: { ca } } : {}),
    });
    pool.on('error', () => undefined);
    return {
      mark: '$1',
      rows: async (statement, values) =>
        (await pool.query({ text: statement, values, rowMode: 'array' })).rows,
      close: () => pool.end(),
      async bulk() {
        const { from } = await import('pg-copy-streams');
        const client = await pool.connect();
        await client.query(temporary);
        await pipeline(
          Readable.from(notes.map(({ id, note }) => `${id}\t${note}\n`)),
          client.query(from('copy bulk from stdin')),
        );
        const { rows } = await client.query('select count(*) from bulk');
        client.release();
        return text(rows[0]);
      },
    };
  },
  async postgres(password, tls) {
    const { default: postgres } = await import('postgres');
    const client = postgres({
      host: tls ? 'localhost' : host,
      port,
      user,
      password,
      database,
      max: 1,
      connect_timeout: 30,
      onnotice: () => undefined,
      ...(tls ? { ssl: { ca } } : {}),
    });
    return {
      mark: '$1',
      rows: async (statement, values) => [
        ...(await client.unsafe(statement, values, { prepare: values !== undefined }).values()),
      ],
      close: () => client.end({ timeout: 1 }),
      async cancel(statement) {
        const query = client.unsafe(statement);
        const seen = query.then(String, textOf);
        say({ running: 'cancel' });
        await told();
        await query.cancel();
        return seen;
      },
      async bulk() {
        await client.unsafe(temporary);
        await pipeline(
          Readable.from(notes.map(({ id, note }) => `${id}\t${note}\n`)),
          await client`copy bulk from stdin`.writable(),
        );
        return text((await client.unsafe('select count(*) from bulk'))[0]);
      },
    };
  },
  async mysql2(password, tls) {
    const { default: mysql } = await import('mysql2/promise');
    const { createReadStream } = await import('node:fs');
    const pool = mysql.createPool({
      host: tls ? 'localhost' : host,
      port,
      user,
      password,
      database,
      connectionLimit: 1,
      rowsAsArray: true,
      ...(tls ? { ssl: { ca } } : {}),
    });
    return {
      mark: '?',
      rows: async (statement, values) =>
        (values === undefined ? await pool.query(statement) : await pool.execute(statement, values))[0],
      close: () => pool.end(),
      thread: async () => {
        const connection = await pool.getConnection();
        connection.release();
        return connection.threadId;
      },
      async bulk() {
        await pool.query(temporary);
        const statement = `load data local infile '${loadFile()}' into table bulk`;
        await pool.query({ sql: statement, infileStreamFactory: (path) => createReadStream(path) });
        return counted(this);
      },
    };
  },
  async mysql(password, tls) {
    const { default: mysql } = await import('mysql');
    const pool = mysql.createPool({
      host: tls ? 'localhost' : host,
      port,
      user,
      password,
      database,
      connectionLimit: 1,
      ...(tls ? { ssl: { ca } } : {}),
    });
    const rows = (statement, values) =>
      new Promise((resolve, reject) => {
        pool.query(statement, values, (error, found) => (error ? reject(error) : resolve(found)));
      });
    return {
      mark: '?',
      rows,
      close: () => new Promise((resolve) => pool.end(resolve)),
      thread: () =>
        new Promise((resolve, reject) => {
          pool.getConnection((error, connection) => {
            if (error) return reject(error);
            connection.release();
            return resolve(connection.threadId);
          });
        }),
      async bulk() {
        await rows(temporary);
        await rows(`load data local infile '${loadFile()}' into table bulk`);
        return counted(this);
      },
    };
  },
  async mariadb(password, tls) {
    const { createPool } = await import('mariadb');
    const pool = createPool({
      host: tls ? 'localhost' : host,
      port,
      user,
      password,
      database,
      connectionLimit: 1,
      rowsAsArray: true,
      permitLocalInfile: true,
      acquireTimeout: 5000,
      connectTimeout: 5000,
      ...(tls ? { ssl: { ca } } : {}),
    });
    return {
      mark: '?',
      rows: (statement, values) =>
        values === undefined ? pool.query(statement) : pool.execute(statement, values),
      close: () => pool.end(),
      thread: async () => {
        const connection = await pool.getConnection();
        await connection.release();
        return connection.threadId;
      },
      async bulk() {
        const connection = await pool.getConnection();
        await connection.query(temporary);
        await connection.query(`load data local infile '${loadFile()}' into table bulk`);
        const [row] = await connection.query('select count(*) from bulk');
        await connection.release();
        return text(row);
      },
    };
  },
  async tedious(password, tls, encrypt = true) {
    const { Connection, Request, TYPES } = await import('tedious');
    const open = async () => {
      const connection = new Connection({
        server: 'localhost',
        authentication: { type: 'default', options: { userName: user, password } },
        options: {
          port,
          database,
          connectTimeout: 40_000,
          requestTimeout: 60_000,
          ...(encrypt ? {} : { encrypt: false }),
          ...(tls ? { cryptoCredentialsDetails: { ca } } : {}),
        },
      });
      connection.on('error', () => undefined);
      await new Promise((resolve, reject) => {
        connection.connect((error) => (error ? reject(error) : resolve()));
      });
      return connection;
    };
    let connection = await open();
    const rows = async (statement, values) => {
      if (connection.closed) connection = await open();
      return new Promise((resolve, reject) => {
        const found = [];
        const request = new Request(statement, (error) => (error ? reject(error) : resolve(found)));
        request.on('row', (columns) => found.push(columns.map(({ value }) => value)));
        for (const value of values ?? []) request.addParameter('p', TYPES.Int, value);
        if (values === undefined) connection.execSqlBatch(request);
        else connection.execSql(request);
      });
    };
    return {
      mark: '@p',
      rows,
      close: async () => connection.close(),
      async cancel(statement) {
        const seen = rows(statement).then(() => 'ended', textOf);
        say({ running: 'cancel' });
        await told();
        connection.cancel();
        return seen;
      },
    };
  },
  async mssql(password, tls) {
    const { default: mssql } = await import('mssql');
    const pool = await new mssql.ConnectionPool({
      server: 'localhost',
      port,
      user,
      password,
      database,
      requestTimeout: 60_000,
      connectionTimeout: 40_000,
      pool: { max: 1 },
      options: tls ? { cryptoCredentialsDetails: { ca } } : {},
    }).connect();
    pool.on('error', () => undefined);
    return {
      mark: '@p',
      async rows(statement, values) {
        const request = pool.request();
        for (const value of values ?? []) request.input('p', mssql.Int, value);
        return (
          (values === undefined ? await request.batch(statement) : await request.query(statement))
            .recordset ?? []
        );
      },
      close: () => pool.close(),
      async cancel(statement) {
        const request = pool.request();
        const seen = request.batch(statement).then(() => 'ended', textOf);
        say({ running: 'cancel' });
        await told();
        request.cancel();
        return seen;
      },
    };
  },
};
