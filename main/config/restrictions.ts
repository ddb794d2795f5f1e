import { knownKeys } from './explain.ts';
import type { Forbidden } from '../contract/forbidden.ts';
import type { Lock, Organisation } from './organisation.ts';
import { isRecord } from './yaml/render.ts';

/** Why something of the person's does not count: what the organisation locks or forbids, and where it says so. */
export interface Reason {
  kind: 'locked' | 'forbidden';
  /** The lock as it is written, or what is forbidden. */
  by: string;
  file: string;
  line: number | undefined;
}

/** Of a connection of the organisation, what only says how it is met on this computer. */
const placesOnly = ['name', 'title', 'address', 'port'];

/** A value of the person's file, and what it meets. */
interface Met {
  /** What the organisation has in its place. */
  of: unknown;
  own: unknown;
  /** The way to it, with names in place of numbers. */
  at: readonly string[];
  /** It would take the place of all that the organisation has there, and is not joined with it. */
  isReplaced: boolean;
}

/** Whether a value of the person's file may not count, and why. */
export function keptOut(organisation: Organisation, met: Met): Reason | undefined {
  // A file that has no keys at all is a fault, and told as one.
  if (met.at.length === 0) return undefined;
  const { label: file } = organisation;
  const lock = organisation.locked.find((one) => locks(organisation, one, met));
  if (lock !== undefined) return { kind: 'locked', by: lock.path.join('.'), file, line: lock.line };
  const what = organisation.forbid.find((one) => forbids(one, met));
  if (what === undefined) return undefined;
  return { kind: 'forbidden', by: what, file, line: organisation.lineOfForbidden(what) };
}

function locks(organisation: Organisation, { path }: Lock, { at, isReplaced }: Met): boolean {
  if (path.length <= at.length) return covers(organisation, path, at);
  return isReplaced && covers(organisation, path.slice(0, at.length), at);
}

/** Whether a lock is of a key or of something around it; "*" stands for each name that the organisation lists. */
function covers(organisation: Organisation, lock: readonly string[], key: readonly string[]): boolean {
  return lock.every(
    (step, index) =>
      step === key[index] || (step === '*' && organisation.names(key[0] ?? '').includes(key[index] ?? '')),
  );
}

/** The keys of one of the organisation's connections or providers that a person cannot change; "" is all of it. */
export function lockedKeys(organisation: Organisation, list: string, name: string): string[] {
  const under = (path: string[]): string[] => {
    if (isLocked(organisation, [list, name, ...path])) return [path.join('.')];
    return knownKeys([list, 0, ...path]).flatMap((key) => under([...path, key]));
  };
  return under([]);
}

/** Whether the organisation keeps a key from being changed by the person. */
export function isLocked(organisation: Organisation, key: readonly string[]): boolean {
  const { locked, forbid, names } = organisation;
  if (locked.some(({ path }) => path.length <= key.length && covers(organisation, path, key))) return true;
  const [list = '', name = '', inner] = key;
  if (list === 'chain') return forbid.includes('providers');
  if (!names(list).includes(name)) return false;
  if (list === 'providers') return forbid.includes('providers');
  return forbid.includes('connections') && inner !== undefined && !placesOnly.includes(inner);
}

function forbids(what: Forbidden, { of, own, at }: Met): boolean {
  const [list, name, key] = at;
  const isItem = at.length === 2;
  switch (what) {
    case 'providers':
      // Whom the chain leaves out is as good as turned off.
      return (list === 'providers' && isItem) || (list === 'chain' && at.length === 1);
    case 'break-glass':
      return list === 'providers' && isItem && (isLocal(own) || isLocal(of));
    case 'connections':
      if (list !== 'connections' || name === undefined) return false;
      if (isItem) return of === undefined || !isRecord(own);
      return at.length === 3 && !placesOnly.includes(key ?? '');
    case 'commands':
      return list === 'connections' && isItem && runsCommands(own);
  }
}

function isLocal(provider: unknown): boolean {
  return isRecord(provider) && provider['type'] === 'local';
}

/** Whether a connection, as it is written, names a program to run. */
function runsCommands(connection: unknown): boolean {
  if (!isRecord(connection)) return false;
  const { upstream, rules } = connection;
  const via = isRecord(upstream) ? upstream['via'] : undefined;
  if (isRecord(via) && 'command' in via) return true;
  return (
    Array.isArray(rules) &&
    rules.some((rule) => isRecord(rule) && isRecord(rule['password']) && 'command' in rule['password'])
  );
}
