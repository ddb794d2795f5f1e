import { defined } from '../base/defined.ts';
import { clientVariables } from './client-variables.ts';
import {
  fieldsOf,
  inPath,
  iniFile,
  markComment,
  nameOf,
  openWindow,
  pasteHandle,
  pathOn,
  programs,
} from './common.ts';
import { optionFileValue, shellLine } from './escape.ts';
import { passwordPlaceholder, type Place, type Section, type SettingsFile, type Tool } from './types.ts';

/**
 * What leads a client here whatever option files say: `--no-defaults` has to come first. With an authority it checks the
 * gateway's certificate, before a stranger at the port could ask for the token. MySQL's client does so for `--ssl-ca` alone;
 * MariaDB's has to be told, by an option that MySQL's passes over for its prefix ("Program Option Modifiers").
 */
export function mysqlParameters({
  host,
  port,
  username,
  authorityFile,
}: Pick<Place, 'host' | 'port' | 'username' | 'authorityFile'>): string[] {
  return [
    '--no-defaults',
    '--protocol=tcp',
    `--host=${host}`,
    `--port=${port}`,
    `--user=${username}`,
    ...(authorityFile === undefined ? [] : [`--ssl-ca=${authorityFile}`, '--loose-ssl-verify-server-cert']),
  ];
}

/** Options without a password, for clients that read no other file; theirs is in the variable MYSQL_PWD. */
export function mysqlOptions(place: Place): Section[] {
  return groups(place, '', {});
}

/**
 * Groups of the option file (MySQL docs, "Using Option Files"; MariaDB docs, "Option Groups"), read with
 * `--defaults-group-suffix`. `database` stands in a group that only the client itself reads: mysqldump and others
 * stop at an option that they do not know. With an authority to trust, the client checks the gateway's certificate:
 * MySQL's by `ssl-ca` alone (ssl-mode VERIFY_CA is implied), MariaDB's when told to.
 */
export function optionFile(place: Place): SettingsFile {
  const paths = pathOn(place.system, '~/.my.cnf', '%APPDATA%/MySQL/.my.cnf');
  const sections = groups(place, `_${nameOf(place)}`, { password: passwordPlaceholder });
  return iniFile({ paths, secret: true }, sections, false);
}

function groups(place: Place, suffix: string, password: Record<string, string>): Section[] {
  const { host, port, username, database, authorityFile } = place;
  const group = (name: string, values: Record<string, string>): Section => ({
    name: `${name}${suffix}`,
    lines: [markComment, ...Object.entries(values).map(([key, value]) => `${key}=${optionFileValue(value)}`)],
  });
  return [
    group('client', {
      protocol: 'tcp',
      host,
      port: String(port),
      user: username,
      ...password,
      ...defined({ 'ssl-ca': authorityFile }),
    }),
    ...(authorityFile === undefined ? [] : [group('client-mariadb', { 'ssl-verify-server-cert': '1' })]),
    group('mysql', { database }),
  ];
}

/** `mysql` reads an option file of its own path on Windows only if it is told to. */
function defaults(place: Place): string[] {
  const suffix = `--defaults-group-suffix=_${nameOf(place)}`;
  return place.system === 'win32' ? ['--defaults-extra-file=%APPDATA%\\MySQL\\.my.cnf', suffix] : [suffix];
}

export const mysql: Tool = {
  id: 'mysql',
  title: 'mysql, mariadb, mysqldump and other programs of MySQL and MariaDB',
  protocols: ['mysql'],
  needs: 'handle',
  programs: inPath('mariadb', 'mysql'),
  settings(place) {
    const { host, port, username, database } = place;
    const name = nameOf(place);
    const direct = mysqlParameters(place);
    const line = (program: string): string =>
      place.system === 'win32'
        ? [program, ...defaults(place).map((word) => (word.includes('%') ? `"${word}"` : word))].join(' ')
        : shellLine([program, ...defaults(place)], place.system);
    return {
      steps: [
        `Groups that end in "_${name}" go into your option file, with a password that may be saved.`,
        `Connect with: ${line('mysql')}. The option has to come first.`,
        'mysqldump takes the same option; name the database behind it.',
        'A login path instead of the file: run mysql_config_editor as shown and paste the password when it asks.',
      ],
      texts: [
        { label: 'Command', language: 'sh', text: line('mysql') },
        {
          label: 'Without any file, asks for the password',
          language: 'sh',
          text: shellLine(['mysql', ...direct, '--password', database], place.system),
        },
        ...(place.socketPath === undefined
          ? []
          : [
              {
                label: 'The same over the unix socket, which other users cannot reach',
                language: 'sh',
                text: shellLine(
                  [
                    'mysql',
                    '--no-defaults',
                    `--socket=${place.socketPath}`,
                    `--user=${username}`,
                    '--password',
                    database,
                  ],
                  place.system,
                ),
              },
            ]),
        {
          label: 'Login path of MySQL (MariaDB has none)',
          language: 'sh',
          text: shellLine(
            [
              'mysql_config_editor',
              'set',
              `--login-path=${name}`,
              `--host=${host}`,
              `--port=${port}`,
              `--user=${username}`,
              '--password',
            ],
            place.system,
          ),
        },
      ],
      files: [optionFile(place)],
      open: {
        args: [...direct, `--database=${database}`],
        terminal: true,
        passwordVariable: 'MYSQL_PWD',
        without: clientVariables.mysql,
      },
    };
  },
};

export const workbench: Tool = {
  id: 'workbench',
  title: 'MySQL Workbench',
  protocols: ['mysql'],
  needs: 'handle',
  programs: programs(
    ['mysql-workbench'],
    ['/Applications/MySQLWorkbench.app/Contents/MacOS/MySQLWorkbench'],
    [
      '%ProgramFiles%/MySQL/MySQL Workbench 8.0/MySQLWorkbench.exe',
      '%ProgramFiles%/MySQL/MySQL Workbench 8.0 CE/MySQLWorkbench.exe',
    ],
  ),
  settings(place) {
    const { authorityFile, title } = place;
    return {
      steps: [
        'In MySQL Workbench choose Database, Manage Connections, New, and enter the fields below.',
        'With "Store in Keychain" or "Store in Vault": ' + pasteHandle,
        authorityFile === undefined
          ? 'Leave Use SSL at "If available".'
          : 'On the page SSL choose "Require and Verify CA" and the file of the authority.',
      ],
      fields: [
        { label: 'Connection name', value: title },
        { label: 'Connection method', value: 'Standard (TCP/IP)' },
        ...fieldsOf(place, 'handle').map((field) =>
          field.label === 'Database' ? { ...field, label: 'Default schema' } : field,
        ),
        ...(authorityFile === undefined ? [] : [{ label: 'SSL CA file', value: authorityFile }]),
      ],
      open: openWindow,
    };
  },
};
