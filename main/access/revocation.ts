import type { Admitted } from './live-logins.ts';
import type { Logins } from './logins.ts';
import type { Token, Tokens } from './tokens.ts';
import type { Audit } from '../audit/audit.ts';
import { noted } from '../audit/recorded.ts';
import type { Configuration } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';

export interface RevocationOptions {
  tokens: Tokens;
  logins: Pick<Logins, 'sessionIds'>;
  /** Ends these database sessions now. */
  cut(sessionIds: string[], reason: string): void;
  audit: Pick<Audit, 'append'>;
  /** As it is configured now. */
  onLock(): Configuration['session']['onLock'];
  /** Nobody is let in until the unlock, where the configuration says so. */
  lock(): void;
  /** Programs that were allowed until the screen is locked are asked about again. */
  forgetUntilLock(): void;
  signOut(): Promise<void>;
  changed(): void;
}

/** Every way in which tokens and database sessions are ended before their time. */
export function createRevocation(options: RevocationOptions) {
  const { tokens, logins, cut, audit, changed } = options;

  /**
   * Ends tokens and logins together, before the first wait: none of either may outlive what they stood on. Never
   * rejects: where the audit cannot be written the ending still counts, and the state says that it is not on record.
   * @param which is asked for each token alone, and for each login.
   * @returns how many tokens there were.
   */
  async function revokeWhere(
    which: (token: Token, login?: Admitted) => boolean,
    reason: string,
  ): Promise<number> {
    const revoked = tokens.revoke((token) => which(token));
    cut(
      logins.sessionIds((login) => which(login.token, login)),
      reason,
    );
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
      const found = logins.sessionIds(({ shown }) => shown.id === id);
      if (found.length === 0) {
        throw new LatchkeyError('session-unknown', 'There is no live database session with this id.', {
          remedy: 'See the live ones with: latchkey sessions',
        });
      }
      cut(found, 'The session has been ended from Latchkey.');
    },

    /** @returns how many there were; tokens and handles stay good. */
    async cutAllSessions(): Promise<number> {
      const found = logins.sessionIds(() => true);
      cut(found, 'All sessions have been ended from Latchkey.');
      return found.length;
    },

    /** The screen has been locked: what follows is the configuration's to say. */
    async locked(): Promise<void> {
      const onLock = options.onLock();
      options.lock();
      options.forgetUntilLock();
      // Begun before the first wait, so that nobody gets in meanwhile.
      const ended =
        onLock === 'keep'
          ? undefined
          : revokeWhere(() => true, 'The screen of this computer has been locked.');
      await noted(audit, { event: 'screen-locked', onLock });
      await ended;
      if (onLock === 'sign-out') await options.signOut();
    },
  };
}
