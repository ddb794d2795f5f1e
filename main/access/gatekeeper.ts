import { randomUUID } from 'node:crypto';
import type { ConnectionSettings } from '../config/schema.ts';
import { LatchkeyError, toLogText, toProblem } from '../contract/errors.ts';
import type { DatabaseSession } from '../contract/state.ts';
import type { Audit } from '../audit/audit.ts';
import type { LoginCircumstances } from '../audit/events.ts';
import { auditFault } from '../audit/fault.ts';
import type { Gatekeeper, LoginAttempt, LoginDecision, Peer, SessionEnd } from '../gateway/ports.ts';
import type { LiveSession } from '../identity/session-ports.ts';
import type { Demand } from '../mfa/desk.ts';
import { permissions, type Permission } from './policy.ts';
import { refusal, tokenRefused } from './refusals.ts';
import type { Token, Tokens } from './tokens.ts';

export interface GatekeeperOptions {
  connections: readonly ConnectionSettings[];
  tokens: Tokens;
  audit: Pick<Audit, 'append'>;
  /** The person who is signed in now, if the deadline still stands. */
  liveSession(): LiveSession | undefined;
  /** The stored password of that name, or undefined where none has been set. */
  storedPassword(name: string): Promise<string | undefined>;
  /** Resolves when a second factor stands behind the login; throws LatchkeyError `mfa-…` where it does not. */
  secondFactor(session: LiveSession, mode: 'session' | 'login', demand: Demand): Promise<void>;
  groupsMaxAgeMs: number;
  defaultTokenLifetime: string;
  /** The user whom this process belongs to; undefined on systems without user ids. */
  uid: number | undefined;
  /** True where the system always tells the owner of a loopback peer; then "unknown" is refused. */
  peerUidKnown: boolean;
  /** Called whenever the list of live logins has changed. */
  changed(): void;
  /** For the log of the process: faults of our own. */
  log?(line: string): void;
  now?: () => number;
}

/** A login that was let in: which token opened it, and what the state shows of it. */
interface Admitted {
  token: Token;
  shown: DatabaseSession;
  opened: boolean;
}

export type LoginDesk = ReturnType<typeof createGatekeeper>;

/**
 * Decides every login at the gateways, and knows which are live. The order of the checks is the order of the
 * sentences that help most: a foreign process is told nothing about tokens, a person whose token is fine but whose
 * groups are gone hears about the groups.
 */
export function createGatekeeper(options: GatekeeperOptions) {
  const { connections, tokens, audit, now = Date.now } = options;
  const admitted = new Map<string, Admitted>();

  function connectionNamed(name: string): ConnectionSettings {
    const found = connections.find((connection) => connection.name === name);
    if (found !== undefined) return found;
    throw new LatchkeyError('connection-unknown', `There is no connection "${name}".`, {
      remedy: `Known connections: ${connections.map((connection) => connection.name).join(', ') || 'none'}.`,
    });
  }

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

  function checkPeer(peer: Peer): void {
    // A unix socket stands in a folder that only its owner may enter.
    if (peer.transport === 'unix' || options.uid === undefined) return;
    if (peer.uid === undefined ? !options.peerUidKnown : peer.uid === options.uid) return;
    throw new LatchkeyError('os-user-refused', 'This Latchkey serves another user of this computer.', {
      remedy: 'Start Latchkey as your own user.',
    });
  }

  async function decide(
    attempt: LoginAttempt,
    tokenFound: (token: Token) => void,
  ): Promise<{
    token: Token;
    permission: Permission;
    session: LiveSession;
    serverSignature?: Uint8Array;
    password?: string;
  }> {
    checkPeer(attempt.peer);
    const connection = connectionNamed(attempt.connection);
    const verification = tokens.verify(attempt);
    if (verification.token !== undefined) tokenFound(verification.token);
    if (!verification.ok)
      throw tokenRefused(verification.code, attempt.connection, verification.token?.expiresAt);
    const { token, serverSignature } = verification;
    let { session, permission } = standing(token, connection);
    if (permission.rule.mfa !== 'never') {
      await options.secondFactor(session, permission.rule.mfa, {
        connection: connection.name,
        database: connection.upstream.database,
        role: token.role,
        program: attempt.program,
        address: addressOf(attempt.peer),
      });
      // A person was waited for: what was true before is looked at again.
      ({ session, permission } = standing(token, connection));
    }
    const password = await passwordFor(permission);
    return {
      token,
      permission,
      session,
      ...(serverSignature === undefined ? {} : { serverSignature }),
      ...(password === undefined ? {} : { password }),
    };
  }

  /** What the token stands on now: the session it was issued to, and a rule that still gives its role. */
  function standing(
    token: Token,
    connection: ConnectionSettings,
  ): { session: LiveSession; permission: Permission } {
    const { session, ways } = permitted(connection);
    if (token.sessionId !== session.id) throw tokenRefused('token-revoked', connection.name);
    const permission = ways.find(({ rule }) => rule.role === token.role);
    if (permission !== undefined) return { session, permission };
    throw new LatchkeyError('role-not-allowed', `Your groups no longer give you the role "${token.role}".`, {
      remedy: 'Ask the administrator of Latchkey, or use a token for another role.',
    });
  }

  async function passwordFor({ rule, connection }: Permission): Promise<string | undefined> {
    if (rule.password === undefined) return undefined;
    if (!('stored' in rule.password)) {
      throw new LatchkeyError(
        'credential-failed',
        `The credential for role "${rule.role}" of "${connection}" cannot be had.`,
        { remedy: 'Use a stored password for this role.' },
      );
    }
    const password = await options.storedPassword(rule.password.stored);
    if (password !== undefined) return password;
    throw new LatchkeyError(
      'credential-missing',
      `The password for role "${rule.role}" of "${connection}" has not been stored.`,
      {
        remedy: `The administrator stores it with: latchkey secret set ${rule.password.stored}`,
      },
    );
  }

  const gatekeeper: Gatekeeper = {
    async authorize(attempt): Promise<LoginDecision> {
      let found: Token | undefined;
      try {
        const { token, permission, session, serverSignature, password } = await decide(attempt, (token) => {
          found = token;
        });
        const sessionId = randomUUID();
        await audit.append({
          event: 'login-allowed',
          ...circumstances(attempt),
          account: session.account,
          role: permission.rule.role,
          group: permission.group.id,
          tokenId: token.id,
          databaseSessionId: sessionId,
        });
        // Sign-out, revocation or the token's expiry may have come while the record was being written.
        const end = options.liveSession()?.id === session.id ? tokens.endOf(token.id) : 'token-revoked';
        if (end !== undefined) throw tokenRefused(end, attempt.connection, token.expiresAt);
        admitted.set(sessionId, {
          token,
          opened: false,
          shown: {
            id: sessionId,
            connection: attempt.connection,
            username: session.account.username,
            role: permission.rule.role,
            database: attempt.database,
            program: attempt.program,
            since: new Date(now()).toISOString(),
          },
        });
        const connection = connectionNamed(attempt.connection);
        return {
          allow: true,
          sessionId,
          login: {
            user: permission.rule.role,
            database: connection.upstream.database,
            ...(password === undefined ? {} : { password }),
          },
          ...(serverSignature === undefined ? {} : { serverSignature }),
        };
      } catch (error) {
        if (!(error instanceof LatchkeyError)) options.log?.(`login: ${toLogText(error)}`);
        const answer = refusal(toProblem(error));
        // Where the audit itself is the reason, the record of the refusal cannot be written either; the refusal stands.
        await audit
          .append({
            event: 'login-refused',
            ...circumstances(attempt),
            ...(found === undefined ? {} : { account: found.account, tokenId: found.id }),
            ...auditFault(answer.problem),
          })
          .catch(() => undefined);
        return { allow: false, refusal: answer };
      }
    },

    sessionOpened(sessionId): void {
      const login = admitted.get(sessionId);
      if (login === undefined) return;
      login.opened = true;
      options.changed();
      void audit
        .append({
          event: 'database-session-opened',
          databaseSessionId: sessionId,
          connection: login.shown.connection,
        })
        .catch(() => undefined);
    },

    sessionEnded(end: SessionEnd): void {
      const login = admitted.get(end.sessionId);
      if (login === undefined) return;
      admitted.delete(end.sessionId);
      options.changed();
      void audit
        .append({
          event: 'database-session-ended',
          databaseSessionId: end.sessionId,
          connection: login.shown.connection,
          reason: end.reason,
          ...(end.problem === undefined ? {} : auditFault(end.problem)),
          bytesFromClient: end.bytesFromClient,
          bytesFromUpstream: end.bytesFromUpstream,
        })
        .catch(() => undefined);
    },

    rejected({ connection, peer, refusal: { problem } }): void {
      const unknown = { clientUser: '', database: '', program: '' };
      void audit
        .append({
          event: 'login-refused',
          ...circumstances({ connection, peer, ...unknown }),
          ...auditFault(problem),
        })
        .catch(() => undefined);
    },
  };

  return {
    ...gatekeeper,
    connectionNamed,
    permitted,
    /** Live logins, oldest first. */
    sessions(): DatabaseSession[] {
      return [...admitted.values()].filter(({ opened }) => opened).map(({ shown }) => shown);
    },
    /** Ids of the logins that `which` picks, those included that have been let in but are not yet through upstream. */
    sessionIds(which: (token: Token, shown: DatabaseSession) => boolean): string[] {
      return [...admitted].filter(([, { token, shown }]) => which(token, shown)).map(([id]) => id);
    },
  };
}

/** What the audit calls an attempt, whoever it turns out to be. */
function circumstances(attempt: Omit<LoginAttempt, 'proof'>): LoginCircumstances {
  const { connection, clientUser, database, program, peer } = attempt;
  const address = addressOf(peer);
  return {
    connection,
    clientUser,
    database,
    program,
    address,
    ...(peer.uid === undefined ? {} : { uid: peer.uid }),
  };
}

function addressOf({ transport, address, port }: Peer): string {
  return transport === 'unix' ? 'unix' : `${address ?? '?'}:${port ?? '?'}`;
}
