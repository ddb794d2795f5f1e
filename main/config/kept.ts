import type { Fault } from './fault.ts';
import { entriesOf, entryAt } from './faulty.ts';
import type { Merged } from './layers.ts';

type Part = Pick<Merged, 'value' | 'ignored' | 'placeOf' | 'nearestTo'>;

/** A configuration with these entries of its connections alone, by their indices. */
export function withEntries(value: unknown, kept: readonly number[]): unknown {
  const entries = entriesOf(value);
  if (kept.length === entries.length) return value;
  return { ...(value as object), connections: kept.map((index) => entries[index]) };
}

/** The way to something of the kept entries, among all of them. */
export function pathInAll(path: Fault['path'], kept: readonly number[]): Fault['path'] {
  const index = entryAt(path);
  return index === undefined ? path : path.with(1, kept[index] ?? index);
}

/** As if the layers had the kept entries alone. */
export function keptOf({ value, ignored, placeOf, nearestTo }: Part, kept: readonly number[]): Part {
  return {
    value: withEntries(value, kept),
    ignored,
    placeOf: (path) => placeOf(pathInAll(path, kept)),
    nearestTo: (path) => nearestTo(pathInAll(path, kept)),
  };
}
