import { allProtocols, inPath, tokenCommand } from './common.ts';
import { codeText, freetdsUser } from './escape.ts';
import { freshToken, list, named } from './languages.ts';
import { libpqHost, libpqTls } from './libpq.ts';
import type { Place, SettingsText, Tool } from './types.ts';

function pythonToken(place: Place): string[] {
  return [
    'import subprocess',
    '',
    'def token():',
    `    command = ${list(tokenCommand(place))}`,
    '    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()',
    '',
  ];
}

function pythonText(place: Place): SettingsText {
  const { protocol, host, port, database, username, authorityFile } = place;
  // pymssql is built on FreeTDS.
  const tdsUser = protocol === 'sqlserver' ? freetdsUser(username) : username;
  const token = pythonToken(place);
  const text = {
    postgresql: [
      'import psycopg2  # or: import psycopg as psycopg2',
      ...token,
      `connection = psycopg2.connect(host=${codeText(libpqHost(place))}, port=${port}, dbname=${codeText(database)},`,
      `    user=${codeText(username)}, ${named(libpqTls(place), '=')}, password=token())`,
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

/** The driver for SQL Server in Python that takes the authority by itself. */
function pythonTdsText(place: Place): SettingsText[] {
  const { protocol, port, database, username, authorityFile } = place;
  if (protocol !== 'sqlserver' || authorityFile === undefined) return [];
  const text = [
    'import pytds  # python-tds, with pyOpenSSL',
    ...pythonToken(place),
    `connection = pytds.connect(dsn=${codeText(libpqHost(place))}, port=${port}, database=${codeText(database)},`,
    `    user=${codeText(username)}, password=token(), cafile=${codeText(authorityFile)}, validate_host=True)`,
  ];
  const label = 'Python, python-tds, which checks the certificate of the gateway';
  return [{ label, language: 'python', text: `${text.join('\n')}\n` }];
}

export const python: Tool = {
  id: 'python',
  title: 'Python',
  protocols: allProtocols,
  needs: 'command',
  programs: inPath('python3', 'python'),
  settings(place) {
    return { steps: [freshToken], texts: [pythonText(place), ...pythonTdsText(place)] };
  },
};
