import { fieldsOf, importFile, markComment, nameOf, pathOn, programs, tokenLine } from './common.ts';
import { conninfoValue, pgpassField, serviceValue, shellLine } from './escape.ts';
import { passwordPlaceholder, type Place, type SettingsFile, type Tool } from './types.ts';

/**
 * The gateway offers no TLS on loopback: the password never crosses the wire (SCRAM-SHA-256), and a setting such as
 * PGSSLMODE=require, meant for other servers, must not reach this one.
 */
const noTls = { sslmode: 'disable' };

/**
 * The entry of the service file holds what every reader of it knows (libpq, pgjdbc, pgx): others take a word that
 * they do not know for a parameter of the session.
 */
export function serviceFile(place: Place): SettingsFile {
  const { host, port, database, username, system } = place;
  const values = { host, port: String(port), dbname: database, user: username, ...noTls };
  return {
    paths: pathOn(system, '~/.pg_service.conf', '%APPDATA%/postgresql/.pg_service.conf'),
    variable: 'PGSERVICEFILE',
    format: 'ini',
    mode: 0o600,
    folder: 'create',
    merge: {
      kind: 'sections',
      ignoreCase: false,
      sections: [
        {
          name: nameOf(place),
          lines: [
            markComment,
            ...Object.entries(values).map(([key, value]) => `${key}=${serviceValue(value)}`),
          ],
        },
      ],
    },
    secret: false,
  };
}

export function pgpassFile(place: Place): SettingsFile {
  const { host, port, database, username, system } = place;
  const key = [host, String(port), database, username].map(pgpassField).join(':');
  return {
    paths: pathOn(system, '~/.pgpass', '%APPDATA%/postgresql/pgpass.conf'),
    variable: 'PGPASSFILE',
    format: 'pgpass',
    mode: 0o600,
    folder: 'create',
    merge: { kind: 'pgpass', key, line: `${key}:${passwordPlaceholder}` },
    secret: true,
  };
}

/** A connection string of libpq, without a password; `host` may be the folder of a unix socket. */
export function conninfo({ port, database, username }: Place, host: string): string {
  const values = { host, port: String(port), dbname: database, user: username, ...noTls };
  return Object.entries(values)
    .map(([key, value]) => `${key}=${conninfoValue(value)}`)
    .join(' ');
}

/** What a person may have set for another server, and what a connection string does not override. */
const misleading = [
  'PGHOSTADDR',
  'PGSERVICE',
  'PGSERVICEFILE',
  'PGSSLNEGOTIATION',
  'PGGSSENCMODE',
  'PGCHANNELBINDING',
  'PGREQUIREAUTH',
];

export const psql: Tool = {
  id: 'psql',
  title: 'psql, pg_dump and other programs of PostgreSQL',
  protocols: ['postgresql'],
  needs: 'handle',
  programs: programs(
    ['psql'],
    [
      'psql',
      '/opt/homebrew/opt/libpq/bin/psql',
      '/Applications/Postgres.app/Contents/Versions/latest/bin/psql',
    ],
    ['psql.exe'],
  ),
  settings(place) {
    const name = nameOf(place);
    const service = serviceFile(place);
    return {
      steps: [
        `The service "${name}" goes into the service file, and a password that may be saved into the password file.`,
        `Connect with: psql service=${name}. Other programs take the same, for example: pg_dump -d service=${name}`,
        'One role of a connection at a time: the password file knows host, port, database and user, and no role.',
      ],
      fields: fieldsOf(place, 'handle'),
      texts: [
        { label: 'Command', language: 'sh', text: `psql service=${name}` },
        {
          label: 'Without any file, asks for the password',
          language: 'sh',
          text: shellLine(['psql', conninfo(place, place.host)], place.system),
        },
        ...(place.socketDirectory === undefined
          ? []
          : [
              {
                label: 'The same over the unix socket, which other users cannot reach',
                language: 'sh',
                text: shellLine(['psql', conninfo(place, place.socketDirectory)], place.system),
              },
            ]),
      ],
      files: [service, pgpassFile(place)],
      open: {
        args: [conninfo(place, place.host)],
        terminal: true,
        passwordVariable: 'PGPASSWORD',
        without: misleading,
      },
    };
  },
};

/** Form of the file: pgAdmin documentation, "Import/Export Servers". */
export const pgadmin: Tool = {
  id: 'pgadmin',
  title: 'pgAdmin 4',
  protocols: ['postgresql'],
  needs: 'command',
  programs: programs(
    ['pgadmin4', '/usr/pgadmin4/bin/pgadmin4'],
    ['/Applications/pgAdmin 4.app/Contents/MacOS/pgAdmin 4'],
    [
      '%ProgramFiles%/pgAdmin 4/runtime/pgAdmin4.exe',
      '%LOCALAPPDATA%/Programs/pgAdmin 4/runtime/pgAdmin4.exe',
    ],
  ),
  settings(place) {
    const { title, host, port, database, username } = place;
    const name = nameOf(place);
    const servers = {
      Servers: {
        1: {
          Name: title,
          Group: 'Latchkey',
          Host: host,
          Port: port,
          MaintenanceDB: database,
          Username: username,
          ConnectionParameters: { sslmode: 'disable', connect_timeout: 60 },
          // pgAdmin asks anew for each connection that it opens after this many seconds.
          PasswordExecCommand: tokenLine(place),
          PasswordExecExpiration: 60,
        },
      },
    };
    return {
      steps: [
        'In pgAdmin choose Tools, Import/Export Servers, Import, and then the file. Do not remove existing servers.',
        'pgAdmin runs the command for a fresh password whenever it connects. Leave the password empty and unsaved.',
        'This works in the desktop application; pgAdmin on a server runs no commands of its users.',
      ],
      fields: [
        ...fieldsOf(place, 'command').filter(({ label }) => label !== 'Password'),
        { label: 'SSL mode', value: 'disable' },
        { label: 'Password exec command', value: tokenLine(place) },
        { label: 'Password exec expiration', value: '60' },
      ],
      texts: [],
      files: [
        {
          paths: importFile(`${name}-pgadmin.json`),
          format: 'json',
          mode: 0o600,
          folder: 'create',
          merge: { kind: 'whole', text: `${JSON.stringify(servers, undefined, 2)}\n` },
          secret: false,
        },
      ],
      open: { args: [], terminal: false },
    };
  },
};
