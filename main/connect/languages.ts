import { allProtocols, inPath, pasteHandle, programs, tokenCommand, tokenLine } from './common.ts';
import { codeText, dotnetValue, urlComponent, urlHost, urlParameters } from './escape.ts';
import { conninfo, libpqHost, libpqTls } from './libpq.ts';
import { encryption } from './sqlserver.ts';
import { passwordPlaceholder, type Place, type SettingsText, type Tool } from './types.ts';

export const freshToken =
  'The program runs the command for a fresh token whenever it connects, and holds no password.';

/** A list literal, which Python and JavaScript write alike. */
export function list(words: readonly string[]): string {
  return `[${words.map(codeText).join(', ')}]`;
}

/** Named arguments of a call. */
export function named(values: Record<string, string>, equals: '=' | ' = '): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}${equals}${codeText(value)}`)
    .join(', ');
}

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
      ...readAuthority,
      ...token,
      'export const pool = new pg.Pool({',
      `  host: ${codeText(host)}, port: ${port}, database: ${codeText(database)},`,
      `  user: ${codeText(username)}, password: token,${authority === '' ? '' : ` ssl: { ca: ${authority} },`}`,
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
  protocols: allProtocols,
  needs: 'command',
  programs: inPath('node'),
  settings(place) {
    return { steps: [freshToken], texts: [nodeText(place)] };
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
  requireTls,
}: Place): Record<string, string> {
  switch (protocol) {
    case 'postgresql':
      return {
        Host: libpqHost({ host, authorityFile }),
        Port: String(port),
        Database: database,
        Username: username,
        ...(authorityFile === undefined
          ? { 'SSL Mode': 'Disable' }
          : { 'SSL Mode': 'VerifyFull', 'Root Certificate': authorityFile }),
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
        Encrypt: encryption({ requireTls: requireTls === true }),
        // Entity Framework's templates turn it on, and the gateway refuses several requests at once.
        MultipleActiveResultSets: 'False',
      };
  }
}

export const dotnet: Tool = {
  id: 'dotnet',
  title: '.NET: Npgsql, MySqlConnector, Microsoft.Data.SqlClient',
  protocols: allProtocols,
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
      texts: [
        { label: `${library}, without a password`, language: 'text', text },
        { label: library, language: 'text', text: `${text};Password=${passwordPlaceholder}`, secret: true },
      ],
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
  const server = protocol === 'postgresql' ? libpqHost(place) : host;
  const values = `host = ${codeText(server)}, port = ${port}, dbname = ${codeText(database)}, ${user} = ${codeText(username)}, password = token()`;
  const text = {
    postgresql: [...common, `  RPostgres::Postgres(), ${values}, ${named(libpqTls(place), ' = ')}`, ')'],
    mysql: [
      ...common,
      `  RMariaDB::MariaDB(), ${values}${authorityFile === undefined ? '' : `, ssl.ca = ${codeText(authorityFile)}`}`,
      ')',
    ],
    sqlserver: [
      ...common,
      `  odbc::odbc(), Driver = "ODBC Driver 18 for SQL Server", Server = ${codeText(`tcp:${host},${port}`)}, Database = ${codeText(database)}, UID = ${codeText(username)}, PWD = token(), Encrypt = "${place.requireTls === true ? 'yes' : 'no'}", MARS_Connection = "no"`,
      ')',
    ],
  }[protocol];
  const driver = { postgresql: 'RPostgres', mysql: 'RMariaDB', sqlserver: 'odbc' }[protocol];
  return { label: `R, ${driver}`, language: 'r', text: `${text.join('\n')}\n` };
}

export const r: Tool = {
  id: 'r',
  title: 'R and RStudio',
  protocols: allProtocols,
  needs: 'command',
  programs: inPath('R', 'Rscript'),
  settings(place) {
    return { steps: [freshToken], texts: [rText(place)] };
  },
};

/** SQL Server URLs are go-mssqldb's, which takes the authority as "certificate". */
function goTls({ authorityFile, requireTls }: Place): string {
  if (authorityFile !== undefined) return `encrypt=true&certificate=${urlComponent(authorityFile)}`;
  return `encrypt=${requireTls === true ? 'true' : 'disable'}`;
}

/** For whatever has a dialog, or takes a URL. */
export const other: Tool = {
  id: 'other',
  title: 'Any other tool',
  protocols: allProtocols,
  needs: 'handle',
  programs: programs([], [], []),
  settings(place) {
    const { protocol, port, database, username } = place;
    const scheme = { postgresql: 'postgresql', mysql: 'mysql', sqlserver: 'sqlserver' }[protocol];
    const address = `${urlComponent(username)}@${urlHost(place.host)}:${port}`;
    const url =
      protocol === 'sqlserver'
        ? `${scheme}://${address}?database=${urlComponent(database)}&${goTls(place)}`
        : `${scheme}://${address}/${urlComponent(database)}${protocol === 'postgresql' ? `?${urlParameters(libpqTls(place))}` : ''}`;
    return {
      steps: [
        'Enter the fields where the tool asks for them.',
        pasteHandle,
        `A tool that saves no password gets a token instead: ${tokenLine(place)}`,
      ],
      texts: [
        { label: 'URL, without a password', language: 'text', text: url },
        ...(protocol === 'postgresql'
          ? [{ label: 'Connection string of libpq', language: 'text', text: conninfo(place, place.host) }]
          : []),
      ],
    };
  },
};
