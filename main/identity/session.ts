import { randomUUID } from 'node:crypto';
import { LatchkeyError, toProblem, type Problem } from '../contract/errors.ts';
import type { Account, Group, SignInState } from '../contract/state.ts';

/** What the session needs of a directory; the Azure Directory is the one there is. */
export interface Provider {
  name: string;
  tenant: string;
  applicationId: string;
  signInWithDeviceCode(options: {
    onCode(code: { userCode: string; verificationUri: string; expiresAt: number }): void;
    signal: AbortSignal;
  }): Promise<Account>;
  /** The account of the last run from the sealed cache; no network. */
  restore(): Promise<Account | undefined>;
  /** Asks the authority whether the account still stands. */
  renew(): Promise<Account>;
  /** Every group, transitively; never a part of them. */
  groups(signal?: AbortSignal): Promise<Group[]>;
  signOut(): Promise<void>;
  close(): Promise<void>;
}

/** A signed-in person. Between two reads of the directory this is a snapshot and is replaced as a whole. */
export interface LiveSession {
  id: string;
  provider: string;
  account: Account;
  groups: Group[];
  groupsReadAt: number;
  since: number;
  until: number;
  problem?: Problem;
}

/** What a restart must know beside MSAL's cache: whose session it was and when it ends. */
export interface SessionRecord {
  id: string;
  provider: string;
  objectId: string;
  since: number;
  until: number;
}

export type SessionEnding = 'signed-out' | 'expired' | 'replaced' | 'refused';

export interface SessionEvents {
  started(provider: string): Promise<void>;
  /** A person has signed in. Rejects where this cannot be written down: then nobody is signed in. */
  signedIn(session: LiveSession, how: 'device-code' | 'restored'): Promise<void>;
  failed(provider: string, problem: Problem): Promise<void>;
  /** The session is over: tokens and database sessions must go before this resolves. */
  ended(session: LiveSession, why: SessionEnding, problem?: Problem): Promise<void>;
  groupsChanged(session: LiveSession, added: Group[], removed: Group[]): Promise<void>;
  refreshFailed(session: LiveSession, problem: Problem): Promise<void>;
  changed(): void;
}

export interface SessionOptions {
  providers: Provider[];
  deadlineMs: number;
  refreshMs: number;
  record: {
    read(): Promise<SessionRecord | undefined>;
    write(record: SessionRecord): Promise<void>;
    clear(): Promise<void>;
  };
  events: SessionEvents;
  now?: () => number;
}

interface Attempt {
  provider: Provider;
  controller: AbortController;
  state: Extract<SignInState, { kind: 'working' | 'code' }>;
  done: Promise<void>;
}

/** A refusal by the directory ends the session; anything else (no network, throttled) is "unknown" and does not. */
const endsSession = new Set<string>([
  'sign-in-required',
  'wrong-account',
  'wrong-tenant',
  'account-disabled',
  'sign-in-refused',
  'sign-in-blocked',
]);

const restoreRetryMs = 15_000;

export type Session = ReturnType<typeof createSession>;

/** Holds who is signed in: one attempt at a time, one person at a time, groups read again on a timer. */
export function createSession({
  providers,
  deadlineMs,
  refreshMs,
  record,
  events,
  now = Date.now,
}: SessionOptions) {
  let current: LiveSession | undefined;
  let attempt: Attempt | undefined;
  let lastProblem: Problem | undefined;
  let refreshing: Promise<void> | undefined;
  let closed = false;
  const timer = setInterval(() => void refresh(), refreshMs);
  timer.unref();
  let deadline: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;

  function providerNamed(name: string | undefined): Provider {
    const found = name === undefined ? providers[0] : providers.find((provider) => provider.name === name);
    if (found !== undefined) return found;
    throw new LatchkeyError('request-invalid', `There is no provider "${name}".`, {
      remedy: `Name one of: ${providers.map((provider) => provider.name).join(', ')}.`,
    });
  }

  function armDeadline(): void {
    clearTimeout(deadline);
    if (current === undefined) return;
    deadline = setTimeout(() => void checkDeadline(), Math.max(0, current.until - now()) + 5);
    deadline.unref();
  }

  async function checkDeadline(): Promise<void> {
    if (current === undefined) return;
    if (now() < current.until) return armDeadline();
    await end('expired', {
      code: 'sign-in-required',
      message: 'The sign-in has reached its deadline.',
      remedy: 'Sign in again.',
    });
  }

  async function end(why: SessionEnding, problem?: Problem): Promise<void> {
    const session = current;
    if (session === undefined) return;
    // First, so that no login is let in while the rest of the ending is under way.
    current = undefined;
    lastProblem = problem;
    clearTimeout(deadline);
    events.changed();
    await events.ended(session, why, problem);
    await record.clear();
    if (why !== 'replaced') await providers.find(({ name }) => name === session.provider)?.signOut();
    events.changed();
  }

  /** Takes the person in. The same person again keeps the session's id, and with it tokens and database sessions. */
  async function accept(
    provider: Provider,
    account: Account,
    groups: Group[],
    kept?: SessionRecord,
  ): Promise<void> {
    const before = current;
    const same =
      before !== undefined &&
      before.account.objectId === account.objectId &&
      before.account.tenantId === account.tenantId;
    if (before !== undefined && !same) {
      await end('replaced');
      // Of the same provider, the cache already holds the new person.
      if (before.provider !== provider.name)
        await providers.find(({ name }) => name === before.provider)?.signOut();
    }
    const since = kept?.since ?? now();
    const session: LiveSession = {
      id: same ? before.id : (kept?.id ?? randomUUID()),
      provider: provider.name,
      account,
      groups,
      groupsReadAt: now(),
      since,
      until: kept?.until ?? since + deadlineMs,
    };
    await events.signedIn(session, kept === undefined ? 'device-code' : 'restored');
    await record.write({
      id: session.id,
      provider: provider.name,
      objectId: account.objectId,
      since,
      until: session.until,
    });
    current = session;
    lastProblem = undefined;
    if (same) await announceGroupChange(before, session);
    armDeadline();
  }

  async function announceGroupChange(before: LiveSession, after: LiveSession): Promise<void> {
    const missingIn = (groups: Group[]) => (group: Group) => !groups.some(({ id }) => id === group.id);
    const added = after.groups.filter(missingIn(before.groups));
    const removed = before.groups.filter(missingIn(after.groups));
    if (added.length + removed.length > 0) await events.groupsChanged(after, added, removed);
  }

  function newAttempt(provider: Provider, step: 'contacting' | 'restoring'): Attempt {
    clearTimeout(retry);
    const own: Attempt = {
      provider,
      controller: new AbortController(),
      state: { kind: 'working', provider: provider.name, step },
      done: Promise.resolve(),
    };
    attempt = own;
    events.changed();
    return own;
  }

  function finishAttempt(own: Attempt): void {
    if (attempt === own) attempt = undefined;
    events.changed();
  }

  async function runAttempt(own: Attempt): Promise<void> {
    const { provider, controller } = own;
    const { signal } = controller;
    try {
      await events.started(provider.name);
      const account = await provider.signInWithDeviceCode({
        signal,
        onCode: ({ userCode, verificationUri, expiresAt }) => {
          own.state = {
            kind: 'code',
            provider: provider.name,
            tenant: provider.tenant,
            applicationId: provider.applicationId,
            userCode,
            verificationUri,
            startedAt: new Date(now()).toISOString(),
            expiresAt: new Date(expiresAt).toISOString(),
          };
          events.changed();
        },
      });
      own.state = { kind: 'working', provider: provider.name, step: 'reading-groups' };
      events.changed();
      const groups = await provider.groups(signal);
      signal.throwIfAborted();
      await accept(provider, account, groups);
    } catch (error) {
      const problem = signal.aborted ? cancelled : toProblem(error);
      lastProblem = problem;
      await events.failed(provider.name, problem);
    } finally {
      finishAttempt(own);
    }
  }

  async function restore(): Promise<void> {
    const kept = await record.read();
    const provider = providers.find(({ name }) => name === kept?.provider);
    if (
      closed ||
      kept === undefined ||
      provider === undefined ||
      attempt !== undefined ||
      current !== undefined
    )
      return;
    if (now() >= kept.until) {
      await record.clear();
      await provider.signOut();
      return;
    }
    const own = newAttempt(provider, 'restoring');
    own.done = runRestore(own, kept);
    await own.done;
  }

  async function runRestore(own: Attempt, kept: SessionRecord): Promise<void> {
    const { provider, controller } = own;
    try {
      const cached = await provider.restore();
      if (cached === undefined || cached.objectId !== kept.objectId) return;
      const account = await provider.renew();
      const groups = await provider.groups(controller.signal);
      controller.signal.throwIfAborted();
      await accept(provider, account, groups, kept);
    } catch (error) {
      lastProblem = controller.signal.aborted ? cancelled : toProblem(error);
      await events.failed(provider.name, lastProblem);
      // A computer often starts before its network does: the sign-in of the last run is not given up for that.
      if (!controller.signal.aborted && !endsSession.has(lastProblem.code)) {
        retry = setTimeout(() => void restore(), restoreRetryMs);
        retry.unref();
      }
    } finally {
      finishAttempt(own);
    }
  }

  /** Reads account and groups again now; failures are in the state. Calls while one runs share it. */
  function refresh(): Promise<void> {
    refreshing ??= refreshOnce().finally(() => {
      refreshing = undefined;
      if (!closed) events.changed();
    });
    return refreshing;
  }

  async function refreshOnce(): Promise<void> {
    await checkDeadline();
    const session = current;
    const provider = session && providers.find(({ name }) => name === session.provider);
    if (session === undefined || provider === undefined) return;
    try {
      const account = await provider.renew();
      if (account.objectId !== session.account.objectId || account.tenantId !== session.account.tenantId) {
        throw new LatchkeyError(
          'wrong-account',
          'The directory answered for another person than the one who signed in.',
          {
            remedy: 'Sign in again.',
          },
        );
      }
      const groups = await provider.groups();
      if (current?.id !== session.id) return;
      const { problem: _cleared, ...rest } = current;
      const next: LiveSession = { ...rest, account, groups, groupsReadAt: now() };
      current = next;
      await announceGroupChange(session, next);
    } catch (error) {
      if (current?.id !== session.id) return;
      const problem = toProblem(error);
      if (endsSession.has(problem.code)) await end('refused', problem);
      else {
        current = { ...current, problem };
        await events.refreshFailed(current, problem);
      }
    }
  }

  return {
    /** The live session, or undefined; a passed deadline counts at once, whatever the timers do. */
    live(): LiveSession | undefined {
      return current !== undefined && now() < current.until ? current : undefined;
    },

    state(): SignInState {
      if (attempt !== undefined) return attempt.state;
      if (current === undefined)
        return lastProblem === undefined
          ? { kind: 'signed-out' }
          : { kind: 'signed-out', problem: lastProblem };
      const iso = (ms: number): string => new Date(ms).toISOString();
      const { account, groups, groupsReadAt, since, until, problem } = current;
      return {
        kind: 'signed-in',
        account,
        groups,
        groupsReadAt: iso(groupsReadAt),
        since: iso(since),
        until: iso(until),
        ...(problem === undefined ? {} : { problem }),
      };
    },

    /**
     * Starts a device-code sign-in, or joins the one that is under way; how it goes is in the state.
     * @throws LatchkeyError `request-invalid` for an unknown provider, `sign-in-busy` while another provider's runs.
     */
    async signIn(providerName?: string): Promise<void> {
      const provider = providerNamed(providerName);
      if (attempt?.state.kind === 'working' && attempt.state.step === 'restoring') {
        await attempt.done;
        if (current !== undefined) return;
      }
      if (attempt !== undefined) {
        if (attempt.provider === provider) return;
        throw new LatchkeyError(
          'sign-in-busy',
          `A sign-in with "${attempt.provider.name}" is waiting for its code.`,
          {
            remedy: 'Finish or cancel it first.',
          },
        );
      }
      lastProblem = undefined;
      const own = newAttempt(provider, 'contacting');
      own.done = runAttempt(own);
    },

    async cancelSignIn(): Promise<void> {
      const running = attempt;
      running?.controller.abort();
      await running?.done;
    },

    async signOut(): Promise<void> {
      const running = attempt;
      running?.controller.abort();
      await running?.done;
      lastProblem = undefined;
      await end('signed-out');
      lastProblem = undefined;
      events.changed();
    },

    /** After a start: the person of the last run, if the deadline stands and the directory still agrees. */
    restore,

    refresh,

    async close(): Promise<void> {
      closed = true;
      clearInterval(timer);
      clearTimeout(deadline);
      clearTimeout(retry);
      const running = attempt;
      running?.controller.abort();
      await running?.done;
      await Promise.all(providers.map((provider) => provider.close()));
      await refreshing;
    },
  };
}

const cancelled: Problem = {
  code: 'sign-in-cancelled',
  message: 'The sign-in was cancelled.',
  remedy: 'Start it again when you are ready.',
};
