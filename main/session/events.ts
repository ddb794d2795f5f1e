import type { SignInWay } from '../contract/clouds.ts';
import type { Problem } from '../contract/errors.ts';
import type { Group } from '../contract/state.ts';
import type { LiveSession } from './live-session.ts';

export type SessionEnding = 'signed-out' | 'expired' | 'replaced' | 'refused';

export type SignInHow = SignInWay | 'local' | 'restored';

export interface SessionEvents {
  started(provider: string): Promise<void>;
  /**
   * A person has signed in. Rejects where this cannot be written down: then nobody is signed in.
   * @param asked whether this sign-in has really asked who they are; `session.asked` may be of an earlier one
   */
  signedIn(session: LiveSession, how: SignInHow, asked: boolean): Promise<void>;
  /** This and the four below never reject. `username` is what was typed at a break-glass sign-in. */
  failed(provider: string, problem: Problem, username?: string): Promise<void>;
  /** The session is over: tokens and database sessions must go before the first wait. */
  ended(session: LiveSession, why: SessionEnding, problem?: Problem): Promise<void>;
  groupsChanged(session: LiveSession, added: Group[], removed: Group[]): Promise<void>;
  refreshFailed(session: LiveSession, problem: Problem): Promise<void>;
  changed(): void;
}
