import type { ConnectionSettings } from '../config/schema.ts';
import type { DatabaseSession } from '../contract/state.ts';
import type { SessionTraffic } from '../gateway/ports.ts';
import type { CredentialRequest } from '../credentials/credentials.ts';
import type { Token } from './tokens.ts';

/** A login that was let in: which token opened it, what the state shows of it, and what ends with it. */
export interface Admitted {
  token: Token;
  /** As it was at the login. */
  connection: ConnectionSettings;
  shown: DatabaseSession;
  /** The one that was asked of the server; it may have moved the session to another one, which is shown. */
  database: string;
  /** What the credential was asked for with. */
  request: CredentialRequest;
  /** Called once, when the login has ended or came to nothing. */
  release(): void;
}

export type LiveLogins = ReturnType<typeof createLiveLogins>;

/** Every login that has been let in and has not ended, by the id that gateway and audit know it by. */
export function createLiveLogins() {
  const admitted = new Map<string, Admitted & { opened: boolean }>();
  return {
    add(login: Admitted): void {
      admitted.set(login.shown.id, { ...login, opened: false });
    },
    /**
     * @param database where the server says that it is; absent where that is what was asked for.
     * @returns the login, or undefined where it is not known (any more).
     */
    opened(sessionId: string, database?: string): Admitted | undefined {
      const login = admitted.get(sessionId);
      if (login === undefined) return undefined;
      login.opened = true;
      if (database !== undefined) login.shown = { ...login.shown, database };
      return login;
    },
    find: (sessionId: string): Admitted | undefined => admitted.get(sessionId),
    ended(sessionId: string): Admitted | undefined {
      const login = admitted.get(sessionId);
      admitted.delete(sessionId);
      login?.release();
      return login;
    },
    traffic(news: SessionTraffic[]): void {
      for (const { sessionId, ...traffic } of news) {
        const login = admitted.get(sessionId);
        if (login !== undefined) login.shown = { ...login.shown, ...traffic };
      }
    },
    /** Live logins, oldest first. */
    sessions(): DatabaseSession[] {
      return [...admitted.values()].filter(({ opened }) => opened).map(({ shown }) => shown);
    },
    /** Ids of the logins that `which` picks, those included that have been let in but are not yet through upstream. */
    ids(which: (login: Admitted) => boolean): string[] {
      return [...admitted].filter(([, login]) => which(login)).map(([id]) => id);
    },
  };
}
