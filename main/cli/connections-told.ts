import type { Written } from '../contract/connection-shapes.ts';
import { plain } from './output.ts';

/** What follows for the database sessions that are open. */
export function toldOfEnded(ended: number): string {
  if (ended === 0) return '';
  return ` ${ended} database session${ended === 1 ? ' has' : 's have'} ended that did not stand in it any more.`;
}

export const countsNow = (ended: number): string => ` It counts from now on.${toldOfEnded(ended)}`;

/** What has been written, and counts. */
export function told({ connections, warnings, ended }: Written, stored: string[]): string {
  const saved = connections.map(({ name, port }) => `Saved "${name}" on port ${port}.`);
  const kept = stored.map((name) => `Stored the password "${name}".`);
  return [...saved, ...kept, ...warnings.map(plain)].join('\n') + countsNow(ended);
}
