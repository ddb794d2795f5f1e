import type { Audit } from '../audit/audit.ts';
import { orTakenBack } from '../audit/recorded.ts';
import type { LiveSession } from '../session/live-session.ts';
import type { Handle } from './handle-record.ts';
import type { Permission } from './policy.ts';
import { tokenIssued, type Token, type Tokens } from './tokens.ts';

/** A login that waits for a person must not find its token expired at the end: `hold` is below this. */
const longestWaitMs = 60_000;

export interface HandleTokenOptions {
  tokens: Tokens;
  audit: Pick<Audit, 'append'>;
  changed(): void;
  now: () => number;
}

/** The tokens behind handles: one for each handle, session and role, made when the first login needs it. */
export function createHandleTokens({ tokens, audit, changed, now }: HandleTokenOptions) {
  return async (
    handle: Handle,
    connection: string,
    session: LiveSession,
    permission: Permission,
  ): Promise<Token> => {
    const before = tokens
      .list()
      .find(
        (token) =>
          token.handleId === handle.id &&
          (token.expiresAt - now() > longestWaitMs || token.expiresAt >= session.until - 1000) &&
          token.sessionId === session.id &&
          token.role === permission.rule.role,
      );
    if (before !== undefined) return before;
    const untilDeadline = Math.max(1, Math.floor((session.until - now()) / 1000));
    const token = tokens.mint(
      {
        sessionId: session.id,
        connection,
        role: permission.rule.role,
        groupId: permission.group.id,
        account: session.account,
        uid: handle.uid,
        handleId: handle.id,
      },
      // Nobody holds its text. Shorter than a wait, it would be a new one for each login.
      Math.min(Math.max(permission.tokenLifetimeSeconds, (2 * longestWaitMs) / 1000), untilDeadline),
    );
    changed();
    await orTakenBack(audit.append(tokenIssued(token)), () => tokens.revoke(({ id }) => id === token.id));
    return token;
  };
}
