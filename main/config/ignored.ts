import { isDeepStrictEqual } from 'node:util';
import { LatchkeyError } from '../contract/errors.ts';
import { warnings } from './check.ts';
import type { Ignored } from './layers.ts';
import type { LoadedConfiguration } from './load.ts';
import type { Forbidden } from '../contract/forbidden.ts';
import type { Reason } from './restrictions.ts';

/** What works but will surprise, and what of the person's file does not count. */
export function allWarnings({
  configuration,
  layers,
}: Pick<LoadedConfiguration, 'configuration' | 'layers'>): string[] {
  return [...layers.ignored.map(ignoredText), ...warnings(configuration)];
}

/**
 * For a change that would not count, of what the file had not said before.
 * @returns undefined where all of it counts
 */
export function lockedOut(before: readonly Ignored[], after: readonly Ignored[]): LatchkeyError | undefined {
  const isOld = ({ key, value }: Ignored): boolean =>
    before.some((one) => one.key === key && isDeepStrictEqual(one.value, value));
  const found = after.find((one) => !isOld(one));
  if (found === undefined) return undefined;
  return new LatchkeyError(
    'organisation-locked',
    `${found.key} is not changed: ${reasonText(found.reason)}.`,
    { remedy: 'Ask whoever administers this computer. Nothing has been written.' },
  );
}

export function ignoredText({ key, line, reason }: Ignored): string {
  const where = line === undefined ? '' : ` (line ${line})`;
  return `${key}${where} does not count: ${reasonText(reason)}`;
}

const whatIsForbidden: Record<Forbidden, string> = {
  providers: 'providers of your own, or changes of its own',
  connections: 'connections of your own, or changes of its own',
  'break-glass': 'break-glass accounts of your own',
  commands: 'connections of your own that run commands',
};

/** "your organisation has locked session.deadline (/etc/…, line 3)" */
export function reasonText({ kind, by, file, line }: Reason): string {
  const where = `(${file}${line === undefined ? '' : `, line ${line}`})`;
  return kind === 'locked'
    ? `your organisation has locked ${by} ${where}`
    : `your organisation allows no ${whatIsForbidden[by as Forbidden]} ${where}`;
}
