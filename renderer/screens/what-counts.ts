/** What follows from what has been written, with the database sessions that did not stand in it any more. */
export function whatCounts(ended: number): string {
  const now = 'It counts from now on.';
  if (ended === 0) return now;
  return `${now} ${ended === 1 ? 'One database session has' : `${ended} database sessions have`} ended that did not stand in it any more.`;
}
