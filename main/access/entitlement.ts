import { defined } from '../base/defined.ts';
import { databasesOf } from '../config/databases.ts';
import type { ConnectionSettings, RuleSettings } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import type { LoginAttempt, Replication } from '../gateway/ports.ts';
import { isSamePerson, nobody, notSignedIn } from '../contract/which-account.ts';
import type { LiveSession } from '../session/live-session.ts';
import type { Handle } from './handle-record.ts';
import { createHandleTokens, type HandleTokenOptions } from './handle-tokens.ts';
import { closedNow } from './limits.ts';
import { permissions, type Permission, type Purpose } from './policy.ts';
import { tokenRefused } from './refusals.ts';
import type { Token } from './tokens.ts';
import { namesPerson } from './user-name.ts';

export interface EntitlementOptions extends HandleTokenOptions {
  /** The accounts that are signed in now, whose deadlines still stand. */
  sessions(): readonly LiveSession[];
  /** @throws LatchkeyError `screen-locked`, `export-failed`: nobody is let in now, whoever it is */
  checkOpen(): void;
  /** As these are configured now. */
  groupsMaxAgeMs(): number;
  defaultTokenLifetime(): string;
}

/** All that a login rests on. */
export interface Entitlement {
  token: Token;
  session: LiveSession;
  permission: Permission;
}

/** What a login asks for beside its connection. */
type Wanted = Pick<LoginAttempt, 'database' | 'exactNames' | 'replication'>;

/** The ways in that a person has, with the session that gives them. */
interface Ways {
  session: LiveSession;
  ways: Permission[];
}

export type Entitlements = ReturnType<typeof createEntitlements>;

/** What logins rest on: the session, the groups and the rules as they are at this moment. */
export function createEntitlements(options: EntitlementOptions) {
  const { now } = options;
  const tokenOf = createHandleTokens(options);

  /**
   * The ways in that an account has now.
   * @throws LatchkeyError `screen-locked`, `export-failed`, `groups-unknown` where the last answer of the
   * directory is too old, `not-allowed` where no rule lets the person in, `database-not-allowed` where none lets them into
   * this database, `replication-not-allowed` where none gives this kind of connection, `outside-times` where those that would
   * are closed now.
   */
  function permitted(session: LiveSession, connection: ConnectionSettings, wanted?: Wanted): Ways {
    options.checkOpen();
    if (now() - session.groupsReadAt > options.groupsMaxAgeMs()) throw groupsUnknown(session);
    const purpose: Purpose = wanted === undefined ? {} : { ...wanted, at: now() };
    const ways = permissions(connection, session.groups, options.defaultTokenLifetime(), purpose);
    if (ways.length === 0)
      throw wanted === undefined
        ? notAllowed(session, connection)
        : refusedFor(connection, wanted, permitted(session, connection));
    return { session, ways };
  }

  /** The token of this session that stands behind a handle: the one of before while it lives, else a new one. */
  async function tokenBehind(
    handle: Handle | undefined,
    connection: ConnectionSettings,
    attempt: Wanted & Pick<LoginAttempt, 'clientUser'>,
  ): Promise<Token> {
    if (handle === undefined) throw tokenRefused('token-wrong', connection.name);
    const { clientUser } = attempt;
    const wanted = wantedBy(attempt);
    const { session, ways } = permitted(sessionOf(handle.account), connection, wanted);
    // A tool keeps the name of the day on which the handle was made; the person may be called otherwise by now.
    const named = [handle.account, session.account].some(({ username }) => namesPerson(clientUser, username));
    const role = handle.role ?? (named ? undefined : clientUser);
    const permission = role === undefined ? ways[0] : ways.find(({ rule }) => rule.role === role);
    if (permission === undefined) throw roleRefused(session, connection, wanted, role ?? '');
    return tokenOf(handle, connection.name, session, permission);
  }

  /**
   * What the token gives now: by the session that it was issued to, and a rule that still gives its role.
   * @throws LatchkeyError as {@link permitted}, `sign-in-required`, `token-revoked`, `role-not-allowed`
   */
  function of(token: Token, connection: ConnectionSettings, attempt: Wanted): Entitlement {
    const wanted = wantedBy(attempt);
    options.checkOpen();
    const session = sessionOf(token.account);
    if (token.sessionId !== session.id) throw tokenRefused('token-revoked', connection.name);
    const { ways } = permitted(session, connection, wanted);
    const permission = ways.find(({ rule }) => rule.role === token.role);
    if (permission === undefined) throw roleRefused(session, connection, wanted, token.role);
    return { token, session, permission };
  }

  /** The session of this account and of no other. @throws LatchkeyError `sign-in-required` */
  function sessionOf(account: Account): LiveSession {
    const sessions = options.sessions();
    const found = sessions.find((session) => isSamePerson(session.account, account));
    if (found !== undefined) return found;
    throw sessions.length === 0 ? nobody() : notSignedIn(account.username);
  }

  /** Why a role cannot be had that other rules, or the same for another database or a usual connection, may give. */
  function roleRefused(
    session: LiveSession,
    connection: ConnectionSettings,
    wanted: Wanted,
    role: string,
  ): LatchkeyError {
    const { ways } = permitted(session, connection);
    const ofRole = ways.filter(({ rule }) => rule.role === role);
    return ofRole.length === 0 ? roleGone(role) : refusedFor(connection, wanted, { session, ways: ofRole });
  }

  /** Why none of these ways is open for such a login. */
  function refusedFor(
    connection: ConnectionSettings,
    { database, exactNames, replication }: Wanted,
    { session, ways }: Ways,
  ): LatchkeyError {
    const roles = new Set(ways.map(({ rule }) => rule.role));
    const rulesFor = (purpose: Purpose): RuleSettings[] =>
      permissions(connection, session.groups, options.defaultTokenLifetime(), purpose)
        .map(({ rule }) => rule)
        .filter(({ role }) => roles.has(role));
    if (rulesFor({ database, exactNames }).length === 0) return databaseRefused(connection, database, ways);
    const atOtherTimes = rulesFor({ database, exactNames, replication });
    return atOtherTimes.length === 0 && replication !== undefined
      ? replicationRefused(connection, replication)
      : closedNow(connection.name, atOtherTimes, now());
  }

  return { permitted, of, tokenBehind };
}

const wantedBy = ({ database, exactNames, replication }: Wanted): Wanted => ({
  database,
  ...defined({ exactNames, replication }),
});

function groupsUnknown({ problem }: LiveSession): LatchkeyError {
  return new LatchkeyError(
    'groups-unknown',
    'The directory has not answered for too long, so your groups are not known.',
    { remedy: problem?.remedy ?? 'Check the network, then run: latchkey status' },
  );
}

function notAllowed({ account }: LiveSession, { name }: ConnectionSettings): LatchkeyError {
  return new LatchkeyError('not-allowed', `No group of ${account.username} gives access to "${name}".`, {
    remedy: 'Ask the administrator of Latchkey to be added to one of the groups of this connection.',
  });
}

function databaseRefused(
  connection: ConnectionSettings,
  database: string,
  ways: readonly Permission[],
): LatchkeyError {
  const names = [...new Set(ways.flatMap(({ rule }) => rule.databases ?? databasesOf(connection)))];
  return new LatchkeyError(
    'database-not-allowed',
    `No rule of "${connection.name}" lets you into the database "${database}".`,
    { remedy: `Name one of these instead: ${names.join(', ')}.` },
  );
}

function replicationRefused({ name }: ConnectionSettings, replication: Replication): LatchkeyError {
  return new LatchkeyError(
    'replication-not-allowed',
    `Replication connections (${replication}) are not passed on: no rule gives them to you.`,
    { remedy: `Ask for "replication: ${replication}" in a rule of "${name}".` },
  );
}

function roleGone(role: string): LatchkeyError {
  return new LatchkeyError('role-not-allowed', `Your groups no longer give you the role "${role}".`, {
    remedy: 'Ask the administrator of Latchkey, or use a token for another role.',
  });
}
