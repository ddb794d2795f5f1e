import { randomUUID } from 'node:crypto';
import type { Audit } from '../audit/audit.ts';
import { orAborted } from '../base/abort.ts';
import type { WhichAccount } from '../access/which-account.ts';
import { permissions } from '../access/policy.ts';
import type { ConnectionSettings, RuleSettings } from '../config/schema.ts';
import type { UpstreamFacts } from '../contract/connection-shapes.ts';
import { toProblem, type Problem } from '../contract/errors.ts';
import type { Check } from '../contract/shapes.ts';
import type { Credential, CredentialRequest, Credentials } from '../credentials/credentials.ts';
import type { UpstreamAddress, UpstreamLogin } from '../gateway/ports.ts';
import { Refused } from '../gateway/refused.ts';
import { testUpstream, untrustedFacts } from '../gateway/upstream-test.ts';
import { personOf } from '../audit/actor.ts';
import { defined } from '../base/defined.ts';
import type { LiveSession } from '../session/live-session.ts';
import type { ConnectionAdministration } from './connection-administration.ts';
import type { Readiness } from './readiness.ts';
import { upstreamAddress } from './upstream-address.ts';

export interface ConnectionTestOptions {
  administration: Pick<ConnectionAdministration, 'drafted' | 'written'>;
  credentials: Pick<Credentials, 'acquire'>;
  accounts: Pick<WhichAccount, 'forConnection'>;
  /** Whether anybody is signed in. */
  isSignedIn(): boolean;
  /** Whether the screen is locked, and nobody is to be let in. */
  isLocked(): boolean;
  audit: Pick<Audit, 'append'>;
  progress: TestProgress;
  changed(): void;
  /** What a test of the file's own settings finds is known from then on. */
  told: Readiness['told'];
}

/** The tests that are under way, by the ids that they were begun with. */
export type TestProgress = Map<string, { step: 'dialling' | 'logging-in'; stop: AbortController }>;

export interface TestRequest {
  name: string;
  /** What is not written yet: laid over the connection of that name, where there is one. */
  settings?: Record<string, unknown> | undefined;
  role?: string | undefined;
  /** Typed in for this test alone. */
  password?: string | undefined;
  /** The account to log in for, where several may. */
  as?: string | undefined;
  /** To follow it in the state and to end it by. */
  id?: string | undefined;
}

interface Found {
  checks: Check[];
  facts?: UpstreamFacts;
}

/** Somebody waits for the answer. */
const longestMs = 10_000;

/** Tries the login of a role, where that is allowed. */
function createLoginCheck({
  credentials,
  accounts,
  isSignedIn,
  isLocked,
  audit,
  told,
}: Omit<ConnectionTestOptions, 'administration' | 'progress' | 'changed'>) {
  /** One that comes when nobody waits for it any more is given back. */
  async function acquire(request: CredentialRequest, signal: AbortSignal): Promise<Credential> {
    const found = credentials.acquire(request);
    try {
      return await orAborted(found, signal);
    } catch (error) {
      if (signal.aborted) found.then((late) => late.release()).catch(() => undefined);
      throw error;
    }
  }

  async function check(
    connection: ConnectionSettings,
    address: UpstreamAddress,
    request: TestRequest,
    signal: AbortSignal,
  ): Promise<{ check: Check; facts?: UpstreamFacts }> {
    const { name, upstream, rules } = connection;
    const rule = rules.find(({ role }) => request.role === undefined || role === request.role);
    const tried = `login at ${name}${rule === undefined ? '' : ` as ${rule.role}`}`;
    const skipped = (message: string, remedy: string): { check: Check } => ({
      check: { name: tried, result: 'skipped', message, remedy },
    });
    if (rule === undefined) return skipped('No rule has this role.', 'Name a role of the connection.');
    const way = wayFor(connection, rule, request);
    if ('not' in way) return skipped(...way.not);
    const { session } = way;
    const what = session === undefined ? tried : `${tried} for ${session.account.username}`;
    await audit.append({
      event: 'connection-tested',
      connection: name,
      role: rule.role,
      ...(session === undefined ? {} : { actor: personOf(session.account) }),
    });
    let release: (() => Promise<void>) | undefined;
    try {
      let login: UpstreamLogin = { user: rule.role, database: upstream.database };
      if (session !== undefined) {
        const clientKey = upstream.tls.clientKey?.stored;
        const found = await acquire(
          { connection: name, rule, session, ...(clientKey === undefined ? {} : { clientKey }) },
          signal,
        );
        release = found.release;
        const { release: _release, ...credential } = found;
        login = { ...login, ...credential };
      } else login = { ...login, ...defined({ password: request.password }) };
      const facts = await testUpstream(connection.protocol, address, login, signal);
      // A password that was typed in says nothing about the stored one.
      if (request.password === undefined) {
        told.credential(name);
        told.login(name, rule.role);
      }
      return { check: { name: what, result: 'ok', message: 'The server lets the role in.' }, facts };
    } catch (error) {
      if (request.password === undefined && !signal.aborted) tell(name, rule.role, problemOf(error));
      return { check: failed(what, error) };
    } finally {
      await release?.();
    }
  }

  function tell(name: string, role: string, problem: Problem): void {
    if (problem.code.startsWith('credential-')) told.credential(name, problem);
    else if (problem.code === 'upstream-login-failed') told.login(name, role, problem);
  }

  /** Whose credential is tried, none where a password was typed in; or why no login is tried, and what to do for it. */
  function wayFor(
    connection: ConnectionSettings,
    rule: RuleSettings,
    { settings, password, as }: TestRequest,
  ): { session?: LiveSession } | { not: [string, string] } {
    if (password !== undefined) return {};
    const typeIt = 'Type the password in: latchkey connection test … --password';
    if (settings !== undefined)
      return { not: ['A stored credential is only sent where the configuration file says.', typeIt] };
    if (!isSignedIn()) return { not: ['Nobody is signed in.', `Run: latchkey login. ${typeIt}`] };
    if (isLocked()) return { not: ['The screen is locked.', 'Unlock it first.'] };
    let session: LiveSession;
    try {
      session = accounts.forConnection(connection, rule.role, as);
    } catch (error) {
      const { message, remedy = typeIt } = toProblem(error);
      return { not: [message, remedy] };
    }
    const allowed = permissions(connection, session.groups, '15m', { at: Date.now() });
    return allowed.some((one) => one.rule === rule)
      ? { session }
      : { not: [`${session.account.username} is in no group that this rule opens for now.`, typeIt] };
  }

  return check;
}

/**
 * Dials a database as its connection says, and tells what is there; nothing of it stays. A stored credential is only ever
 * sent where the file sends it, and only for somebody whom a rule of the file lets in: this is no way round either.
 */
export function createConnectionTest(options: ConnectionTestOptions) {
  const { administration, progress, changed, told } = options;
  const loginCheck = createLoginCheck(options);

  async function test(request: TestRequest, stop: AbortSignal, logsIn: () => void): Promise<Found> {
    const { name, settings } = request;
    const connection =
      settings === undefined
        ? await administration.written(name)
        : await administration.drafted({ name, settings, role: request.role });
    const { via } = connection.upstream;
    const what = `database of ${connection.name}`;
    if (settings !== undefined && via !== undefined && !('socks' in via)) {
      const message = 'A program is only run as the configuration file says.';
      return { checks: [{ name: what, result: 'skipped', message, remedy: 'Save the connection first.' }] };
    }
    const { protocol } = connection;
    const address = await upstreamAddress(connection);
    const limited = { ...address, connectTimeoutMs: Math.min(address.connectTimeoutMs, longestMs) };
    const signal = AbortSignal.any([stop, AbortSignal.timeout(3 * longestMs)]);
    let facts: UpstreamFacts;
    try {
      facts = await testUpstream(protocol, limited, undefined, signal);
      if (settings === undefined) told.server(name);
    } catch (error) {
      if (settings === undefined && !stop.aborted) told.server(name, problemOf(error));
      const shown = await untrustedFacts(protocol, limited, error, signal);
      return { checks: [failed(what, error)], ...(shown === undefined ? {} : { facts: shown }) };
    }
    logsIn();
    const login = await loginCheck(connection, limited, request, signal);
    const proof =
      limited.tls.mode === 'by-password'
        ? 'its certificate is proved by each login'
        : 'it has proved who it is';
    const how = facts.encrypted ? `with TLS, and ${proof}` : 'without TLS';
    return {
      checks: [{ name: what, result: 'ok', message: `${facts.where} answers, ${how}.` }, login.check],
      facts: { ...facts, ...login.facts },
    };
  }

  return {
    async run(request: TestRequest): Promise<Found> {
      const { id = randomUUID(), name } = request;
      const stop = new AbortController();
      progress.set(id, { step: 'dialling', stop });
      changed();
      try {
        const found = await test(request, stop.signal, () => {
          progress.set(id, { step: 'logging-in', stop });
          changed();
        });
        return stop.signal.aborted ? cancelled(name) : found;
      } finally {
        progress.delete(id);
        changed();
      }
    },
    /** Ends the test of this id, where it still runs. */
    cancel(id: string): void {
      progress.get(id)?.stop.abort();
    },
  };
}

const cancelled = (name: string): Found => ({
  checks: [{ name: `database of ${name}`, result: 'skipped', message: 'The test was cancelled.' }],
});

/** Why a server could not be reached or has refused a login. */
export function problemOf(error: unknown): Problem {
  return error instanceof Refused ? error.refusal.problem : toProblem(error);
}

function failed(name: string, error: unknown): Check {
  const { message, remedy } = problemOf(error);
  return { name, result: 'failed', message, ...(remedy === undefined ? {} : { remedy }) };
}
