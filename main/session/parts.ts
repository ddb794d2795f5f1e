import type { Attempts } from './attempt.ts';
import type { SessionContext } from './context.ts';
import type { Demands } from './demands.ts';
import type { ProviderList } from './provider-list.ts';
import type { SignedOut } from './signed-out.ts';
import type { StoredSessions } from './stored-sessions.ts';

/** What people, sign-ins and the restore share. */
export interface SessionParts {
  context: SessionContext;
  providers: ProviderList;
  attempts: Attempts;
  /** What policies ask of the next sign-in. */
  demands: Demands;
  stored: StoredSessions;
  signedOut: SignedOut;
}
