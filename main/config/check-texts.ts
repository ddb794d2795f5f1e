import type { Fault } from './fault.ts';

/** What is left of each byte that is no UTF-8. */
const misread = '\u{FFFD}';

/** The texts and keys that another encoding was read from: they would be other names than those that were meant. */
export function misreadTexts(value: unknown, path: Fault['path'] = []): Fault[] {
  if (typeof value === 'string')
    return value.includes(misread) ? [{ path, message: `(${JSON.stringify(value)}): ${encoding}` }] : [];
  if (typeof value !== 'object' || value === null) return [];
  const steps: [string | number, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return steps.flatMap(([step, inner]) => misreadTexts(inner, [...path, step]));
}

const encoding = 'is no UTF-8 text; save the file as UTF-8';

/** In double quotes `"C:\temp"` has a tab in it. */
export const hasControls = (name: string): boolean => /\p{Cc}/u.test(name);

export const controlsInName = String.raw`is no name of a file; in double quotes \ begins an escape, so use single quotes, as in 'C:\folder\file'`;
