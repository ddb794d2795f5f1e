import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { knownUserFolder } from '../store/places.ts';
import { clientVariables, noSuchFile } from './client-variables.ts';
import {
  fieldsOf,
  importFile,
  iniFile,
  jsonText,
  markComment,
  nameOf,
  openWindow,
  pathOn,
  programs,
  tokenLine,
} from './common.ts';
import { conninfoValue, pgpassField, serviceValue, shellLine } from './escape.ts';
import { passwordPlaceholder, type Place, type SettingsFile, type Tool } from './types.ts';

type Maybe<Key extends keyof Place> = { [K in Key]?: Place[K] | undefined };

/**
 * libpq answers whoever listens at the port, and also a request for the password itself, unless it verifies. Where the
 * authority is not known yet a setting such as PGSSLMODE=require, meant for other servers, must not reach the gateway.
 */
export function libpqTls({ authorityFile }: Maybe<'authorityFile'>): Record<string, string> {
  return authorityFile === undefined
    ? { sslmode: 'disable' }
    : { sslmode: 'verify-full', sslrootcert: authorityFile };
}

/** The name to verify: libpq before version 15 compares a certificate with names only, not with addresses. */
export function libpqHost({ host, authorityFile }: Pick<Place, 'host'> & Maybe<'authorityFile'>): string {
  return authorityFile === undefined || isIP(host) === 0 ? host : 'localhost';
}

/**
 * What libpq is told by variables where the token goes there by SCRAM: versions before 16 do not know the variable, and
 * would refuse the parameter.
 */
export function libpqVariables({ clientAuth }: Maybe<'clientAuth'>): Record<string, string> {
  return clientAuth === 'password' ? {} : { PGREQUIREAUTH: 'scram-sha-256' };
}

/**
 * The list of revoked certificates that libpq takes where none is named, if it is there: with it, a certificate of an
 * authority that the list does not know is refused (PostgreSQL docs, "SSL Support").
 */
export function revocationList(environment: NodeJS.ProcessEnv): string | undefined {
  const home = knownUserFolder(environment);
  const folder =
    process.platform === 'win32'
      ? join(environment['APPDATA'] ?? '', 'postgresql')
      : home && join(home, '.postgresql');
  const file = folder && join(folder, 'root.crl');
  return file !== undefined && existsSync(file) ? file : undefined;
}

/**
 * The entry of the service file holds what every reader of it knows (libpq, pgjdbc, pgx): others take a word that
 * they do not know for a parameter of the session.
 */
export function serviceFile(place: Place): SettingsFile {
  const { port, database, username, system } = place;
  const values = {
    host: libpqHost(place),
    port: String(port),
    dbname: database,
    user: username,
    ...libpqTls(place),
  };
  const lines = Object.entries(values).map(([key, value]) => `${key}=${serviceValue(value)}`);
  const paths = pathOn(system, '~/.pg_service.conf', '%APPDATA%/postgresql/.pg_service.conf');
  const section = { name: nameOf(place), lines: [markComment, ...lines] };
  return iniFile({ paths, variable: 'PGSERVICEFILE', secret: false }, [section], false);
}

export function pgpassFile(place: Place): SettingsFile {
  const { port, database, username, system } = place;
  const key = [libpqHost(place), String(port), database, username].map(pgpassField).join(':');
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

type Target = Pick<Place, 'port' | 'database' | 'username' | 'authorityFile'>;

/** A connection string of libpq, without a password; `host` may be the folder of a unix socket. */
export function conninfo(place: Target, host: string): string {
  const { authorityFile } = place;
  return keywords({ host: libpqHost({ host, authorityFile }), ...targetOf(place), ...libpqTls(place) });
}

/**
 * The same for psql itself. It also says what variables could say otherwise, in words that libpq has known since
 * version 13: `sslrootcert=system`, for one, is refused beside `sslmode=disable`. Where no list of revoked certificates
 * is named, libpq takes ~/.postgresql/root.crl, which knows nothing of our authority, and refuses the gateway; a named
 * one that is not there counts as none. Over a unix socket, in a folder that nobody else may enter, there is no TLS.
 */
export function psqlParameters(place: Target, host: string): string {
  const isSocket = isIP(host) === 0;
  const { authorityFile } = isSocket ? {} : place;
  return keywords({
    host: libpqHost({ host, authorityFile }),
    // An address beats PGHOSTADDR; over a unix socket there must be none.
    ...(isSocket ? {} : { hostaddr: host }),
    ...targetOf(place),
    sslrootcert: '',
    ...libpqTls({ authorityFile }),
    sslcrl: noSuchFile,
    gssencmode: 'disable',
    channel_binding: 'prefer',
    target_session_attrs: 'any',
  });
}

function targetOf({ port, database, username }: Target): Record<string, string> {
  return { port: String(port), user: username, dbname: database };
}

function keywords(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${conninfoValue(value)}`)
    .join(' ');
}

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
      texts: [
        { label: 'Command', language: 'sh', text: `psql service=${name}` },
        {
          label: 'Without any file, asks for the password',
          language: 'sh',
          text: shellLine(['psql', psqlParameters(place, place.host)], place.system),
        },
        ...(place.socketDirectory === undefined
          ? []
          : [
              {
                label: 'The same over the unix socket, which other users cannot reach',
                language: 'sh',
                text: shellLine(['psql', psqlParameters(place, place.socketDirectory)], place.system),
              },
            ]),
      ],
      files: [service, pgpassFile(place)],
      open: {
        args: [psqlParameters(place, place.host)],
        terminal: true,
        passwordVariable: 'PGPASSWORD',
        variables: libpqVariables(place),
        without: clientVariables.postgresql,
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
    const { title, port, database, username } = place;
    const name = nameOf(place);
    const tls = libpqTls(place);
    const servers = {
      Servers: {
        1: {
          Name: title,
          Group: 'Latchkey',
          Host: libpqHost(place),
          Port: port,
          MaintenanceDB: database,
          Username: username,
          ConnectionParameters: { ...tls, connect_timeout: 60 },
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
        { label: 'SSL mode', value: tls['sslmode'] ?? '' },
        ...(tls['sslrootcert'] === undefined
          ? []
          : [{ label: 'Root certificate', value: tls['sslrootcert'] }]),
        { label: 'Password exec command', value: tokenLine(place) },
        { label: 'Password exec expiration', value: '60' },
      ],
      files: [importFile(`${name}-pgadmin.json`, 'json', jsonText(servers))],
      open: openWindow,
    };
  },
};
