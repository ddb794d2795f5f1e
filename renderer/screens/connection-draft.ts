import type { ActionReply } from '../../main/contract/action-schemas.ts';
import type { ConnectionForm } from '../../main/contract/connection-shapes.ts';
import type { Problem } from '../../main/contract/errors.ts';
import { isJsonObject } from '../../main/contract/json.ts';
import type { ProtocolName } from '../../main/contract/protocols.ts';
import { connections as t } from '../texts/en/connections.ts';
import { faultsIn, type Faults } from '../ui/faults.ts';
import { isLocked } from './organisation-locks.ts';
import { checkRule, newRule, ruleDraftOf, ruleOf, type RuleDraft, type Settings } from './rule-draft.ts';

export type ReadConnections = ActionReply<'readConnections'>;
export type WrittenConnection = ReadConnections['connections'][number];

/** Where each field stands in the file. */
const places = {
  title: ['title'],
  protocol: ['protocol'],
  port: ['port'],
  host: ['upstream', 'host'],
  upstreamPort: ['upstream', 'port'],
  instance: ['upstream', 'instance'],
  database: ['upstream', 'database'],
  databases: ['upstream', 'databases'],
  tls: ['upstream', 'tls', 'mode'],
  caFile: ['upstream', 'tls', 'caFile'],
  serverName: ['upstream', 'tls', 'serverName'],
  fingerprint: ['upstream', 'tls', 'fingerprint'],
} as const;

/** Whether the organisation keeps a field from being changed. */
export function isFieldLocked(before: WrittenConnection | undefined, key: Field | 'rules' | 'name'): boolean {
  const locked = before?.organisation?.locked ?? [];
  return key !== 'name' && isLocked(locked, key === 'rules' ? key : places[key].join('.'));
}

type Field = keyof typeof places;
const fields = Object.keys(places) as Field[];

export type TlsMode = 'verify' | 'strict' | 'by-password' | 'off';

/** What stands in the fields of the form, as text. */
export interface ConnectionDraft extends Record<Exclude<Field, 'protocol' | 'tls'>, string> {
  name: string;
  protocol: ProtocolName;
  tls: TlsMode;
  rules: RuleDraft[];
}

/** Faults of fields by their names, and of those of rules as `rules.0.role`. */
export type ConnectionFaults = Faults<string>;

export function newConnection(port: number): ConnectionDraft {
  return { ...draftOf({ name: '', settings: { protocol: 'postgresql', port } }), rules: [newRule(0)] };
}

export function draftOf({ name, settings }: Pick<WrittenConnection, 'name' | 'settings'>): ConnectionDraft {
  const texts = Object.fromEntries(fields.map((key) => [key, textAt(settings, places[key])]));
  const { rules } = settings as { rules?: unknown };
  return {
    ...(texts as Record<Field, string>),
    name,
    protocol: (texts['protocol'] || 'postgresql') as ProtocolName,
    tls: (texts['tls'] || 'verify') as TlsMode,
    rules: Array.isArray(rules) ? rules.filter(isJsonObject).map(ruleDraftOf) : [],
  };
}

/** Servers that the form has no fields for; they stay as they are in the file. */
export function otherServer(settings: Settings): string | undefined {
  const { upstream } = settings;
  if (!isJsonObject(upstream)) return undefined;
  const { socket, hosts } = upstream;
  if (typeof socket === 'string') return socket;
  return Array.isArray(hosts) ? hosts.join(', ') : undefined;
}

/** What is to be written: all of a new connection; of one that is there what has been changed. */
export function formOf(draft: ConnectionDraft, before: WrittenConnection | undefined): ConnectionForm {
  const name = before?.name ?? draft.name.trim();
  const base = before === undefined ? undefined : draftOf(before);
  const settings: Settings = {};
  for (const key of fields) {
    const text = draft[key].trim();
    const isDefault = base === undefined && (text === '' || (key === 'tls' && text === 'verify'));
    if (text === base?.[key] || isDefault) continue;
    put(settings, places[key], text === '' ? null : valueOf(key, text));
  }
  const rules = draft.rules.map((rule) => ruleOf(rule, name, draft.protocol));
  const areNew = JSON.stringify(rules) !== JSON.stringify(before?.settings['rules']);
  if (areNew && !isFieldLocked(before, 'rules')) settings['rules'] = rules;
  const named = draft.rules.filter(({ groupName }) => groupName !== '');
  return {
    name,
    is: before === undefined ? 'new' : 'there',
    settings,
    groupNames: Object.fromEntries(named.map(({ group, groupName }) => [group, groupName])),
  };
}

/** The same for a test, which is of no rules. Undefined where nothing differs from the file. */
export function testedSettings(
  draft: ConnectionDraft,
  before: WrittenConnection | undefined,
): Settings | undefined {
  const { rules: _rules, ...settings } = formOf(draft, before).settings;
  return Object.keys(settings).length === 0 ? undefined : settings;
}

function textAt(settings: Settings, place: readonly string[]): string {
  const value = place.reduce<unknown>(
    (inside, key) => (isJsonObject(inside) ? inside[key] : undefined),
    settings,
  );
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function put(settings: Settings, place: readonly string[], value: unknown): void {
  const [key = '', ...rest] = place;
  if (rest.length === 0) settings[key] = value;
  else put((settings[key] ??= {}) as Settings, rest, value);
}

function valueOf(key: Field, text: string): unknown {
  if (key === 'port' || key === 'upstreamPort') return /^\d+$/.test(text) ? Number(text) : text;
  if (key !== 'databases' || text === 'any') return text;
  return text.split(/[\s,;]+/).filter((one) => one !== '');
}

/** What has to be right before it is worth asking main, which checks everything. */
export function checkDraft(
  draft: ConnectionDraft,
  { taken, before }: { taken: readonly string[]; before: WrittenConnection | undefined },
): ConnectionFaults {
  const faults: ConnectionFaults = {};
  const name = draft.name.trim();
  if (before === undefined && !/^[a-z0-9][a-z0-9_-]{0,62}$/.test(name))
    faults['name'] = t.lowerCaseLettersDigitsAndDashes;
  if (before === undefined && taken.includes(name)) faults['name'] = t.thereIsAConnectionOfThis;
  if (draft.host.trim() === '' && otherServer(before?.settings ?? {}) === undefined)
    faults['host'] = t.enterTheNameOfTheServer;
  if (draft.database.trim() === '' && draft.databases.trim() === '')
    faults['database'] = t.enterTheNameOfADatabase;
  if (draft.port.trim() !== 'auto' && !isPort(draft.port, 1024)) faults['port'] = t.aFreePortOrAuto;
  if (draft.upstreamPort.trim() !== '' && !isPort(draft.upstreamPort, 1)) faults['upstreamPort'] = t.aPort;
  for (const [index, rule] of isFieldLocked(before, 'rules') ? [] : draft.rules.entries())
    for (const [key, fault] of Object.entries(checkRule(rule))) faults[`rules.${index}.${key}`] = fault;
  return faults;
}

function isPort(text: string, lowest: number): boolean {
  return /^\d{1,5}$/.test(text.trim()) && Number(text) >= lowest && Number(text) <= 65_535;
}

const ruleFields = new Set(
  'group role password mfa readOnly idleTimeout maxDuration statementTimeout maxSessions'.split(' '),
);

/**
 * The faults of a refusal that belong to fields of the form.
 * @param index of the connection among those of the file
 */
export function faultsOf(
  problem: Problem | undefined,
  index: number,
): { fields: ConnectionFaults; rest: Problem | undefined } {
  const start = `connections[${index}].`;
  return faultsIn<string>(problem, (place) => {
    if (!place.startsWith(start)) return undefined;
    const inside = place.slice(start.length);
    const [, rule, key] = /^rules\[(\d+)\]\.(\w+)/.exec(inside) ?? [];
    if (rule !== undefined && key !== undefined)
      return ruleFields.has(key) ? `rules.${rule}.${key === 'password' ? 'source' : key}` : undefined;
    const path = inside.replaceAll(/\[\d+\]/g, '');
    return path === 'name' ? 'name' : fields.find((one) => places[one].join('.') === path);
  });
}
