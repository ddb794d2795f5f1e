import type { Audit } from '../audit/audit.ts';
import type { ConnectionSettings } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { LiveSession } from '../identity/session-ports.ts';
import type { Handle } from './handles.ts';
import { permissions, type Permission } from './policy.ts';
import { tokenRefused } from './refusals.ts';
import type { Token, Tokens } from './tokens.ts';

/** A login that waits for a person must not find its token expired at the end: `hold` is below this. */
const longestWaitMs = 60_000;

export interface GroundsOptions {
  tokens: Tokens;
  audit: Pick<Audit, 'append'>;
  /** The person who is signed in now, if the deadline still stands. */
  liveSession(): LiveSession | undefined;
  groupsMaxAgeMs: number;
  defaultTokenLifetime: string;
  changed(): void;
  now: () => number;
}

/** All that a login stands on. */
export interface Standing {
  token: Token;
  session: LiveSession;
  permission: Permission;
}

/** What logins stand on: the session, the groups and the rules as they are at this moment. */
export function createGrounds(options: GroundsOptions) {
  const { tokens, audit, now } = options;

  /**
   * The ways in that the signed-in person has now.
   * @throws LatchkeyError `sign-in-required` without a session, `groups-unknown` where the last answer of the
   * directory is too old, `not-allowed` where no rule lets the person in.
   */
  function permitted(connection: ConnectionSettings): { session: LiveSession; ways: Permission[] } {
    const session = options.liveSession();
    if (session === undefined) {
      throw new LatchkeyError('sign-in-required', 'Nobody is signed in to Latchkey.', {
        remedy: 'Sign in from the Latchkey window, or run: latchkey login',
      });
    }
    if (now() - session.groupsReadAt > options.groupsMaxAgeMs) {
      throw new LatchkeyError(
        'groups-unknown',
        'The directory has not answered for too long, so your groups are not known.',
        {
          remedy: session.problem?.remedy ?? 'Check the network, then run: latchkey status',
        },
      );
    }
    const ways = permissions(connection, session.groups, options.defaultTokenLifetime);
    if (ways.length === 0) {
      throw new LatchkeyError(
        'not-allowed',
        `No group of ${session.account.username} gives access to "${connection.name}".`,
        {
          remedy: 'Ask the administrator of Latchkey to be added to one of the groups of this connection.',
        },
      );
    }
    return { session, ways };
  }

  /** The token of this session that stands behind a handle: the one of before while it lives, else a new one. */
  async function tokenBehind(
    handle: Handle | undefined,
    connection: ConnectionSettings,
    clientUser: string,
  ): Promise<Token> {
    if (handle === undefined) throw tokenRefused('token-wrong', connection.name);
    const { session, ways } = permitted(connection);
    const named = clientUser.toLowerCase() === handle.account.username.toLowerCase();
    const role = handle.role ?? (named ? undefined : clientUser);
    const permission = role === undefined ? ways[0] : ways.find(({ rule }) => rule.role === role);
    if (permission === undefined) throw roleGone(role ?? '');
    const before = tokens
      .list()
      .find(
        (token) =>
          token.handleId === handle.id &&
          token.expiresAt - now() > longestWaitMs &&
          token.sessionId === session.id &&
          token.role === permission.rule.role,
      );
    if (before !== undefined) return before;
    const untilDeadline = Math.max(1, Math.floor((session.until - now()) / 1000));
    const token = tokens.mint(
      {
        sessionId: session.id,
        connection: connection.name,
        role: permission.rule.role,
        groupId: permission.group.id,
        account: session.account,
        uid: handle.uid,
        handleId: handle.id,
      },
      Math.min(permission.tokenLifetimeSeconds, untilDeadline),
    );
    options.changed();
    try {
      await audit.append({
        event: 'token-issued',
        tokenId: token.id,
        handleId: handle.id,
        account: token.account,
        connection: token.connection,
        role: token.role,
        group: token.groupId,
        expiresAt: new Date(token.expiresAt).toISOString(),
      });
      return token;
    } catch (error) {
      tokens.revoke(({ id }) => id === token.id);
      throw error;
    }
  }

  /** What the token stands on now: the session it was issued to, and a rule that still gives its role. */
  function standingOf(token: Token, connection: ConnectionSettings): Standing {
    const { session, ways } = permitted(connection);
    if (token.sessionId !== session.id) throw tokenRefused('token-revoked', connection.name);
    const permission = ways.find(({ rule }) => rule.role === token.role);
    if (permission === undefined) throw roleGone(token.role);
    return { token, session, permission };
  }

  return { permitted, standingOf, tokenBehind };
}

function roleGone(role: string): LatchkeyError {
  return new LatchkeyError('role-not-allowed', `Your groups no longer give you the role "${role}".`, {
    remedy: 'Ask the administrator of Latchkey, or use a token for another role.',
  });
}
