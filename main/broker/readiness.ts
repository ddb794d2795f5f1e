import type { Permission } from '../access/policy.ts';
import { storedNames } from '../config/password-source.ts';
import type { ConnectionSettings } from '../config/schema.ts';
import type { Problem } from '../contract/errors.ts';
import type { ConnectionState, DatabaseSession, Lack } from '../contract/state.ts';
import type { Gatekeeper, SessionEnd } from '../gateway/ports.ts';

/** How a look at a server, or a try of a credential or a login, went. */
interface Seen {
  /** ms since 1970 */
  at: number;
  problem?: Problem | undefined;
}

export interface ReadinessOptions {
  changed(): void;
  now(): number;
  /** A login that has been let in, also before it is through upstream. */
  shownOf(sessionId: string): DatabaseSession | undefined;
}

export type Readiness = ReturnType<typeof createReadiness>;

/**
 * What is known of the way behind each connection: which passwords are stored, how the last look at its server went, and
 * what became of the last credential and login. It looks at nothing itself; logins, tests and looks tell it.
 */
export function createReadiness({ changed, now, shownOf }: ReadinessOptions) {
  let stored: ReadonlySet<string> | undefined;
  const servers = new Map<string, Seen>();
  /** Of the last try, by connection. */
  const credentials = new Map<string, Seen>();
  /** By connection and role. */
  const logins = new Map<string, Seen>();
  const ofRole = (connection: string, role: string): string => JSON.stringify([connection, role]);

  function note(where: Map<string, Seen>, key: string, problem: Problem | undefined): void {
    if (problem !== undefined || where === servers) where.set(key, { at: now(), problem });
    // Nearly every login finds what was known: nothing to tell.
    else if (!where.delete(key)) return;
    changed();
  }

  const told = {
    /** The server was reached, or not. */
    server: (connection: string, problem?: Problem): void => note(servers, connection, problem),
    /** The source of a password has answered, or not. */
    credential: (connection: string, problem?: Problem): void => note(credentials, connection, problem),
    /** The server has let a role in, or refused it. */
    login: (connection: string, role: string, problem?: Problem): void =>
      note(logins, ofRole(connection, role), problem),
  };

  function lacksOf(connection: ConnectionSettings, ways: readonly Permission[], isEnrolled: boolean): Lack[] {
    const { name, upstream } = connection;
    const lacks: Lack[] = [];
    const server = servers.get(name);
    if (server?.problem !== undefined)
      lacks.push({ kind: 'server', problem: server.problem, at: timeOf(server) });
    const key = upstream.tls.clientKey?.stored;
    if (key !== undefined && stored?.has(key) === false) lacks.push({ kind: 'client-key', storedAs: key });
    for (const { rule } of ways) {
      const { role } = rule;
      const missing = storedNames(rule).filter((secret) => stored?.has(secret) === false);
      lacks.push(...missing.map((storedAs): Lack => ({ kind: 'password', role, storedAs })));
      const login = logins.get(ofRole(name, role));
      if (missing.length === 0 && login?.problem !== undefined)
        lacks.push({ kind: 'login', role, problem: login.problem, at: timeOf(login) });
    }
    const credential = credentials.get(name);
    if (credential?.problem !== undefined && credential.problem.code !== 'credential-missing')
      lacks.push({ kind: 'credential', problem: credential.problem, at: timeOf(credential) });
    if (!isEnrolled && ways.some(({ rule }) => rule.mfa !== 'never')) lacks.push({ kind: 'second-factor' });
    return lacks;
  }

  return {
    told,

    /** @param known the secrets that the configuration names, and whether each is stored */
    storedAre(known: readonly { name: string; stored: boolean }[]): void {
      stored = new Set(known.filter((one) => one.stored).map(({ name }) => name));
      changed();
    },

    /** Another password is stored: it may be the right one. */
    passwordChanged(): void {
      logins.clear();
      credentials.clear();
    },

    /** These are other connections than before, or none any more. */
    forget(connections: readonly string[]): void {
      for (const connection of connections) {
        servers.delete(connection);
        credentials.delete(connection);
      }
      logins.clear();
      changed();
    },

    /** When its server was last looked at, in ms since 1970, and whether it was reached then. */
    lastLook: (connection: string): { at: number; isReached: boolean } | undefined => {
      const seen = servers.get(connection);
      return seen && { at: seen.at, isReached: seen.problem === undefined };
    },

    /**
     * @param ways what the accounts that are signed in may do there
     * @param isEnrolled whether those have a second factor that are asked for one; true also where it is not known
     */
    of(
      connection: ConnectionSettings,
      ways: readonly Permission[],
      isEnrolled: boolean,
      listener: ConnectionState['listener'],
    ): Pick<ConnectionState, 'ready' | 'lacks' | 'lookedAt'> {
      if (ways.length === 0) return { ready: false, lacks: [] };
      const lacks = lacksOf(connection, ways, isEnrolled);
      const server = servers.get(connection.name);
      const isKnown = server !== undefined && stored !== undefined;
      return {
        ready: isKnown && lacks.length === 0 && listener.kind === 'listening',
        lacks,
        ...(server === undefined ? {} : { lookedAt: timeOf(server) }),
      };
    },

    /** The gatekeeper that it is given, which learns from each login on its way through. */
    learnFrom: (gatekeeper: Gatekeeper): Gatekeeper => learning(gatekeeper, told, shownOf),
  };
}

function learning(
  gatekeeper: Gatekeeper,
  told: Readiness['told'],
  shownOf: ReadinessOptions['shownOf'],
): Gatekeeper {
  return {
    ...gatekeeper,
    async authorize(attempt, gone) {
      const decision = await gatekeeper.authorize(attempt, gone);
      if (decision.allow) told.credential(attempt.connection);
      else if (decision.refusal.problem.code.startsWith('credential-'))
        told.credential(attempt.connection, decision.refusal.problem);
      return decision;
    },
    sessionOpened(sessionId, database) {
      gatekeeper.sessionOpened(sessionId, database);
      const shown = shownOf(sessionId);
      if (shown === undefined) return;
      told.server(shown.connection);
      told.login(shown.connection, shown.role);
    },
    sessionEnded(end) {
      const shown = shownOf(end.sessionId);
      gatekeeper.sessionEnded(end);
      if (shown !== undefined) learnFromEnd(end, shown, told);
    },
  };
}

/** Of a session that never came to be. */
function learnFromEnd(
  { reason, problem }: SessionEnd,
  { connection, role }: DatabaseSession,
  told: Readiness['told'],
): void {
  if (reason !== 'never-opened' || problem === undefined) return;
  if (problem.code === 'upstream-login-failed') told.login(connection, role, problem);
  else if (problem.code.startsWith('upstream-')) told.server(connection, problem);
}

const timeOf = ({ at }: Seen): string => new Date(at).toISOString();
