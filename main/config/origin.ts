import type { Fault } from './fault.ts';
import type { LoadedConfiguration } from './load.ts';
import { namedLists } from './organisation.ts';
import { isLocked } from './restrictions.ts';
import { isRecord } from './yaml/render.ts';

/** One value of the configuration as it counts. */
export interface ShownValue {
  /** In words of the file, with names in place of numbers where there are names: `connections.sales.port`. */
  key: string;
  value: unknown;
  origin: 'built-in' | 'organisation' | 'person';
  /** Of the organisation or the person. */
  file?: string;
  line?: number;
  /** Whether a change by the person would not count. */
  locked: boolean;
}

/** All values that count, each with where it comes from: in the order of the file's form. */
export function shownValues({
  configuration,
  layers,
}: Pick<LoadedConfiguration, 'configuration' | 'layers'>) {
  const values: ShownValue[] = [];

  function walk(value: unknown, path: Fault['path'], key: string[]): void {
    if (value === undefined) return;
    const inner = Array.isArray(value) && !value.some(isRecord) ? [] : partsOf(value);
    if (inner.length === 0) values.push(shown(value, path, key));
    for (const [step, one] of inner) {
      const isNamed = namedLists.includes(key[0] ?? '') && path.length === 1 && isRecord(one);
      walk(one, [...path, step], [...key, isNamed ? String(one['name']) : String(step)]);
    }
  }

  function shown(value: unknown, path: Fault['path'], key: string[]): ShownValue {
    const place = layers.placeOf(path);
    return {
      key: key.join('.'),
      value,
      origin: place?.layer ?? 'built-in',
      ...(place === undefined ? {} : { file: place.file }),
      ...(place?.line === undefined ? {} : { line: place.line }),
      locked: layers.organisation !== undefined && isLocked(layers.organisation, key),
    };
  }

  for (const [key, value] of Object.entries(configuration)) if (key !== '$schema') walk(value, [key], [key]);
  return values;
}

function partsOf(value: unknown): [string | number, unknown][] {
  if (Array.isArray(value)) return [...value.entries()];
  return isRecord(value) ? Object.entries(value) : [];
}
