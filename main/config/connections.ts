import { LatchkeyError } from '../contract/errors.ts';
import type { ConnectionForm } from '../contract/connection-shapes.ts';
import { checkedChange } from './checked-change.ts';
import { organisationLists, organisationsOwn, type OrganisationLayer } from './organisation.ts';
import { editYaml, yamlValue } from './yaml/edit.ts';
import { Commented, isRecord } from './yaml/render.ts';

/** A change of the connections, as window and command line make it. */
export type ConnectionChange =
  { kind: 'save'; connections: readonly ConnectionForm[] } | { kind: 'remove'; name: string };

type Settings = Record<string, unknown>;

/** The order in which a new connection is written. */
const keyOrder = ['name', 'title', 'protocol', 'address', 'port', 'upstream', 'rules'];

/**
 * The configuration's text with connections added, changed or removed; whatever else stands in the file stays as it is. The
 * result has been checked as a whole: it loads, but for other connections that had faults before.
 * @throws LatchkeyError `config-invalid` with the faults of the result, `request-invalid` for a name that is there already
 *   or is not, `request-refused` where the file cannot be changed in place
 */
export function changeConnections(
  text: string,
  change: ConnectionChange,
  label: string,
  organisation?: OrganisationLayer,
): string {
  const draft = yamlValue(text, label) as Settings;
  const listed = draft['connections'];
  const connections = Array.isArray(listed) ? (listed as Settings[]) : [];
  const others = organisationLists(organisation).connections.map((one) => one['name']);
  const next =
    change.kind === 'save'
      ? change.connections.reduce((all, form) => saved(all, form, others), connections)
      : removed(connections, change.name, others);
  const changed = editYaml(text, { ...draft, connections: next }, label);
  checkedChange(
    { before: text, changed, organisation },
    label,
    change.kind === 'save' ? savedNames(change) : [],
  );
  return changed;
}

/** A form may give a connection another name. */
const savedNames = ({ connections }: Extract<ConnectionChange, { kind: 'save' }>): unknown[] =>
  connections.flatMap(({ name, settings }) => [name, settings['name']]);

/** The connections of the file in its own words. */
export function writtenConnections(text: string, label: string): Settings[] {
  const listed = (yamlValue(text, label) as Settings)['connections'];
  return Array.isArray(listed) ? listed.filter(isRecord) : [];
}

/** @param others names of the organisation's, of which the file has no more than what a person has changed */
function saved(
  connections: Settings[],
  { name, is, settings, groupNames = {} }: ConnectionForm,
  others: readonly unknown[],
): Settings[] {
  const index = connections.findIndex((one) => isRecord(one) && one['name'] === name);
  const before = connections[index];
  const wanted = withGroupNames(mergePatch(before ?? { name }, settings) as Settings, groupNames);
  const isThere = before !== undefined || others.includes(name);
  if (is === 'there' && !isThere) throw unknownConnection(name);
  if (is === 'new' && isThere)
    throw new LatchkeyError('request-invalid', `There is already a connection "${name}".`, {
      remedy: `Change it with: latchkey connection edit ${name}`,
    });
  return before === undefined ? [...connections, ordered(wanted)] : connections.with(index, wanted);
}

function removed(connections: Settings[], name: string, others: readonly unknown[]): Settings[] {
  const rest = connections.filter((one) => !isRecord(one) || one['name'] !== name);
  if (rest.length === connections.length)
    throw others.includes(name) ? organisationsOwn('connection', name) : unknownConnection(name);
  return rest;
}

/** For a name that is not in the configuration. */
export function unknownConnection(name: string): LatchkeyError {
  return new LatchkeyError('request-invalid', `The configuration has no connection "${name}".`, {
    remedy: 'See them with: latchkey connection list',
  });
}

/** RFC 7396: what is absent stays, null takes away, lists are replaced. */
export function mergePatch(before: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged = new Map(isRecord(before) ? Object.entries(before) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

/** Access goes by the id alone; the name stands behind it for whoever reads the file. */
function withGroupNames(connection: Settings, names: Readonly<Record<string, string>>): Settings {
  const { rules } = connection;
  if (!Array.isArray(rules)) return connection;
  const named = (rules as unknown[]).map((rule) => {
    if (!isRecord(rule) || typeof rule['group'] !== 'string') return rule;
    const { group } = rule;
    const name = Object.hasOwn(names, group) ? names[group] : undefined;
    return name === undefined ? rule : { ...rule, group: new Commented(group, name) };
  });
  return { ...connection, rules: named };
}

function ordered(connection: Settings): Settings {
  const place = (key: string): number =>
    keyOrder.includes(key) ? keyOrder.indexOf(key) : keyOrder.length - 2.5;
  return Object.fromEntries(
    Object.entries(connection).toSorted(([left], [right]) => place(left) - place(right)),
  );
}
