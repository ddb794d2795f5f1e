import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProtocolName } from '../../main/contract/protocols.ts';
import { statements } from './checks.ts';
import type { MatrixWorld } from './world.ts';

/** A client that is tried: how its program is started, and what has to be installed for it. */
export interface MatrixClient {
  name: string;
  protocol: ProtocolName;
  command: string[];
  /** A file that is there where the client is installed. */
  installed: string;
  /** What installs it. */
  remedy: string;
  env?(world: MatrixWorld): Record<string, string>;
  /**
   * `clear-text`: cannot do SCRAM, and logs in at a port with `clientAuth: password`. `short`: takes tokens and handles of
   * 28 characters (`--short`).
   */
  variant?: 'clear-text' | 'short';
}

const programs = fileURLToPath(new URL('programs', import.meta.url));
const python = '/usr/lib/python3/dist-packages';
const perl = '/usr/lib/x86_64-linux-gnu/perl5/5.36';
const go = '/usr/share/gocode/src/github.com';
const goProgram = join(tmpdir(), `latchkey-matrix-go-${process.getuid?.() ?? 0}`);
/** One at a time, as the first takes long. */
const build = 'flock "$0.lock" /usr/bin/go build -o "$0" "$1" && exec "$0" "$2"';
const jars = {
  postgresql: '/usr/share/java/postgresql.jar',
  mariadb: '/usr/share/java/mariadb-java-client.jar',
  jtds: '/usr/share/java/jtds.jar',
};
const javaNames = { postgresql: 'pgJDBC', mariadb: 'MariaDB Connector/J', jtds: 'jTDS' };
const javaPackages = {
  postgresql: 'libpostgresql-jdbc-java',
  mariadb: 'libmariadb-java',
  jtds: 'libjtds-java',
};
const javaProtocols = { postgresql: 'postgresql', mariadb: 'mysql', jtds: 'sqlserver' } as const;
const all = (kinds: MatrixClient[][]): MatrixClient[] => kinds.flat();

type Row = [name: string, protocol: ProtocolName, argument: string, installed: string, remedy: string];

const rows = (
  command: (argument: string) => string[],
  list: Row[],
  env?: (world: MatrixWorld) => Record<string, string>,
): MatrixClient[] =>
  list.map(([name, protocol, argument, installed, remedy]) => ({
    name,
    protocol,
    command: command(argument),
    installed,
    remedy,
    ...(env === undefined ? {} : { env }),
  }));

const npmNames: Record<string, string> = {
  postgres: 'postgres.js',
  mariadb: 'mariadb (npm)',
  drizzle: 'Drizzle',
  knex: 'Knex',
  sequelize: 'Sequelize',
  typeorm: 'TypeORM',
};
const npm = (protocol: ProtocolName, names: string[]): Row[] =>
  names.map((name) => [
    npmNames[name] ?? name,
    protocol,
    name,
    fileURLToPath(new URL(`node_modules/${name === 'drizzle' ? 'drizzle-orm' : name}`, import.meta.url)),
    'npm ci --prefix tests/matrix',
  ]);

export const clients: MatrixClient[] = all([
  rows(
    (name) => ['/usr/bin/python3', `${programs}/python.py`, name],
    [
      ['psycopg 2', 'postgresql', 'psycopg2', `${python}/psycopg2`, 'python3-psycopg2'],
      ['psycopg 3', 'postgresql', 'psycopg', `${python}/psycopg`, 'python3-psycopg'],
      [
        'pyodbc, psqlODBC',
        'postgresql',
        'pyodbc:PostgreSQL Unicode',
        `${python}/pyodbc.pyi`,
        'python3-pyodbc odbc-postgresql',
      ],
      ['PyMySQL', 'mysql', 'PyMySQL', `${python}/pymysql`, 'python3-pymysql'],
      ['mysqlclient', 'mysql', 'mysqlclient', `${python}/MySQLdb`, 'python3-mysqldb'],
      [
        'pyodbc, MariaDB',
        'mysql',
        'pyodbc:MariaDB Unicode',
        `${python}/pyodbc.pyi`,
        'python3-pyodbc odbc-mariadb',
      ],
      ['pymssql', 'sqlserver', 'pymssql', `${python}/pymssql`, 'python3-pymssql'],
      ['python-tds', 'sqlserver', 'pytds', `${python}/pytds`, 'python3-tds'],
      ['pyodbc, FreeTDS', 'sqlserver', 'pyodbc:FreeTDS', `${python}/pyodbc.pyi`, 'python3-pyodbc tdsodbc'],
    ],
  ),
  rows(
    (name) => ['/usr/bin/python3', `${programs}/python.py`, name],
    [['pg8000', 'postgresql', 'pg8000', `${python}/pg8000`, 'python3-pg8000']],
  ).map((client): MatrixClient => ({ ...client, variant: 'clear-text' })),
  rows(
    (name) => ['/usr/bin/python3', `${programs}/python-async.py`, name],
    [
      ['asyncpg', 'postgresql', 'asyncpg', `${python}/asyncpg`, 'python3-asyncpg'],
      ['aiomysql', 'mysql', 'aiomysql', `${python}/aiomysql`, 'python3-aiomysql'],
    ],
  ),
  rows(
    (name) => [process.execPath, `${programs}/node.mjs`, name],
    [
      ...npm('postgresql', ['pg', 'postgres', 'knex', 'sequelize', 'typeorm', 'drizzle']),
      ...npm('mysql', ['mysql', 'mysql2', 'mariadb', 'knex', 'sequelize', 'typeorm', 'drizzle']),
      ...npm('sqlserver', ['tedious', 'mssql', 'knex', 'sequelize', 'typeorm']),
    ],
    // As where the authority is in the system's store: these clients of SQL Server verify by default.
    ({ authority }) => ({ NODE_EXTRA_CA_CERTS: authority }),
  ),
  rows(
    (name) => ['/usr/bin/perl', `${programs}/perl.pl`, name],
    [
      ['DBD::Pg', 'postgresql', 'Pg', `${perl}/DBD/Pg.pm`, 'libdbd-pg-perl'],
      ['DBD::mysql', 'mysql', 'mysql', `${perl}/DBD/mysql.pm`, 'libdbd-mysql-perl'],
      ['DBD::MariaDB', 'mysql', 'MariaDB', `${perl}/DBD/MariaDB.pm`, 'libdbd-mariadb-perl'],
    ],
  ),
  rows(
    (name) => ['/usr/bin/perl', `${programs}/perl.pl`, name],
    [['DBD::Sybase', 'sqlserver', 'Sybase', `${perl}/DBD/Sybase.pm`, 'libdbd-sybase-perl']],
  ).map((client): MatrixClient => ({ ...client, variant: 'short' })),
  rows(
    (name) => ['/usr/bin/php', '-d', 'mysqli.allow_local_infile=1', `${programs}/php.php`, name],
    [
      ['PHP pgsql', 'postgresql', 'pgsql', '/etc/php/8.2/mods-available/pgsql.ini', 'php-cli php-pgsql'],
      [
        'PHP PDO',
        'postgresql',
        'PDO pgsql',
        '/etc/php/8.2/mods-available/pdo_pgsql.ini',
        'php-cli php-pgsql',
      ],
      ['PHP mysqli', 'mysql', 'mysqli', '/etc/php/8.2/mods-available/mysqli.ini', 'php-cli php-mysql'],
      ['PHP PDO', 'mysql', 'PDO mysql', '/etc/php/8.2/mods-available/pdo_mysql.ini', 'php-cli php-mysql'],
      [
        'PHP PDO',
        'sqlserver',
        'PDO dblib',
        '/etc/php/8.2/mods-available/pdo_dblib.ini',
        'php-cli php-sybase',
      ],
    ],
  ),
  rows(
    (name) => ['/usr/bin/ruby', `${programs}/ruby.rb`, name],
    [
      ['Ruby pg', 'postgresql', 'pg', '/usr/lib/ruby/vendor_ruby/pg.rb', 'ruby-pg'],
      ['Ruby mysql2', 'mysql', 'mysql2', '/usr/lib/ruby/vendor_ruby/mysql2.rb', 'ruby-mysql2'],
    ],
  ),
  rows(
    (name) => ['/bin/sh', '-c', build, goProgram, `${programs}/go/main.go`, name],
    [
      ['lib/pq', 'postgresql', 'postgres', `${go}/lib/pq`, 'golang-go golang-github-lib-pq-dev'],
      [
        'go-sql-driver',
        'mysql',
        'mysql',
        `${go}/go-sql-driver/mysql`,
        'golang-github-go-sql-driver-mysql-dev',
      ],
      [
        'go-mssqldb',
        'sqlserver',
        'sqlserver',
        `${go}/denisenkom/go-mssqldb`,
        'golang-github-denisenkom-go-mssqldb-dev',
      ],
    ],
    () => ({ GOPATH: '/usr/share/gocode', GO111MODULE: 'off', GOCACHE: `${goProgram}-cache` }),
  ),
  ...(['postgresql', 'mariadb', 'jtds'] as const).map((kind) =>
    rows(
      () => ['/usr/bin/java', '-XX:TieredStopAtLevel=1', '-cp', jars[kind], `${programs}/Client.java`],
      [
        [
          javaNames[kind],
          javaProtocols[kind],
          kind,
          jars[kind],
          `openjdk-17-jdk-headless ${javaPackages[kind]}`,
        ],
      ],
      () => ({
        MATRIX_JDBC: kind,
        ...Object.fromEntries(
          Object.entries(statements[javaProtocols[kind]]).map(([name, text]) => [
            `MATRIX_SQL_${name.toUpperCase()}`,
            text.replace('NAME', javaNames[kind]),
          ]),
        ),
      }),
    ),
  ),
  rows(
    (name) => [process.execPath, `${programs}/command-lines.mjs`, name],
    [
      ['psql', 'postgresql', 'psql', '/usr/bin/psql', 'postgresql-client'],
      ['pgcli', 'postgresql', 'pgcli', '/usr/bin/pgcli', 'pgcli'],
      ['pgloader', 'postgresql', 'pgloader', '/usr/bin/pgloader', 'pgloader'],
      ['isql, psqlODBC', 'postgresql', 'isql, psqlODBC', '/usr/bin/isql', 'unixodbc odbc-postgresql'],
      ['mariadb (command line)', 'mysql', 'mariadb', '/usr/bin/mariadb', 'mariadb-client'],
      ['mycli', 'mysql', 'mycli', '/usr/bin/mycli', 'mycli'],
      ['isql, MariaDB', 'mysql', 'isql, MariaDB', '/usr/bin/isql', 'unixodbc odbc-mariadb'],
      ['tsql', 'sqlserver', 'tsql', '/usr/bin/tsql', 'freetds-bin'],
      ['isql, FreeTDS', 'sqlserver', 'isql, FreeTDS', '/usr/bin/isql', 'unixodbc tdsodbc'],
    ],
  ),
  rows(
    (name) => [process.execPath, `${programs}/pooler.mjs`, name],
    [
      ['PgBouncer', 'postgresql', 'pgbouncer', '/usr/sbin/pgbouncer', 'pgbouncer'],
      ['Pgpool-II', 'postgresql', 'pgpool', '/usr/sbin/pgpool', 'pgpool2'],
    ],
  ),
]);

export const isInstalled = ({ installed }: MatrixClient): boolean => existsSync(installed);
