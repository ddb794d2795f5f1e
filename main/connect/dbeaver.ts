import { allProtocols, fieldsOf, nameOf, programs } from './common.ts';
import { jdbcUrl } from './jdbc.ts';
import { libpqTls } from './libpq.ts';
import { passwordPlaceholder, type Place, type Protocol, type System, type Tool } from './types.ts';

/** Ids of DBeaver's own drivers, in the plugin.xml of each org.jkiss.dbeaver.ext.*. */
const drivers: Record<
  Protocol,
  { provider: string; driver: string; url: 'postgresql' | 'mariadb' | 'mssql' }
> = {
  postgresql: { provider: 'postgresql', driver: 'postgres-jdbc', url: 'postgresql' },
  mysql: { provider: 'mysql', driver: 'mariaDB', url: 'mariadb' },
  sqlserver: { provider: 'sqlserver', driver: 'mssql_jdbc_ms_new', url: 'mssql' },
};

/**
 * Folders of the project that DBeaver makes at its first start. A snap has a home of its own (snapd docs, "Data
 * locations"; below ~/.snap with its feature hidden-snap-folder), and so has a flatpak.
 */
function projectFolders(system: System): string[] {
  const folder = 'DBeaverData/workspace6/General/.dbeaver';
  if (system === 'darwin') return [`~/Library/${folder}`];
  if (system === 'win32') return [`%APPDATA%/${folder}`];
  return [
    `$XDG_DATA_HOME/${folder}`,
    ...['dbeaver-ce', 'dbeaver-le', 'dbeaver-ee'].flatMap((snap) => [
      `~/snap/${snap}/current/.local/share/${folder}`,
      `~/.snap/data/${snap}/current/.local/share/${folder}`,
    ]),
    `~/.var/app/io.dbeaver.DBeaverCommunity/data/${folder}`,
  ];
}

/** Properties of the JDBC driver, which say the same as the URL. */
function properties({ protocol, authorityFile, requireTls }: Place): Record<string, string> {
  if (protocol === 'postgresql') return libpqTls({ authorityFile });
  if (protocol === 'sqlserver') return { encrypt: String(requireTls === true) };
  return authorityFile === undefined
    ? {}
    : { useSsl: 'true', sslMode: 'verify-full', serverSslCert: authorityFile };
}

/**
 * DBeaver reads every file `data-sources*.json` of a project, and user and password from it where they stand in one
 * (DataSourceFileStorage and DataSourceSerializerModern of the project dbeaver/dbeaver), so that a file of our own
 * leaves those of the person alone.
 */
export const dbeaver: Tool = {
  id: 'dbeaver',
  title: 'DBeaver',
  protocols: allProtocols,
  needs: 'handle',
  programs: programs(
    [
      'dbeaver',
      'dbeaver-ce',
      '/usr/share/dbeaver-ce/dbeaver',
      '/opt/dbeaver/dbeaver',
      '/snap/bin/dbeaver-ce',
      '~/.local/share/flatpak/exports/bin/io.dbeaver.DBeaverCommunity',
      '/var/lib/flatpak/exports/bin/io.dbeaver.DBeaverCommunity',
    ],
    ['/Applications/DBeaver.app/Contents/MacOS/dbeaver'],
    ['%ProgramFiles%/DBeaver/dbeaver.exe', '%LOCALAPPDATA%/DBeaver/dbeaver.exe'],
  ),
  settings(place) {
    const { title, host, port, database, username, protocol, system } = place;
    const id = `latchkey-${nameOf(place)}`;
    const { provider, driver, url } = drivers[protocol];
    const text = {
      folders: {},
      connections: {
        [id]: {
          provider,
          driver,
          name: title,
          'save-password': true,
          configuration: {
            host,
            port: String(port),
            database,
            url: jdbcUrl(place, url),
            configurationType: 'MANUAL',
            type: 'dev',
            'auth-model': 'native',
            user: username,
            password: passwordPlaceholder,
            properties: properties(place),
          },
        },
      },
    };
    const line = connectionParameter(place, driver);
    return {
      steps: [
        'Close DBeaver; it reads its data sources when it starts. Its project "General" then has the connection.',
        'DBeaver moves the password into its own store when it saves the connection for the first time.',
        'In another project or edition enter the fields below, and let DBeaver save the password.',
      ],
      fields: [
        ...fieldsOf(place, 'handle'),
        ...Object.entries(properties(place)).map(([label, value]) => ({
          label: `Driver property ${label}`,
          value,
        })),
      ],
      texts:
        line === undefined
          ? []
          : [{ label: 'Parameter of dbeaver -con, without a password', language: 'text', text: line }],
      files: [
        {
          paths: projectFolders(system).map((folder) => `${folder}/data-sources-${id}.json`),
          format: 'json',
          mode: 0o600,
          folder: 'must-exist',
          merge: { kind: 'whole', text: `${JSON.stringify(text, undefined, 2)}\n` },
          secret: true,
        },
      ],
      ...(line === undefined ? {} : { open: { args: ['-con', line], terminal: false } }),
    };
  },
};

/** DBeaver docs, "Command Line": parts are divided by `|`, which nothing escapes. Undefined where a value has one. */
function connectionParameter(place: Place, driver: string): string | undefined {
  const { title, host, port, database, username } = place;
  const values = {
    driver,
    id: `latchkey-${nameOf(place)}`,
    name: title,
    host,
    port: String(port),
    database,
    user: username,
    save: 'false',
    connect: 'true',
  };
  if (Object.values(values).some((value) => value.includes('|'))) return undefined;
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}`)
    .join('|');
}
