import type { DatabaseSession } from '../contract/state.ts';
import type { SessionTraffic } from '../gateway/ports.ts';
import type { Token } from './tokens.ts';

/** A login that was let in: which token opened it, what the state shows of it, and what ends with it. */
export interface Admitted {
  token: Token;
  shown: DatabaseSession;
  /** Called once, when the login has ended or came to nothing. */
  release(): void;
}

/** Every login that has been let in and has not ended, by the id that gateway and audit know it by. */
export function createLiveLogins() {
  const admitted = new Map<string, Admitted & { opened: boolean }>();
  return {
    add(login: Admitted): void {
      admitted.set(login.shown.id, { ...login, opened: false });
    },
    /** @returns the login, or undefined where it is not known (any more). */
    opened(sessionId: string): Admitted | undefined {
      const login = admitted.get(sessionId);
      if (login !== undefined) login.opened = true;
      return login;
    },
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
    ids(which: (token: Token, shown: DatabaseSession) => boolean): string[] {
      return [...admitted].filter(([, { token, shown }]) => which(token, shown)).map(([id]) => id);
    },
  };
}
