import type { LoginDesk } from '../access/gatekeeper.ts';
import type { Token, Tokens } from '../access/tokens.ts';
import type { Audit } from '../audit/audit.ts';
import type { Configuration } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';

export interface EndingsOptions {
  tokens: Tokens;
  desk: Pick<LoginDesk, 'sessionIds'>;
  /** Ends these database sessions now. */
  cut(sessionIds: string[], reason: string): void;
  audit: Pick<Audit, 'append'>;
  onLock: Configuration['session']['onLock'];
  /** Programs that were allowed until the screen is locked are asked about again. */
  forgetUntilLock(): void;
  signOut(): Promise<void>;
  changed(): void;
}

/** Every way in which tokens and database sessions are ended before their time. */
export function createEndings(options: EndingsOptions) {
  const { tokens, desk, cut, audit, onLock, changed } = options;

  /**
   * Ends tokens and logins together, before the first wait: none of either may outlive what they stood on. Never
   * rejects: where the audit cannot be written the ending still counts, and the state says that it is not on record.
   * @returns how many tokens there were.
   */
  async function revokeWhere(which: (token: Token) => boolean, reason: string): Promise<number> {
    const revoked = tokens.revoke(which);
    cut(desk.sessionIds(which), reason);
    changed();
    await Promise.allSettled(
      revoked.map(({ id, account, connection, role }) =>
        audit.append({ event: 'token-revoked', tokenId: id, account, connection, role, reason }),
      ),
    );
    return revoked.length;
  }

  return {
    revokeWhere,

    /** @throws LatchkeyError `token-unknown`, also for a token that has expired meanwhile. */
    async revokeToken(id: string): Promise<void> {
      if ((await revokeWhere((token) => token.id === id, 'The token has been revoked.')) > 0) return;
      throw new LatchkeyError('token-unknown', 'There is no live token with this id.', {
        remedy: 'See the live ones with: latchkey status',
      });
    },

    /** @returns how many there were. */
    revokeAllTokens: (): Promise<number> => revokeWhere(() => true, 'All tokens have been revoked.'),

    /** @throws LatchkeyError `session-unknown`. */
    async cutSession(id: string): Promise<void> {
      const found = desk.sessionIds((_token, shown) => shown.id === id);
      if (found.length === 0) {
        throw new LatchkeyError('session-unknown', 'There is no live database session with this id.', {
          remedy: 'See the live ones with: latchkey sessions',
        });
      }
      cut(found, 'The session has been ended from Latchkey.');
    },

    /** @returns how many there were; tokens and handles stay good. */
    async cutAllSessions(): Promise<number> {
      const found = desk.sessionIds(() => true);
      cut(found, 'All sessions have been ended from Latchkey.');
      return found.length;
    },

    /** The screen has been locked: what follows is the configuration's to say. */
    async locked(): Promise<void> {
      options.forgetUntilLock();
      // Begun before the first wait, so that nobody gets in meanwhile.
      const ended =
        onLock === 'keep'
          ? undefined
          : revokeWhere(() => true, 'The screen of this computer has been locked.');
      await audit.append({ event: 'screen-locked', onLock }).catch(() => undefined);
      await ended;
      if (onLock === 'sign-out') await options.signOut();
    },
  };
}
