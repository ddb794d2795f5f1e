import { fieldsOf, inPath, pasteHandle, programs, tokenCommand, tokenLine } from './common.ts';
import { codeText, dotnetValue, freetdsUser, urlComponent, urlHost } from './escape.ts';
import { conninfo } from './libpq.ts';
import { passwordPlaceholder, type Place, type Protocol, type SettingsText, type Tool } from './types.ts';

const all: readonly Protocol[] = ['postgresql', 'mysql', 'sqlserver'];

const freshToken =
  'The program runs the command for a fresh token whenever it connects, and holds no password.';

/** A list literal, which Python and JavaScript write alike. */
function list(words: readonly string[]): string {
  return `[${words.map(codeText).join(', ')}]`;
}

function pythonText(place: Place): SettingsText {
  const { protocol, host, port, database, username, authorityFile } = place;
  // pymssql is built on FreeTDS.
  const tdsUser = protocol === 'sqlserver' ? freetdsUser(username) : username;
  const token = [
    'import subprocess',
    '',
    'def token():',
    `    command = ${list(tokenCommand(place))}`,
    '    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()',
    '',
  ];
  const text = {
    postgresql: [
      'import psycopg2  # or: import psycopg as psycopg2',
      ...token,
      `connection = psycopg2.connect(host=${codeText(host)}, port=${port}, dbname=${codeText(database)},`,
      `    user=${codeText(username)}, sslmode="disable", password=token())`,
    ],
    mysql: [
      'import pymysql',
      ...token,
      `connection = pymysql.connect(host=${codeText(host)}, port=${port}, database=${codeText(database)},`,
      `    user=${codeText(username)}, password=token()${authorityFile === undefined ? '' : `, ssl_ca=${codeText(authorityFile)}`})`,
    ],
    sqlserver: [
      'import pymssql',
      ...token,
      `connection = pymssql.connect(server=${codeText(host)}, port="${port}", database=${codeText(database)},`,
      `    user=${codeText(tdsUser)}, password=token())`,
    ],
  }[protocol];
  const driver = { postgresql: 'psycopg', mysql: 'PyMySQL', sqlserver: 'pymssql' }[protocol];
  return { label: `Python, ${driver}`, language: 'python', text: `${text.join('\n')}\n` };
}

export const python: Tool = {
  id: 'python',
  title: 'Python',
  protocols: all,
  needs: 'command',
  programs: inPath('python3', 'python'),
  settings(place) {
    return { steps: [freshToken], fields: fieldsOf(place, 'command'), texts: [pythonText(place)], files: [] };
  },
};

function nodeText(place: Place): SettingsText {
  const { protocol, host, port, database, username, authorityFile } = place;
  const [command = '', ...args] = tokenCommand(place);
  const token = [
    "import { execFile } from 'node:child_process';",
    "import { promisify } from 'node:util';",
    '',
    'const run = promisify(execFile);',
    `const token = async () => (await run(${codeText(command)}, ${list(args)})).stdout.trim();`,
    '',
  ];
  const readAuthority = authorityFile === undefined ? [] : ["import { readFileSync } from 'node:fs';"];
  const authority = authorityFile === undefined ? '' : `readFileSync(${codeText(authorityFile)})`;
  const text = {
    postgresql: [
      "import pg from 'pg';",
      ...token,
      'export const pool = new pg.Pool({',
      `  host: ${codeText(host)}, port: ${port}, database: ${codeText(database)},`,
      `  user: ${codeText(username)}, password: token,`,
      '});',
    ],
    mysql: [
      "import mysql from 'mysql2/promise';",
      ...readAuthority,
      ...token,
      'export const connect = async () => mysql.createConnection({',
      `  host: ${codeText(host)}, port: ${port}, database: ${codeText(database)},`,
      `  user: ${codeText(username)}, password: await token(),${authority === '' ? '' : ` ssl: { ca: ${authority} },`}`,
      '});',
    ],
    sqlserver: [
      "import { once } from 'node:events';",
      "import { Connection } from 'tedious';",
      ...readAuthority,
      ...token,
      'export const connect = async () => {',
      '  const connection = new Connection({',
      `    server: ${codeText(host)},`,
      `    authentication: { type: 'default', options: { userName: ${codeText(username)}, password: await token() } },`,
      `    options: { port: ${port}, database: ${codeText(database)}, ${
        authority === ''
          ? 'encrypt: false'
          : `encrypt: true, trustServerCertificate: false, cryptoCredentialsDetails: { ca: ${authority} }`
      } },`,
      '  });',
      '  const [error] = await Promise.all([once(connection, "connect"), connection.connect()]);',
      '  if (error[0]) throw error[0];',
      '  return connection;',
      '};',
    ],
  }[protocol];
  const driver = { postgresql: 'pg', mysql: 'mysql2', sqlserver: 'tedious' }[protocol];
  return { label: `Node.js, ${driver}`, language: 'javascript', text: `${text.join('\n')}\n` };
}

export const node: Tool = {
  id: 'node',
  title: 'Node.js',
  protocols: all,
  needs: 'command',
  programs: inPath('node'),
  settings(place) {
    return { steps: [freshToken], fields: fieldsOf(place, 'command'), texts: [nodeText(place)], files: [] };
  },
};

/** Keywords: Npgsql "Connection String Parameters"; MySqlConnector "Connection Options"; Microsoft.Data.SqlClient. */
function dotnetValues({
  protocol,
  host,
  port,
  database,
  username,
  authorityFile,
}: Place): Record<string, string> {
  switch (protocol) {
    case 'postgresql':
      return {
        Host: host,
        Port: String(port),
        Database: database,
        Username: username,
        'SSL Mode': 'Disable',
      };
    case 'mysql':
      return {
        Server: host,
        Port: String(port),
        Database: database,
        'User ID': username,
        ...(authorityFile === undefined
          ? { 'SSL Mode': 'Preferred' }
          : { 'SSL Mode': 'VerifyCA', 'SSL CA': authorityFile }),
      };
    case 'sqlserver':
      return {
        'Data Source': `${host},${port}`,
        'Initial Catalog': database,
        'User ID': username,
        Encrypt: 'Optional',
      };
  }
}

export const dotnet: Tool = {
  id: 'dotnet',
  title: '.NET: Npgsql, MySqlConnector, Microsoft.Data.SqlClient',
  protocols: all,
  needs: 'handle',
  programs: programs(['dotnet'], ['dotnet', '/usr/local/share/dotnet/dotnet'], ['dotnet.exe']),
  settings(place) {
    const text = Object.entries(dotnetValues(place))
      .map(([key, value]) => `${key}=${dotnetValue(value)}`)
      .join(';');
    const library = {
      postgresql: 'Npgsql',
      mysql: 'MySqlConnector',
      sqlserver: 'Microsoft.Data.SqlClient',
    }[place.protocol];
    return {
      steps: [
        'Keep the string with the password out of the source: in user secrets (dotnet user-secrets set), or the environment.',
        `A program that fetches its password at each login runs: ${tokenLine(place)}`,
        ...(place.protocol === 'sqlserver'
          ? []
          : ['Both data source builders take that as a provider (UsePeriodicPasswordProvider).']),
      ],
      fields: fieldsOf(place, 'handle'),
      texts: [
        { label: `${library}, without a password`, language: 'text', text },
        { label: library, language: 'text', text: `${text};Password=${passwordPlaceholder}`, secret: true },
      ],
      files: [],
    };
  },
};

function rText(place: Place): SettingsText {
  const { protocol, host, port, database, username, authorityFile } = place;
  const [command = '', ...args] = tokenCommand(place);
  const common = [
    `token <- function() system2(${codeText(command)}, shQuote(c(${args.map(codeText).join(', ')})), stdout = TRUE)`,
    'connection <- DBI::dbConnect(',
  ];
  const user = protocol === 'mysql' ? 'username' : 'user';
  const values = `host = ${codeText(host)}, port = ${port}, dbname = ${codeText(database)}, ${user} = ${codeText(username)}, password = token()`;
  const text = {
    postgresql: [...common, `  RPostgres::Postgres(), ${values}, sslmode = "disable"`, ')'],
    mysql: [
      ...common,
      `  RMariaDB::MariaDB(), ${values}${authorityFile === undefined ? '' : `, ssl.ca = ${codeText(authorityFile)}`}`,
      ')',
    ],
    sqlserver: [
      ...common,
      `  odbc::odbc(), Driver = "ODBC Driver 18 for SQL Server", Server = ${codeText(`tcp:${host},${port}`)}, Database = ${codeText(database)}, UID = ${codeText(username)}, PWD = token(), Encrypt = "no"`,
      ')',
    ],
  }[protocol];
  const driver = { postgresql: 'RPostgres', mysql: 'RMariaDB', sqlserver: 'odbc' }[protocol];
  return { label: `R, ${driver}`, language: 'r', text: `${text.join('\n')}\n` };
}

export const r: Tool = {
  id: 'r',
  title: 'R and RStudio',
  protocols: all,
  needs: 'command',
  programs: inPath('R', 'Rscript'),
  settings(place) {
    return { steps: [freshToken], fields: fieldsOf(place, 'command'), texts: [rText(place)], files: [] };
  },
};

/** For whatever has a dialog, or takes a URL. */
export const other: Tool = {
  id: 'other',
  title: 'Any other tool',
  protocols: all,
  needs: 'handle',
  programs: programs([], [], []),
  settings(place) {
    const { protocol, port, database, username } = place;
    const scheme = { postgresql: 'postgresql', mysql: 'mysql', sqlserver: 'sqlserver' }[protocol];
    const address = `${urlComponent(username)}@${urlHost(place.host)}:${port}`;
    const url =
      protocol === 'sqlserver'
        ? `${scheme}://${address}?database=${urlComponent(database)}&encrypt=disable`
        : `${scheme}://${address}/${urlComponent(database)}${protocol === 'postgresql' ? '?sslmode=disable' : ''}`;
    return {
      steps: [
        'Enter the fields where the tool asks for them.',
        pasteHandle,
        `A tool that saves no password gets a token instead: ${tokenLine(place)}`,
      ],
      fields: fieldsOf(place, 'handle'),
      texts: [
        { label: 'URL, without a password', language: 'text', text: url },
        ...(protocol === 'postgresql'
          ? [{ label: 'Connection string of libpq', language: 'text', text: conninfo(place, place.host) }]
          : []),
      ],
      files: [],
    };
  },
};
