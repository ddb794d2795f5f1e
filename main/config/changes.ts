import { isDeepStrictEqual } from 'node:util';
import type { Configuration } from './schema.ts';
import { isRecord } from './yaml/render.ts';

type Named = { name: string };
type Settings = Record<string, unknown>;

/**
 * What differs between two configurations, in the words of the file: `session.deadline`, `connection "sales": port, rules`.
 * Names of keys and of what they belong to, and no values: this is for people, log and audit.
 */
export function configurationChanges(before: Configuration, next: Configuration): string[] {
  const { providers: providersBefore, connections: connectionsBefore, ...restBefore } = before;
  const { providers, connections, ...rest } = next;
  return [
    ...changesOfKeys(restBefore, rest),
    ...changesOfList('provider', providersBefore, providers),
    ...changesOfList('connection', connectionsBefore, connections),
  ];
}

/** One level down, where there is one on both sides. */
function changesOfKeys(before: Settings, next: Settings): string[] {
  return changedKeys(before, next).flatMap((key) => {
    const [old, now] = [before[key], next[key]];
    if (!isRecord(old) || !isRecord(now)) return [key];
    return changedKeys(old, now).map((inner) => `${key}.${inner}`);
  });
}

function changesOfList(what: string, before: readonly Named[], next: readonly Named[]): string[] {
  const changes: string[] = [];
  for (const { name } of before)
    if (!next.some((one) => one.name === name)) changes.push(`${what} "${name}" (removed)`);
  for (const one of next) {
    const old = before.find(({ name }) => name === one.name);
    if (old === undefined) {
      changes.push(`${what} "${one.name}" (new)`);
      continue;
    }
    const keys = changedKeys(old, one);
    if (keys.length > 0) changes.push(`${what} "${one.name}": ${keys.join(', ')}`);
  }
  if (changes.length > 0) return changes;
  const isSameOrder = before.every(({ name }, index) => next[index]?.name === name);
  return isSameOrder ? [] : [`order of the ${what}s`];
}

function changedKeys(before: object, next: object): string[] {
  const [old, now] = [before as Settings, next as Settings];
  const keys = new Set([...Object.keys(old), ...Object.keys(now)]);
  return [...keys].filter((key) => !isDeepStrictEqual(old[key], now[key]));
}
