import type { LoginDesk } from '../access/gatekeeper.ts';
import type { Permission } from '../access/policy.ts';
import { clientCommand } from '../access/client-command.ts';
import type { Tokens } from '../access/tokens.ts';
import type { Audit } from '../audit/audit.ts';
import { auditFault } from '../audit/fault.ts';
import { LatchkeyError, toProblem } from '../contract/errors.ts';
import type { ProtocolName } from '../contract/protocols.ts';
import type { LiveSession } from '../identity/session-ports.ts';
import type { ClientPlace } from './snapshot.ts';

export interface TokenRequest {
  connection: string;
  /** By default the first that the person's groups give. */
  role?: string | undefined;
  /** By default, and at most, what the rule says. */
  lifetimeSeconds?: number | undefined;
}

export interface IssuedToken {
  id: string;
  /** The secret itself; the only place where it appears. */
  token: string;
  connection: string;
  protocol: ProtocolName;
  role: string;
  username: string;
  host: string;
  port: number;
  socketDirectory?: string;
  socketPath?: string;
  database: string;
  expiresAt: string;
  command: string;
}

/**
 * Issues tokens to the person who is signed in. Each is on record before it is handed out, and so is each refusal.
 * @returns a function that throws LatchkeyError `connection-unknown`, `sign-in-required`, `groups-unknown`, `not-allowed`,
 *   `role-not-allowed`, `limit-reached`, `audit-unwritable`
 */
export function createTokenIssue(options: {
  desk: Pick<LoginDesk, 'connectionNamed' | 'permitted'>;
  tokens: Tokens;
  audit: Pick<Audit, 'append'>;
  liveSession(): LiveSession | undefined;
  placeOf(connection: string): ClientPlace;
  /** The user whom this process belongs to. */
  uid: number | undefined;
  changed(): void;
}): (request: TokenRequest) => Promise<IssuedToken> {
  const { desk, tokens, audit, liveSession, placeOf, uid, changed } = options;

  async function issue(request: TokenRequest): Promise<IssuedToken> {
    const connection = desk.connectionNamed(request.connection);
    const { session, ways } = desk.permitted(connection);
    const { rule, group, tokenLifetimeSeconds } = chosen(ways, request.role, connection.name);
    const { account } = session;
    const untilDeadline = Math.max(1, Math.floor((session.until - Date.now()) / 1000));
    const { token, text } = await tokens.issue(
      {
        sessionId: session.id,
        connection: connection.name,
        role: rule.role,
        groupId: group.id,
        account,
        uid,
      },
      Math.min(request.lifetimeSeconds ?? tokenLifetimeSeconds, tokenLifetimeSeconds, untilDeadline),
    );
    const expiresAt = new Date(token.expiresAt).toISOString();
    try {
      await audit.append({
        event: 'token-issued',
        tokenId: token.id,
        account,
        connection: token.connection,
        role: token.role,
        group: token.groupId,
        expiresAt,
      });
      // The session may have ended while the token was made, and what ended with it was then without this one.
      if (liveSession()?.id !== session.id) {
        throw new LatchkeyError('sign-in-required', 'The sign-in ended while the token was being made.', {
          remedy: 'Sign in, and ask for the token again.',
        });
      }
    } catch (error) {
      tokens.revoke(({ id }) => id === token.id);
      throw error;
    }
    changed();
    const place = { ...placeOf(connection.name), username: account.username };
    return {
      id: token.id,
      token: text,
      connection: connection.name,
      protocol: connection.protocol,
      role: token.role,
      ...place,
      expiresAt,
      command: clientCommand(connection.protocol, place),
    };
  }

  return async (request) => {
    const account = liveSession()?.account;
    try {
      return await issue(request);
    } catch (error) {
      // Where the audit itself is the reason, the record of the refusal cannot be written either; the refusal stands.
      await audit
        .append({
          event: 'token-refused',
          ...(account === undefined ? {} : { account }),
          connection: request.connection,
          ...(request.role === undefined ? {} : { role: request.role }),
          ...auditFault(toProblem(error)),
        })
        .catch(() => undefined);
      throw error;
    }
  };
}

function chosen(ways: Permission[], role: string | undefined, connection: string): Permission {
  const found = role === undefined ? ways[0] : ways.find(({ rule }) => rule.role === role);
  if (found !== undefined) return found;
  throw new LatchkeyError('role-not-allowed', `You may not use the role "${role}" of "${connection}".`, {
    remedy: `Your roles there: ${ways.map(({ rule }) => rule.role).join(', ')}.`,
  });
}
