// Query builders of npm, in the form of ./node-drivers.mjs.
import {
  ca,
  Cannot,
  counted,
  database,
  host,
  notes,
  port,
  say,
  sql,
  temporary,
  textOf,
  told,
  user,
} from './node-shared.mjs';

export const builders = {
  async knex(password, tls) {
    const { default: knex } = await import('knex');
    const client = { postgresql: 'pg', mysql: 'mysql2', sqlserver: 'mssql' }[sql.protocol];
    const server = sql.protocol === 'sqlserver';
    const connection = server
      ? {
          server: 'localhost',
          port,
          userName: user,
          user,
          password,
          database,
          options: tls ? { cryptoCredentialsDetails: { ca } } : {},
        }
      : { host: tls ? 'localhost' : host, port, user, password, database, ...(tls ? { ssl: { ca } } : {}) };
    const orm = knex({
      client,
      connection,
      pool: { min: 0, max: 1 },
      acquireConnectionTimeout: 40_000,
      log: { warn() {}, error() {} },
    });
    const rows = async (statement, values = []) => {
      const found = await orm.raw(statement, values);
      return client === 'pg' ? found.rows : client === 'mysql2' ? found[0] : found;
    };
    return {
      mark: '?',
      rows,
      close: () => orm.destroy(),
      async cancel(statement) {
        if (server) throw new Cannot('no cancel on time-out for this dialect');
        const seen = orm
          .raw(statement)
          .timeout(2500, { cancel: true })
          .then(String, (error) => `cancel ${textOf(error)}`);
        say({ running: 'cancel' });
        await told();
        return seen;
      },
      async bulk() {
        await rows(temporary);
        await orm.batchInsert('bulk', notes, 500);
        return counted(this);
      },
      columns: async () => Object.keys(await orm('matrix_items').columnInfo()).concat('matrix_items'),
    };
  },
  async sequelize(password, tls) {
    const { Sequelize, QueryTypes } = await import('sequelize');
    const server = sql.protocol === 'sqlserver';
    const dialect = { postgresql: 'postgres', mysql: 'mysql', sqlserver: 'mssql' }[sql.protocol];
    const trust = server
      ? { options: { cryptoCredentialsDetails: { ca }, requestTimeout: 60_000 } }
      : { ssl: { ca } };
    const orm = new Sequelize(database, user, password, {
      dialect,
      host: tls || server ? 'localhost' : host,
      port,
      logging: false,
      pool: { max: 1 },
      retry: { max: 0 },
      dialectOptions: tls ? trust : server ? { options: { requestTimeout: 6e4 } } : {},
    });
    const rows = async (statement, bind) => (await orm.query(statement, { type: QueryTypes.RAW, bind }))[0];
    return {
      mark: '$1',
      rows,
      close: () => orm.close(),
      async bulk() {
        await orm.query(temporary);
        await orm.getQueryInterface().bulkInsert('bulk', notes);
        return counted(this);
      },
      columns: async () =>
        Object.keys(await orm.getQueryInterface().describeTable('matrix_items')).concat('matrix_items'),
    };
  },
  async typeorm(password, tls) {
    await import('reflect-metadata');
    const { DataSource } = await import('typeorm');
    const server = sql.protocol === 'sqlserver';
    const type = { postgresql: 'postgres', mysql: 'mysql', sqlserver: 'mssql' }[sql.protocol];
    const source = new DataSource({
      type,
      host: tls || server ? 'localhost' : host,
      port,
      username: user,
      password,
      database,
      logging: false,
      ...(server
        ? {
            requestTimeout: 6e4,
            options: tls ? { cryptoCredentialsDetails: { ca } } : {},
          }
        : tls
          ? { ssl: { ca } }
          : {}),
      extra: sql.protocol === 'mysql' ? { connectionLimit: 1 } : { max: 1 },
    });
    await source.initialize();
    return {
      mark: { postgresql: '$1', mysql: '?', sqlserver: '@0' }[sql.protocol],
      rows: (statement, values) => source.query(statement, values),
      close: () => source.destroy(),
      async bulk() {
        await source.query(temporary);
        await source.createQueryBuilder().insert().into('bulk', ['id', 'note']).values(notes).execute();
        return counted(this);
      },
      async columns() {
        const runner = source.createQueryRunner();
        const table = await runner.getTable('matrix_items');
        await runner.release();
        return [table.name, ...table.columns.map((column) => column.name)];
      },
    };
  },
  async drizzle(password, tls) {
    const { sql: tagged } = await import('drizzle-orm');
    const parameter = (statement, values) => {
      const [before = '', after = ''] = statement.split('{}');
      return values === undefined
        ? tagged.raw(statement)
        : tagged`${tagged.raw(before)}${values[0]}${tagged.raw(after)}`;
    };
    if (sql.protocol === 'postgresql') {
      const { drizzle } = await import('drizzle-orm/node-postgres');
      const { default: pg } = await import('pg');
      const pool = new pg.Pool({
        host: tls ? 'localhost' : host,
        port,
        user,
        password,
        database,
        max: 1,
        ...(tls ? { ssl: { ca } } : {}),
      });
      pool.on('error', () => undefined);
      const db = drizzle({ client: pool });
      return {
        mark: '{}',
        rows: async (statement, values) => (await db.execute(parameter(statement, values))).rows,
        close: () => pool.end(),
      };
    }
    const { drizzle } = await import('drizzle-orm/mysql2');
    const { default: mysql } = await import('mysql2/promise');
    const pool = mysql.createPool({
      host: tls ? 'localhost' : host,
      port,
      user,
      password,
      database,
      connectionLimit: 1,
      ...(tls ? { ssl: { ca } } : {}),
    });
    const db = drizzle({ client: pool });
    return {
      mark: '{}',
      rows: async (statement, values) => (await db.execute(parameter(statement, values)))[0],
      close: () => pool.end(),
    };
  },
};
