import type { Account } from '../contract/state.ts';
import type { Logins } from './logins.ts';
import type { Permission } from './policy.ts';
import { clientCommand } from '../connect/client-command.ts';
import { checkStanding } from './standing.ts';
import { tokenIssued, type Tokens } from './tokens.ts';
import type { Audit } from '../audit/audit.ts';
import { auditFault } from '../audit/fault.ts';
import { noted, orTakenBack } from '../audit/recorded.ts';
import { defined } from '../base/defined.ts';
import { LatchkeyError, toProblem } from '../contract/errors.ts';
import type { IssuedToken } from '../contract/shapes.ts';
import type { LiveSession } from '../session/live-session.ts';
import type { WhichAccount } from './which-account.ts';
import { clientAuthOf, placeUnder, type ClientPlace } from './client-place.ts';

export interface TokenRequest {
  connection: string;
  /** By default the first that the person's groups give. */
  role?: string | undefined;
  /** By default, and at most, what the rule says. */
  lifetimeSeconds?: number | undefined;
  /** 28 characters, for clients whose password field ends at 30; by default what the connection says. */
  short?: boolean | undefined;
  /** Sign-in name or object id of the account; by default the only one that may. */
  as?: string | undefined;
}

/**
 * Issues tokens to the accounts that are signed in. Each is on record before it is handed out, and so is each refusal.
 * @returns a function that throws LatchkeyError `connection-unknown`, `sign-in-required`, `account-ambiguous`, `groups-unknown`, `not-allowed`,
 *   `role-not-allowed`, `limit-reached`, `audit-unwritable`
 */
export function createTokenIssuer(options: {
  logins: Pick<Logins, 'connectionNamed' | 'permitted'>;
  tokens: Tokens;
  audit: Pick<Audit, 'append'>;
  accounts: Pick<WhichAccount, 'forConnection'>;
  sessions(): readonly LiveSession[];
  placeOf(connection: string): ClientPlace;
  /** Of the gateways' certificates, for the command that is printed. */
  authorityFile: string;
  /** The user whom this process belongs to. */
  uid: number | undefined;
  changed(): void;
}): (request: TokenRequest) => Promise<IssuedToken> {
  const { logins, tokens, audit, accounts, sessions, placeOf, authorityFile, uid, changed } = options;

  async function issue(request: TokenRequest, found: (account: Account) => void): Promise<IssuedToken> {
    const connection = logins.connectionNamed(request.connection);
    const session = accounts.forConnection(connection, request.role, request.as);
    found(session.account);
    const { ways } = logins.permitted(session, connection);
    const [{ rule, group, tokenLifetimeSeconds }] = waysOf(ways, request.role, connection.name);
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
      request.short ?? connection.shortTokens,
    );
    const record = async (): Promise<void> => {
      await audit.append(tokenIssued(token));
      // The session may have ended while the token was made, and what ended with it was then without this one.
      if (!sessions().some(({ id }) => id === session.id)) {
        throw new LatchkeyError('sign-in-required', 'The sign-in ended while the token was being made.', {
          remedy: 'Sign in, and ask for the token again.',
        });
      }
      checkStanding({ connection, rule }, logins.connectionNamed(connection.name));
    };
    await orTakenBack(record(), () => tokens.revoke(({ id }) => id === token.id));
    changed();
    const place = { ...placeUnder(connection, rule, placeOf(connection.name)), username: account.username };
    return {
      id: token.id,
      token: text,
      connection: connection.name,
      protocol: connection.protocol,
      role: token.role,
      ...place,
      expiresAt: new Date(token.expiresAt).toISOString(),
      ...clientAuthOf(connection),
      command: clientCommand(connection.protocol, { ...place, authorityFile }),
    };
  }

  return async (request) => {
    let account: Account | undefined;
    try {
      return await issue(request, (found) => (account = found));
    } catch (error) {
      // Where the audit itself is the reason, the record of the refusal cannot be written either; the refusal stands.
      await noted(audit, {
        event: 'token-refused',
        connection: request.connection,
        ...defined({ account, role: request.role }),
        ...auditFault(toProblem(error)),
      });
      throw error;
    }
  };
}

/** Those of the ways that give this role, or all of them. @throws LatchkeyError `role-not-allowed` */
export function waysOf(
  ways: Permission[],
  role: string | undefined,
  connection: string,
): [Permission, ...Permission[]] {
  const [first, ...others] = role === undefined ? ways : ways.filter(({ rule }) => rule.role === role);
  if (first !== undefined) return [first, ...others];
  throw new LatchkeyError('role-not-allowed', `You may not use the role "${role}" of "${connection}".`, {
    remedy: `Your roles there: ${ways.map(({ rule }) => rule.role).join(', ')}.`,
  });
}
