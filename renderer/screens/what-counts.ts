import { connections as t } from '../texts/en/connections.ts';
/** What follows from what has been written, with the database sessions that did not stand in it any more. */
export function whatCounts(ended: number): string {
  return ended === 0 ? t.itCountsFromNowOn : t.itCountsAndSessionsEnded(ended);
}
