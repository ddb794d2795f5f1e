import type { Problem } from '../contract/errors.ts';
import type { RecentLogin } from '../contract/recent-login.ts';
import type { DatabaseSession, PeerProcess } from '../contract/state.ts';

const most = 200;

interface Attempted {
  connection: string;
  database: string;
  program: string;
  process?: PeerProcess | undefined;
  username?: string | undefined;
  role?: string | undefined;
}

export type RecentLogins = ReturnType<typeof createRecentLogins>;

/**
 * The last logins since the start, with the sentence that each refused client was told. The audit has them for good, by their codes;
 * these are for a person who wonders why a tool does not come in.
 */
export function createRecentLogins({ changed, now = Date.now }: { changed(): void; now?: () => number }) {
  let logins: RecentLogin[] = [];
  let seen = 0;

  function note(attempted: Attempted, outcome: Pick<RecentLogin, 'outcome' | 'problem'>): void {
    const { connection, database, program, process, username, role } = attempted;
    seen += 1;
    const login: RecentLogin = {
      id: seen,
      at: new Date(now()).toISOString(),
      connection,
      database,
      program,
      ...(process === undefined ? {} : { process }),
      ...(username === undefined ? {} : { username }),
      ...(role === undefined ? {} : { role }),
      ...outcome,
    };
    logins = [login, ...logins].slice(0, most);
    changed();
  }

  return {
    opened: (session: DatabaseSession): void => note(session, { outcome: 'opened' }),
    refused: (attempted: Attempted, problem: Problem): void =>
      note(attempted, { outcome: 'refused', problem }),
    /** How many there were, so that whoever shows them knows of another one. */
    seen: (): number => seen,
    /** The newest first. */
    list: (connection?: string): RecentLogin[] =>
      logins.filter((login) => connection === undefined || login.connection === connection),
  };
}
