import { isDeepStrictEqual } from 'node:util';
import type { Fault } from './fault.ts';
import type { Layer } from './layer.ts';
import { namedLists, type Organisation } from './organisation.ts';
import { keptOut, type Reason } from './restrictions.ts';
import { isRecord } from './yaml/render.ts';

type Path = Fault['path'];
type LayerName = 'organisation' | 'person';

/** Where a value of the configuration stands. */
export interface Place {
  layer: LayerName;
  /** The file or address. */
  file: string;
  line: number | undefined;
}

/** Something of the person's file that does not count. */
export interface Ignored {
  /** In words of the file, with names in place of numbers: `connections.sales.port`. */
  key: string;
  line: number | undefined;
  /** As it is written. */
  value: unknown;
  reason: Reason;
}

/** The layers in one, still to be checked. */
export interface Merged {
  value: unknown;
  ignored: readonly Ignored[];
  /** Where the value at `path` stands; undefined where no layer has it, so that the built-in one counts. */
  placeOf(path: Path): Place | undefined;
  /** As {@link placeOf}, for something that may be missing: of the nearest thing around it. */
  nearestTo(path: Path): Place;
  /** Which layer gives what stands at `path`. */
  layerAt(path: Path): LayerName;
}

/** Where a value of the merged tree comes from: it, and all in it that has no child of its own here. */
interface Origin {
  layer: LayerName;
  path: Path;
  children?: Map<string | number, Origin>;
}

interface Found {
  value: unknown;
  path: Path;
}

interface Joined {
  value: unknown;
  origin: Origin;
}

/** One choice among several forms is taken from one layer as a whole. */
const isChoice = (at: readonly string[]): boolean => at.at(-1) === 'via';

const isNamedList = (at: readonly string[]): boolean => at.length === 1 && namedLists.includes(at[0] ?? '');

/**
 * The organisation's settings with the person's on top: key by key, and providers and connections by their names. What the
 * organisation locks or forbids stays as it says.
 */
export function mergeLayers(person: Layer, organisation?: Organisation): Merged {
  const ignored: Ignored[] = [];

  /** Whether the person's value is kept out here; that is noted, unless it says what the organisation says anyway. */
  function isKeptOut(of: Found | undefined, own: Found, at: string[]): boolean {
    const isReplaced =
      isChoice(at) || !(isRecord(own.value) || (isNamedList(at) && Array.isArray(own.value)));
    const reason = organisation && keptOut(organisation, { of: of?.value, own: own.value, at, isReplaced });
    if (reason === undefined) return false;
    if (!isDeepStrictEqual(of?.value, own.value))
      ignored.push({ key: at.join('.'), line: person.lineOf(own.path), value: own.value, reason });
    return true;
  }

  function join(of: Found | undefined, own: Found | undefined, at: string[]): Joined | undefined {
    if (own === undefined || isKeptOut(of, own, at)) return of && whole(of, 'organisation');
    // A fault of the organisation is told as one, whatever the person has.
    if (isNamedList(at) && of !== undefined && !Array.isArray(of.value)) return whole(of, 'organisation');
    if (Array.isArray(own.value) && isNamedList(at))
      return joinList(Array.isArray(of?.value) ? { ...of, value: of.value } : undefined, own, at);
    if (!isRecord(own.value) || isChoice(at)) return whole(own, 'person');
    return joinKeys(of, { ...own, value: own.value }, at);
  }

  function joinKeys(
    of: Found | undefined,
    own: Found & { value: Record<string, unknown> },
    at: string[],
  ): Joined {
    const below = isRecord(of?.value) ? of.value : {};
    const value: [string, unknown][] = [];
    const children = new Map<string | number, Origin>();
    for (const key of new Set([...Object.keys(below), ...Object.keys(own.value)])) {
      const joined = join(
        of && Object.hasOwn(below, key) ? { value: below[key], path: [...of.path, key] } : undefined,
        Object.hasOwn(own.value, key) ? { value: own.value[key], path: [...own.path, key] } : undefined,
        [...at, key],
      );
      if (joined === undefined) continue;
      value.push([key, joined.value]);
      children.set(key, joined.origin);
    }
    return {
      value: Object.fromEntries(value),
      origin: { layer: 'person', path: own.path, children },
    };
  }

  /** The organisation's items first, in their order; then those of the person alone. */
  function joinList(of: (Found & { value: unknown[] }) | undefined, own: Found, at: string[]): Joined {
    const items = (own.value as unknown[]).map((value, index) => ({ value, path: [...own.path, index] }));
    const taken = new Set<number>();
    const joined = (of?.value ?? []).map((value, index) => {
      const name = nameOf(value);
      const mine = items.findIndex((one) => name !== undefined && nameOf(one.value) === name);
      if (mine >= 0) taken.add(mine);
      return join({ value, path: [...(of?.path ?? []), index] }, items[mine], [...at, name ?? `${index}`]);
    });
    const alone = items.flatMap((one, index) =>
      taken.has(index) ? [] : [join(undefined, one, [...at, nameOf(one.value) ?? `${index}`])],
    );
    const all = [...joined, ...alone].filter((one) => one !== undefined);
    return {
      value: all.map(({ value }) => value),
      origin: {
        layer: 'person',
        path: own.path,
        children: new Map(all.map(({ origin }, index) => [index, origin])),
      },
    };
  }

  const { value: joined, origin } = join(
    organisation && { value: organisation.value, path: [] },
    { value: person.value, path: [] },
    [],
  ) ?? { value: {}, origin: { layer: 'person', path: [] } };
  const value = organisation === undefined ? joined : withoutLost(joined, person.value);

  function placed(path: Path): { layer: LayerName; path: Path } {
    let at = origin;
    for (const [index, step] of path.entries()) {
      const next: Origin | undefined = at.children?.get(step);
      if (next === undefined) return { layer: at.layer, path: [...at.path, ...path.slice(index)] };
      at = next;
    }
    return at;
  }
  function nearestTo(path: Path): Place {
    const { layer, path: there } = placed(path);
    const from = layer === 'organisation' && organisation !== undefined ? organisation : person;
    return { layer, file: from.label, line: from.lineOf(there) };
  }

  return {
    value,
    ignored,
    nearestTo,
    layerAt: (path) => placed(path).layer,
    placeOf: (path) => (isThere(value, path) ? nearestTo(path) : undefined),
  };
}

/** A chain without those providers of the person that do not count: it would be a fault that only they can correct. */
function withoutLost(joined: unknown, own: unknown): unknown {
  if (!isRecord(joined) || !isRecord(own) || !Array.isArray(joined['chain'])) return joined;
  const namesOf = (list: unknown): unknown[] => (Array.isArray(list) ? list.map(nameOf) : []);
  const counting = namesOf(joined['providers']);
  const lost = namesOf(own['providers']).filter((name) => name !== undefined && !counting.includes(name));
  if (lost.length === 0) return joined;
  return { ...joined, chain: joined['chain'].filter((name) => !lost.includes(name)) };
}

function whole({ value, path }: Found, layer: LayerName): Joined {
  return { value, origin: { layer, path } };
}

function nameOf(item: unknown): string | undefined {
  return isRecord(item) && typeof item['name'] === 'string' ? item['name'] : undefined;
}

function isThere(value: unknown, path: Path): boolean {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return false;
    at = (at as Record<string | number, unknown>)[step];
  }
  return true;
}
