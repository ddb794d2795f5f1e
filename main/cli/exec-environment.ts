import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { defined } from '../base/defined.ts';
import { clientVariables, noSuchFile, without } from '../connect/client-variables.ts';
import { libpqHost, libpqTls, libpqVariables } from '../connect/libpq.ts';
import { mysqlOptions } from '../connect/mysql.ts';
import { freetdsDefaults, freetdsServer } from '../connect/sqlserver.ts';
import { textOf } from '../connect/fill.ts';
import type { Place, Section } from '../connect/types.ts';
import type { IssuedToken } from '../contract/shapes.ts';
import { thisSystem } from '../connect/tool-programs.ts';
import { writeDurably } from '../store/durable-file.ts';
import { knownUserFolder } from '../store/places.ts';

/** What a command is started with, so that clients in it reach the gateway. */
export interface ClientStart {
  parameters: string[];
  environment: Record<string, string | undefined>;
  /** Sentences for the person, before the command starts. */
  notes: string[];
  /** Removes the file that the command was given. */
  close(): Promise<void>;
}

/** Programs that take `--defaults-file` first (MySQL docs, "Command-Line Options that Affect Option-File Handling"). */
const mysqlProgram =
  /^(?:mysql|mariadb)(?:[_-]?(?:dump|admin|import|check|show|slap|binlog|upgrade|access|pump))?(?:\.exe)?$/;

/**
 * Variables, and for clients whose files beat variables a file of their own: no other may be read then. The file holds
 * no secret; it lies in the folder `run`, which a start of the broker sweeps.
 * @param authorityFile of the gateways' certificates, where there is one
 */
export async function clientStart(
  token: IssuedToken,
  [command, ...parameters]: [string, ...string[]],
  options: { runFolder: string; authorityFile?: string | undefined; environment?: NodeJS.ProcessEnv },
): Promise<ClientStart> {
  const { protocol, host, port, username, database } = token;
  const { environment: own = process.env } = options;
  const environment: Record<string, string | undefined> = {
    ...without(clientVariables[protocol], own),
    LATCHKEY_HOST: host,
    LATCHKEY_PORT: String(port),
    LATCHKEY_USER: username,
    LATCHKEY_DATABASE: database,
    LATCHKEY_PASSWORD: token.token,
  };
  const place: Place = {
    connection: token.connection,
    title: token.connection,
    protocol,
    host,
    port,
    database,
    username,
    ...defined({ authorityFile: options.authorityFile }),
    command: [],
    system: thisSystem(),
  };
  const notes: string[] = [];
  if (protocol === 'postgresql') {
    const { sslmode, sslrootcert } = libpqTls(place);
    const authorities = await nodeAuthorities(sslrootcert, own, options.runFolder);
    Object.assign(environment, {
      PGHOST: libpqHost(place),
      PGPORT: String(port),
      PGUSER: username,
      PGDATABASE: database,
      PGPASSWORD: token.token,
      PGSSLMODE: sslmode,
      ...(sslrootcert === undefined ? {} : { PGSSLROOTCERT: sslrootcert, PGSSLCRL: noSuchFile }),
      ...libpqVariables(token),
      ...authorities.variables,
    });
    // The only one whose loss could do harm: it may have made sessions read-only.
    if ((own['PGOPTIONS'] ?? '') !== '')
      notes.push('PGOPTIONS is left out, as it was meant for another server; set options in the command.');
    return { parameters, environment, notes, close: authorities.close };
  }
  if (protocol === 'mysql') {
    const { path, close } = await privateFile(options.runFolder, sectionsText(mysqlOptions(place)));
    Object.assign(environment, {
      MYSQL_HOST: host,
      MYSQL_TCP_PORT: String(port),
      MYSQL_PWD: token.token,
      // A login path beats every option file.
      MYSQL_TEST_LOGIN_FILE: noSuchFile,
      LATCHKEY_DEFAULTS_FILE: path,
    });
    const withFile = withDefaults(command, parameters, path);
    if (withFile === parameters) notes.push(...(await optionFilesInTheWay(own)));
    return { parameters: withFile, environment, notes, close };
  }
  const { path, close } = await privateFile(options.runFolder, sectionsText(freetdsFile(place)));
  Object.assign(environment, {
    SQLCMDSERVER: `tcp:${host},${port}`,
    SQLCMDUSER: username,
    SQLCMDDBNAME: database,
    SQLCMDPASSWORD: token.token,
    FREETDSCONF: path,
    TDSQUERY: token.connection,
    DSQUERY: token.connection,
  });
  return { parameters, environment, notes, close };
}

/**
 * Node's client reads PGSSLMODE and not PGSSLROOTCERT: it takes authorities from Node alone. Those that the person has
 * given it stay.
 */
async function nodeAuthorities(
  authorityFile: string | undefined,
  { NODE_EXTRA_CA_CERTS: given = '' }: NodeJS.ProcessEnv,
  runFolder: string,
): Promise<{ variables: Record<string, string>; close(): Promise<void> }> {
  const nothing = { close: async () => undefined };
  if (authorityFile === undefined) return { variables: {}, ...nothing };
  const others = given === '' ? '' : await readFile(given, 'utf8').catch(() => '');
  if (others === '') return { variables: { NODE_EXTRA_CA_CERTS: authorityFile }, ...nothing };
  const both = `${others}\n${await readFile(authorityFile, 'utf8')}`;
  const { path, close } = await privateFile(runFolder, both);
  return { variables: { NODE_EXTRA_CA_CERTS: path }, close };
}

/** FreeTDS has no form for some names; its clients then take all of them as parameters. */
function freetdsFile(place: Place): Section[] {
  try {
    return freetdsServer(place);
  } catch {
    return [freetdsDefaults];
  }
}

/** The file alone is read then, as with `--no-defaults`; a file that the person names in the command is meant. */
function withDefaults(command: string, parameters: string[], path: string): string[] {
  if (!mysqlProgram.test(basename(command))) return parameters;
  const [first = ''] = parameters;
  if (/^--defaults-(?:extra-)?file(?:=|$)/.test(first)) return parameters;
  return [`--defaults-file=${path}`, ...(first === '--no-defaults' ? parameters.slice(1) : parameters)];
}

/** Of a script nobody knows which programs it starts: what option files would have those do is said. */
async function optionFilesInTheWay(environment: NodeJS.ProcessEnv): Promise<string[]> {
  const setting = /^\s*(?:loose[_-])?(host|port|user|password|socket|protocol)\s*=/gim;
  const notes: string[] = [];
  const home = knownUserFolder(environment);
  const own = home === undefined ? [] : [join(home, '.my.cnf')];
  for (const path of [...own, '/etc/my.cnf', '/etc/mysql/my.cnf']) {
    const text = await readFile(path, 'utf8').catch(() => '');
    const names = new Set(Array.from(text.matchAll(setting), ([, name = '']) => name.toLowerCase()));
    if (names.size > 0)
      notes.push(
        `${path} sets ${[...names].join(', ')}, which beats variables: start clients of MySQL in this command with --defaults-file="$LATCHKEY_DEFAULTS_FILE" first.`,
      );
  }
  return notes;
}

function sectionsText(sections: Section[]): string {
  return `${textOf({ merge: { kind: 'sections', sections, ignoreCase: false } })}\n`;
}

async function privateFile(folder: string, text: string): Promise<{ path: string; close(): Promise<void> }> {
  const path = join(folder, `.exec.${randomBytes(8).toString('hex')}.latchkey-tmp`);
  await writeDurably(path, new TextEncoder().encode(text));
  return { path, close: () => rm(path, { force: true }) };
}
