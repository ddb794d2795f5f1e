import { Option, type Command } from 'commander';
import { yamlValue } from '../config/yaml/edit.ts';
import type { ConnectionForm } from '../contract/connection-shapes.ts';
import { guid } from '../contract/guid.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { isJsonObject } from '../contract/json.ts';
import { protocolNames } from '../contract/protocols.ts';
import { secretName } from '../contract/secret-name.ts';
import type { Client } from './client.ts';
import { plain } from './output.ts';
import { askTerminal } from './terminal.ts';

export interface ConnectionOptions {
  title?: string;
  protocol?: string;
  port?: string;
  host?: string;
  upstreamPort?: string;
  socket?: string;
  database?: string;
  databases?: string[];
  tls?: string;
  caFile?: string;
  serverName?: string;
  fingerprint?: string;
  group?: string;
  role?: string;
  passwordSource?: string;
  mfa?: string;
  limit?: string[];
  set?: string[];
}

type Settings = Record<string, unknown>;

/** The options of what a connection is made of, for `add`, `edit` and `test`. */
export function withConnectionOptions(command: Command): Command {
  return command
    .option('--title <text>')
    .addOption(new Option('--protocol <protocol>').choices([...protocolNames]))
    .option('--port <port>', 'loopback port for SQL clients, or: auto; by default a free one')
    .option('--host <name>', 'of the database server')
    .option('--upstream-port <port>', 'of the database server, where it is not the usual one')
    .option('--socket <path>', 'unix socket of the server, instead of a host')
    .option('--database <name>')
    .option('--databases <name...>', 'further ones, or: any')
    .addOption(new Option('--tls <mode>').choices(['verify', 'strict', 'by-password', 'off']))
    .option('--ca-file <file>', "authority of the server's certificate")
    .option('--server-name <name>', 'in the certificate, where it is not the host')
    .option('--fingerprint <sha256>', "of the server's certificate, in place of an authority")
    .option('--group <group>', 'directory group of the rule: its object id, or its name, which is looked up')
    .option('--role <role>', 'database user of the rule')
    .option(
      '--password-source <source>',
      'stored, entra, none, or as the configuration has it: "{stored: sales}"; never the password itself',
    )
    .addOption(new Option('--mfa <when>', 'second factor').choices(['never', 'session', 'login']))
    .option('--limit <setting...>', 'of the rule, such as idleTimeout=30m readOnly=true')
    .option('--set <setting...>', 'any other key, such as upstream.connectTimeout=5s');
}

/** The settings that the options name; rules apart, since those of a connection are a list. */
export function settingsOf(options: ConnectionOptions): Settings {
  const { title, protocol, socket, database, databases, tls, caFile, serverName, fingerprint, host } =
    options;
  const all = databases?.length === 1 && databases[0] === 'any' ? 'any' : databases;
  const tlsKeys = known({ mode: tls, caFile, serverName, fingerprint });
  const upstream = known({
    host,
    port: portOf(options.upstreamPort, '--upstream-port'),
    socket,
    database,
    databases: all,
    tls: Object.keys(tlsKeys).length === 0 ? undefined : tlsKeys,
  });
  const settings: Settings = known({
    title,
    protocol,
    port: options.port === 'auto' ? 'auto' : portOf(options.port, '--port'),
    upstream: Object.keys(upstream).length === 0 ? undefined : upstream,
  });
  for (const one of options.set ?? []) setKey(settings, ...keyAndValue(one, '--set'));
  return settings;
}

function known(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function portOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw invalid(`"${text}" is no port.`, `Give ${option} a number.`);
}

function keyAndValue(text: string, option: string): [string[], unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw invalid(`${option} takes a key and a value.`, `For example: ${option} idleTimeout=30m`);
  const value = yamlOf(text.slice(at + 1), option);
  return [text.slice(0, at).split('.'), value];
}

function yamlOf(text: string, option: string): unknown {
  try {
    return (yamlValue(`value: ${text}`, option) as Settings)['value'];
  } catch {
    throw invalid(
      `The value of ${option} is no YAML.`,
      'Put it in quotes of the shell and write it as in the file.',
    );
  }
}

function setKey(settings: Settings, keys: string[], value: unknown): void {
  let inside = settings;
  for (const key of keys.slice(0, -1)) {
    const next = inside[key];
    inside = (typeof next === 'object' && next !== null ? next : (inside[key] = {})) as Settings;
  }
  inside[keys.at(-1) ?? ''] = value;
}

/**
 * What a new connection cannot be without is asked for, where somebody is there to ask.
 * @param byId a group is given by its object id alone, as nobody is signed in who could look its name up
 */
export async function asked(
  name: string,
  options: ConnectionOptions,
  { byId = false } = {},
): Promise<ConnectionOptions> {
  const full = { ...options };
  const ask = async (key: keyof ConnectionOptions, question: string, fallback?: string): Promise<void> => {
    if (full[key] !== undefined) return;
    if (process.stdin.isTTY !== true) {
      if (fallback === undefined)
        throw invalid(
          `Connection "${name}" needs --${kebab(key)}.`,
          'Give it on the command line, or answer at a terminal.',
        );
      Object.assign(full, { [key]: fallback });
      return;
    }
    const answer = await askTerminal(`${question}${fallback === undefined ? '' : ` [${fallback}]`}: `, {
      shown: true,
    });
    Object.assign(full, { [key]: answer.trim() === '' ? fallback : answer.trim() });
    if (full[key] === undefined) throw invalid('Nothing was entered.', `Give --${kebab(key)}.`);
  };
  await ask('protocol', `Protocol (${protocolNames.join(', ')})`);
  if (full.socket === undefined) await ask('host', 'Host of the database server');
  if (full.databases === undefined) await ask('database', 'Database');
  await ask('group', byId ? 'Directory group (object id)' : 'Directory group (name or object id)');
  const isEnough = (group: string): boolean => !byId || guid.test(group);
  while (full.group !== undefined && !isEnough(full.group)) {
    const refusal = invalid(
      `"${plain(full.group)}" is no object id.`,
      'Names of groups are looked up once somebody is signed in; Entra ID shows the object id under Groups, Overview.',
    );
    if (options.group !== undefined || process.stdin.isTTY !== true) throw refusal;
    process.stderr.write(`${refusal.message} ${refusal.remedy}\n`);
    delete full.group;
    await ask('group', 'Directory group (object id)');
  }
  await ask('role', 'Role (database user)');
  await ask('passwordSource', "Where the role's password comes from (stored, entra, none)", 'stored');
  return full;
}

const kebab = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The rule that the options name, laid over the one of that role where there is one. */
export async function rulesOf(
  client: Client,
  { name, protocol, rules = [] }: { name: string; protocol: unknown; rules?: Settings[] },
  options: ConnectionOptions,
): Promise<{ rules?: Settings[]; groupNames?: Record<string, string> }> {
  const { group, role, passwordSource, mfa, limit } = options;
  if ([group, role, passwordSource, mfa, limit].every((option) => option === undefined)) return {};
  const index =
    role === undefined && rules.length === 1 ? 0 : rules.findIndex((rule) => rule['role'] === role);
  const before = rules[index];
  if (before === undefined && (group === undefined || role === undefined))
    throw invalid('A new rule needs --group and --role.', `"${name}" has no such rule to change.`);
  const found = group === undefined ? undefined : await groupNamed(client, group);
  const as = role ?? String(before?.['role']);
  const rule: Settings = {
    ...before,
    ...known({ group: found?.id, role, mfa }),
    ...(passwordSource === undefined ? {} : sourceOf(passwordSource, secretName(name, as), protocol)),
  };
  if (passwordSource === 'none') delete rule['password'];
  for (const one of limit ?? []) setKey(rule, ...keyAndValue(one, '--limit'));
  return {
    rules: before === undefined ? [...rules, rule] : rules.with(index, rule),
    ...(found?.name === undefined || found.name === '' ? {} : { groupNames: { [found.id]: found.name } }),
  };
}

function sourceOf(text: string, secret: string, protocol: unknown): Settings {
  switch (text) {
    case 'none':
      return {};
    case 'stored':
      return { password: { stored: secret } };
    case 'entra':
      return { password: { entra: protocol } };
    default:
  }
  const value = yamlOf(text, '--password-source');
  if (isJsonObject(value)) return { password: value };
  // Not repeated: it may be the password.
  throw invalid(
    'This is no source of a password.',
    'Give stored, entra, none, or one as the configuration has it, such as "{stored: sales}". The password itself is typed in afterwards.',
  );
}

/** By its object id, or by its name where the directory has one group of that name. */
export async function groupNamed(client: Client, text: string): Promise<{ id: string; name?: string }> {
  if (guid.test(text)) return { id: text.toLowerCase() };
  const { groups } = await client.call('findGroups', { text });
  const exact = groups.filter(({ name }) => name.toLowerCase() === text.toLowerCase());
  const [found] = exact.length > 0 ? exact : groups;
  if (found !== undefined && (exact.length === 1 || groups.length === 1)) return found;
  throw invalid(
    groups.length === 0
      ? `The directory has no group "${plain(text)}".`
      : `Several groups begin with "${plain(text)}".`,
    groups.length === 0
      ? 'Check the name, or give the object id of the group.'
      : `Give the object id of one: ${groups
          .slice(0, 10)
          .map(({ id, name }) => `${plain(name)} (${id})`)
          .join(', ')}`,
  );
}

/** The secrets that a connection names for its rules. */
export function secretsOf({ settings }: Pick<ConnectionForm, 'settings'>): { name: string; role: string }[] {
  const { rules } = settings as { rules?: { role?: string; password?: { stored?: unknown } }[] };
  return (rules ?? []).flatMap(({ role = '', password }) =>
    typeof password?.stored === 'string' ? [{ name: password.stored, role }] : [],
  );
}

export function invalid(message: string, remedy: string): LatchkeyError {
  return new LatchkeyError('request-invalid', message, { remedy });
}
