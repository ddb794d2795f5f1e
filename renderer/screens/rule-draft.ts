import { isJsonObject } from '../../main/contract/json.ts';
import { secretName } from '../../main/contract/secret-name.ts';
import type { AppState } from '../../main/contract/state.ts';
import { connections as t } from '../texts/en/connections.ts';
import type { Faults } from '../ui/faults.ts';

export type Settings = Record<string, unknown>;

/** Where the password of a role comes from; `file` is whatever else the configuration file says. */
export type Source = 'stored' | 'entra' | 'none' | 'file';

/** What stands in the fields of one rule, as text. */
export interface RuleDraft {
  /** Tells the rules of a form apart. */
  key: number;
  /** The rule as the file has it. */
  before: Settings;
  /** Object id of the directory group; empty until one is chosen. */
  group: string;
  /** What the directory calls it, where that is known. */
  groupName: string;
  role: string;
  source: Source;
  mfa: 'never' | 'session' | 'login';
  readOnly: 'yes' | 'no';
  idleTimeout: string;
  maxDuration: string;
  statementTimeout: string;
  maxSessions: string;
}

export type RuleFaults = Faults<keyof RuleDraft>;

const limits = ['idleTimeout', 'maxDuration', 'statementTimeout', 'maxSessions'] as const;

export function newRule(key: number): RuleDraft {
  return ruleDraftOf({ password: { stored: '' } }, key);
}

export function ruleDraftOf(before: Settings, key: number): RuleDraft {
  const { group, role, password, mfa, readOnly } = before;
  const text = (value: unknown): string =>
    typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  return {
    key,
    before: 'role' in before ? before : {},
    group: text(group),
    groupName: '',
    role: text(role),
    source: sourceOf(password),
    mfa: mfa === 'session' || mfa === 'login' ? mfa : 'never',
    readOnly: readOnly === true ? 'yes' : 'no',
    idleTimeout: text(before['idleTimeout']),
    maxDuration: text(before['maxDuration']),
    statementTimeout: text(before['statementTimeout']),
    maxSessions: text(before['maxSessions']),
  };
}

function sourceOf(password: unknown): Source {
  if (password === undefined) return 'none';
  if (!isJsonObject(password)) return 'file';
  if ('stored' in password) return 'stored';
  return 'entra' in password && Object.keys(password).length === 1 ? 'entra' : 'file';
}

/** What the groups of the person who is signed in are called, by their ids. */
export function groupNames({ signIn }: Pick<AppState, 'signIn'>): ReadonlyMap<string, string> {
  return new Map(signIn.kind === 'signed-in' ? signIn.groups.map(({ id, name }) => [id, name]) : []);
}

/** The name of the secret that a rule asks for; the one of before, where it asked for one then. */
export function secretOf({ before, role, source }: RuleDraft, connection: string): string | undefined {
  if (source !== 'stored') return undefined;
  const { password } = before;
  if (isJsonObject(password) && typeof password['stored'] === 'string') return password['stored'];
  return secretName(connection, role.trim());
}

/** The rule in the words of the file: what the form does not have stays as it was. */
export function ruleOf(rule: RuleDraft, connection: string, protocol: string): Settings {
  const { before, group, role, source, mfa, readOnly } = rule;
  const wanted: Settings = { ...before, group, role: role.trim() };
  const put = (key: string, value: unknown, byDefault: unknown): void => {
    if (value !== byDefault) wanted[key] = value;
    else if (before[key] !== byDefault) delete wanted[key];
  };
  const stored = secretOf(rule, connection);
  if (stored !== undefined) wanted['password'] = { stored };
  else if (source === 'entra' && sourceOf(before['password']) !== 'entra')
    wanted['password'] = { entra: protocol };
  else if (source === 'none') delete wanted['password'];
  put('mfa', mfa, 'never');
  put('readOnly', readOnly === 'yes', false);
  for (const key of limits) {
    const text = rule[key].trim();
    // Such as a limit for each person and handle, which has no field.
    if (text === '' && isJsonObject(before[key])) continue;
    if (text === '') delete wanted[key];
    else wanted[key] = key === 'maxSessions' && /^\d+$/.test(text) ? Number(text) : text;
  }
  return wanted;
}

/** What has to be right before it is worth asking main, which checks everything. */
export function checkRule({ group, role, ...rule }: RuleDraft): RuleFaults {
  const faults: RuleFaults = {};
  if (group === '') faults.group = t.lookTheGroupUpAndChoose;
  if (role.trim() === '') faults.role = t.enterTheDatabaseUser;
  for (const key of ['idleTimeout', 'maxDuration', 'statementTimeout'] as const)
    if (!/^(|\d{1,6}[smhd])$/.test(rule[key].trim())) faults[key] = t.writeANumberAndAUnit;
  if (!/^\d{0,5}$/.test(rule.maxSessions.trim())) faults.maxSessions = t.writeANumber;
  return faults;
}
