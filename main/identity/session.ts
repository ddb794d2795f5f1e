import { randomUUID } from 'node:crypto';
import type { SignInWay } from '../contract/clouds.ts';
import { LatchkeyError, toLogText, toProblem, type Problem } from '../contract/errors.ts';
import type { Account, Group, SignInState } from '../contract/state.ts';
import { orAborted } from './abort.ts';
import { checkExpected, isSamePerson } from './account-check.ts';
import { blocked } from './blocked.ts';
import { answerOf } from './chain.ts';
import { endsSession } from './ending.ts';
import { groupChange } from './group-change.ts';
import { chosen, routed } from './provider-choice.ts';
import { waitForPerson, type SignInRequest } from './wait-for-person.ts';
import type {
  LiveSession,
  Provider,
  SessionEnding,
  SessionEvents,
  SessionRecord,
  SignInHow,
} from './session-ports.ts';

export interface SessionOptions {
  /** In the order of the authentication chain. */
  providers: readonly Provider[];
  deadlineMs: number;
  refreshMs: number;
  record: {
    read(): Promise<SessionRecord | undefined>;
    write(record: SessionRecord): Promise<void>;
    clear(): Promise<void>;
  };
  events: SessionEvents;
  /** For the log of the process: what went wrong where nobody waits for the answer. */
  log?(line: string): void;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Milliseconds on a clock that nobody can set back. */
  monotonic?: () => number;
}

interface Attempt {
  provider: Provider;
  controller: AbortController;
  state: Extract<SignInState, { kind: 'working' | 'code' | 'browser' }>;
  /** Never rejects. */
  done: Promise<void>;
}

const restoreRetryMs = 15_000;

export type Session = ReturnType<typeof createSession>;

/** Holds who is signed in: one attempt at a time, one person at a time, groups read again on a timer. */
export function createSession(options: SessionOptions) {
  const { deadlineMs, refreshMs, record, events } = options;
  const { log = () => undefined, now = Date.now, monotonic = () => performance.now() } = options;
  let providers = options.providers;
  let current: LiveSession | undefined;
  /** The deadline of `current` on the monotonic clock. */
  let untilMonotonic = 0;
  let attempt: Attempt | undefined;
  let lastProblem: Problem | undefined;
  const lastFaults = new Map<string, number | undefined>();
  let otherWay: { provider: string; way: SignInWay } | undefined;
  let refreshing: Promise<void> | undefined;
  let closed = false;
  let deadline: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;
  const timer = setInterval(() => void refresh(), refreshMs);
  timer.unref();

  /** An error that is none of ours goes to the log with its text, which a person must not be shown. */
  function explain(error: unknown): Problem {
    if (!(error instanceof LatchkeyError)) report(error);
    return toProblem(error);
  }

  function report(error: unknown): void {
    log(`sign-in: ${toLogText(error)}`);
  }

  function isOver(session: LiveSession): boolean {
    return now() >= session.until || monotonic() >= untilMonotonic;
  }

  function armDeadline(): void {
    clearTimeout(deadline);
    if (current === undefined) return;
    const left = Math.min(current.until - now(), untilMonotonic - monotonic());
    deadline = setTimeout(() => void checkDeadline().catch(report), Math.max(0, left) + 5);
    deadline.unref();
  }

  async function checkDeadline(): Promise<void> {
    const session = current;
    if (session === undefined) return;
    if (!isOver(session)) return armDeadline();
    await drop('expired', {
      code: 'sign-in-required',
      message: 'The sign-in has reached its deadline.',
      remedy: 'Sign in again.',
    });
    await forget(providers.filter(({ name }) => name === session.provider));
  }

  /** Ends the session at once, and with it tokens and logins; what is stored of it is the caller's to remove. */
  async function drop(why: SessionEnding, problem?: Problem): Promise<void> {
    const session = current;
    if (session === undefined) return;
    // First, so that no login is let in while the rest of the ending is under way.
    current = undefined;
    lastProblem = problem;
    clearTimeout(deadline);
    events.changed();
    await events.ended(session, why, problem);
  }

  /** Removes what a restart would find. Each part is tried, whatever becomes of the others. */
  async function forget(of: readonly Provider[]): Promise<void> {
    const results = await Promise.allSettled([record.clear(), ...of.map((provider) => provider.signOut())]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Takes the person in. The same person again keeps the session's id, and with it tokens and database sessions. */
  async function accept(
    provider: Provider,
    account: Account,
    groups: Group[],
    how: SignInHow,
    kept?: SessionRecord,
  ): Promise<void> {
    const before = current;
    const same = before !== undefined && isSamePerson(before.account, account);
    if (!same) await drop('replaced');
    // Of the same provider, the cache already holds the new person.
    const left = providers.find(({ name }) => name === before?.provider && name !== provider.name);
    await left?.signOut();
    const since = kept?.since ?? now();
    const session: LiveSession = {
      id: same ? before.id : (kept?.id ?? randomUUID()),
      provider: provider.name,
      account,
      groups,
      groupsReadAt: now(),
      since,
      // Whichever deadline is earlier: the one of that time, or the one that is configured now.
      until: Math.min(kept?.until ?? Infinity, since + deadlineMs),
    };
    await events.signedIn(session, how);
    const { id, until } = session;
    await record.write({ id, provider: provider.name, objectId: account.objectId, since, until });
    untilMonotonic = monotonic() + until - now();
    current = session;
    lastProblem = undefined;
    otherWay = undefined;
    if (same) await announceGroupChange(before, session);
    armDeadline();
  }

  /** A sign-in that failed at its end has left its tokens in the provider's cache, perhaps over those of another. */
  async function takeBack(provider: Provider, account: Account, problem: Problem): Promise<void> {
    if (current?.provider === provider.name) {
      if (isSamePerson(current.account, account)) return;
      await drop('replaced', problem);
    }
    await (current === undefined ? forget([provider]) : provider.signOut());
  }

  async function announceGroupChange(before: LiveSession, after: LiveSession): Promise<void> {
    const { added, removed } = groupChange(before.groups, after.groups);
    if (added.length + removed.length > 0) await events.groupsChanged(after, added, removed);
  }

  function begin(
    provider: Provider,
    step: 'contacting' | 'restoring',
    run: (own: Attempt) => Promise<void>,
  ): Attempt {
    clearTimeout(retry);
    const own: Attempt = {
      provider,
      controller: new AbortController(),
      state: { kind: 'working', provider: provider.name, step },
      done: Promise.resolve(),
    };
    attempt = own;
    events.changed();
    own.done = run(own)
      .catch(report)
      .finally(() => {
        attempt = undefined;
        events.changed();
      });
    return own;
  }

  async function runSignIn(
    own: Attempt,
    way: SignInWay,
    request: SignInRequest,
    claims?: string,
  ): Promise<void> {
    const { provider, controller } = own;
    const { name } = provider;
    const { signal } = controller;
    const show = (state: Attempt['state']): void => {
      own.state = state;
      events.changed();
    };
    let account: Account | undefined;
    try {
      await events.started(name);
      account = await waitForPerson(
        provider,
        way,
        { ...request, claims },
        { signal, show, startedAt: iso(now()) },
      );
      checkExpected(account, provider, request.username);
      show({ kind: 'working', provider: name, step: 'reading-groups' });
      const groups = await orAborted(provider.groups(signal), signal);
      await accept(provider, account, groups, way);
      lastFaults.delete(name);
    } catch (error) {
      const problem = signal.aborted ? cancelled : explain(error);
      // Ends what goes on where not the sign-in itself has failed.
      const wasAborted = signal.aborted;
      controller.abort();
      if (account !== undefined) await takeBack(provider, account, problem).catch(report);
      if (current === undefined) lastProblem = problem;
      else if (!wasAborted) current = { ...current, problem };
      otherWay = otherWayAfter(provider, way, problem);
      lastFaults.set(name, problem.entra?.aadsts);
      await events.failed(name, problem);
    }
  }

  /** What a person may choose instead: the other way where this one is blocked, the next provider for a stranger. */
  function otherWayAfter(
    provider: Provider,
    way: SignInWay,
    problem: Problem,
  ): { provider: string; way: SignInWay } | undefined {
    if (answerOf(problem) === 'not-mine') {
      const next = providers
        .slice(providers.indexOf(provider) + 1)
        .find(({ enabled, ways }) => enabled && ways.length > 0);
      return next?.ways[0] && { provider: next.name, way: next.ways[0] };
    }
    const other = provider.ways.find((candidate) => candidate !== way);
    return other !== undefined && blocked(problem, way) ? { provider: provider.name, way: other } : undefined;
  }

  async function restore(): Promise<void> {
    try {
      const kept = await record.read();
      const isFree = !closed && attempt === undefined && current === undefined;
      if (kept === undefined || !isFree) return;
      const provider = providers.find(({ name }) => name === kept.provider);
      const isOver = now() >= Math.min(kept.until, kept.since + deadlineMs);
      if (provider?.enabled !== true || isOver) await forget(provider === undefined ? [] : [provider]);
      else await begin(provider, 'restoring', (own) => runRestore(own, kept)).done;
    } catch (error) {
      report(error);
      lastProblem = toProblem(error);
      events.changed();
    }
  }

  async function runRestore({ provider, controller }: Attempt, kept: SessionRecord): Promise<void> {
    const { signal } = controller;
    try {
      const cached = await provider.restore();
      if (cached?.objectId !== kept.objectId) return await forget([provider]);
      const account = await orAborted(provider.renew(), signal);
      const groups = await orAborted(provider.groups(signal), signal);
      await accept(provider, account, groups, 'restored', kept);
    } catch (error) {
      const problem = signal.aborted ? cancelled : explain(error);
      // One record of a network that stays away, not one for each try.
      if (problem.code !== lastProblem?.code) await events.failed(provider.name, problem);
      lastProblem = problem;
      if (signal.aborted) return;
      if (endsSession.has(problem.code)) return await forget([provider]);
      // A computer often starts before its network does: the sign-in of the last run is not given up for that.
      retry = setTimeout(() => void restore(), restoreRetryMs);
      retry.unref();
    }
  }

  /** Reads account and groups again now; failures are in the state. Calls while one runs share it. */
  function refresh(): Promise<void> {
    refreshing ??= refreshOnce()
      .catch(report)
      .finally(() => {
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
    /**
     * The session that was asked about, unless it has ended or been signed in anew meanwhile. The provider's answer
     * counts while it is in use: one that is being closed says "sign in" to everything, and one that has just signed
     * somebody in speaks of them.
     */
    const still = (): LiveSession | undefined => {
      const isSigningIn = attempt?.provider === provider && attempt.state.kind === 'working';
      const counts = !closed && !isSigningIn && providers.includes(provider);
      return counts && current?.id === session.id && current.since === session.since ? current : undefined;
    };
    try {
      const account = await provider.renew();
      if (!isSamePerson(account, session.account)) throw strangerCame();
      const groups = await provider.groups();
      const before = still();
      if (before === undefined) return;
      const { problem: _cleared, ...rest } = before;
      current = { ...rest, account, groups, groupsReadAt: now() };
      await announceGroupChange(before, current);
    } catch (error) {
      const before = still();
      if (before === undefined) return;
      const problem = explain(error);
      if (endsSession.has(problem.code)) {
        await drop('refused', problem);
        await forget([provider]);
      } else {
        current = { ...before, problem };
        await events.refreshFailed(current, problem);
      }
    }
  }

  return {
    /** The live session, or undefined; a passed deadline counts at once, whatever the timers do. */
    live(): LiveSession | undefined {
      return current === undefined || isOver(current) ? undefined : current;
    },

    state(): SignInState {
      if (attempt !== undefined) return attempt.state;
      if (current === undefined)
        return {
          kind: 'signed-out',
          ...(lastProblem === undefined ? {} : { problem: lastProblem }),
          ...(otherWay === undefined ? {} : { otherWay }),
        };
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

    /** Who would answer for this sign-in. @throws LatchkeyError as {@link signIn} */
    async providerFor({ provider, username }: SignInRequest): Promise<Provider> {
      return chosen(providers, provider ?? (username && (await routed(providers, username))));
    },

    /**
     * Starts a sign-in, or joins the one that is under way; how it goes is in the state.
     * @throws LatchkeyError `request-invalid` for an unknown provider or way, `wrong-account` where the chain denies,
     *   `sign-in-busy` while another one runs.
     */
    async signIn(request: SignInRequest = {}): Promise<void> {
      const { provider: named, username } = request;
      // Without a name to route there is nothing to wait for, and the state tells of the sign-in at once.
      const provider =
        named === undefined && username !== undefined
          ? chosen(providers, await routed(providers, username))
          : chosen(providers, named);
      const way = request.way ?? provider.ways[0];
      if (way === undefined || !provider.ways.includes(way)) {
        throw new LatchkeyError(
          'request-invalid',
          `The provider "${provider.name}" does not allow this way to sign in.`,
          {
            remedy: `It allows: ${provider.ways.join(', ')}.`,
          },
        );
      }
      if (attempt?.state.kind === 'working' && attempt.state.step === 'restoring') {
        await attempt.done;
        if (current !== undefined) return;
      }
      if (attempt === undefined) {
        // A challenge of the directory is met by the sign-in that follows it.
        const claims = (current?.problem ?? lastProblem)?.entra?.claims;
        lastProblem = undefined;
        otherWay = undefined;
        begin(provider, 'contacting', (own) => runSignIn(own, way, request, claims));
      } else if (attempt.provider !== provider) {
        throw new LatchkeyError('sign-in-busy', `A sign-in with "${attempt.provider.name}" is waiting.`, {
          remedy: 'Finish or cancel it first.',
        });
      }
    },

    /**
     * Signs in with a break-glass account. The chain decides which provider knows the name.
     * @throws LatchkeyError `sign-in-refused` (the same for a wrong name, password or code), `mfa-locked`, `sign-in-busy`
     */
    async signInLocally(username: string, password: string, code: string): Promise<void> {
      if (attempt !== undefined)
        throw new LatchkeyError('sign-in-busy', 'Another sign-in is waiting.', {
          remedy: 'Finish or cancel it first.',
        });
      const provider = providers.find(({ type, enabled }) => type === 'local' && enabled);
      if (provider?.signInWithPassword === undefined) {
        throw new LatchkeyError('request-invalid', 'Break-glass accounts are turned off.', {
          remedy: 'An administrator turns them on with: latchkey provider enable <name>',
        });
      }
      const { signInWithPassword } = provider;
      let failure: unknown;
      await begin(provider, 'contacting', async () => {
        try {
          await events.started(provider.name);
          const account = await signInWithPassword(username, password, code);
          await accept(provider, account, await provider.groups(), 'local');
        } catch (error) {
          failure = error;
          await events.failed(provider.name, explain(error));
        }
      }).done;
      if (failure !== undefined) throw failure;
    },

    /** Takes over changed settings. Whoever is signed in with a provider that has gone or been turned off is out. */
    async setProviders(next: readonly Provider[]): Promise<void> {
      const before = providers;
      attempt?.controller.abort();
      await attempt?.done;
      providers = next;
      const isOn = (wanted: string): boolean => next.some(({ name, enabled }) => enabled && name === wanted);
      if (current !== undefined && !isOn(current.provider)) {
        await drop('refused', {
          code: 'sign-in-required',
          message: 'The provider of this sign-in has been turned off.',
          remedy: 'Sign in with another one.',
        });
        await record.clear();
      }
      await Promise.all(before.map((provider) => provider.close()));
      // Tokens must not outlive the provider they are for.
      await Promise.all(before.filter(({ name }) => !isOn(name)).map((provider) => provider.signOut()));
      events.changed();
    },

    async cancelSignIn(): Promise<void> {
      const running = attempt;
      running?.controller.abort();
      await running?.done;
    },

    /**
     * Ends the session and whatever would bring it back: a sign-in or restore under way, and what is stored.
     * @throws LatchkeyError `store-failed` where the disk would not let go of it; the person is signed out all the same.
     */
    async signOut(): Promise<void> {
      const running = attempt;
      running?.controller.abort();
      await Promise.all([drop('signed-out'), running?.done]);
      clearTimeout(retry);
      // A sign-in that had got through before it could be stopped.
      await drop('signed-out');
      lastProblem = undefined;
      events.changed();
      await forget(providers);
    },

    /** AADSTS number with which the last sign-in of a provider failed, for the doctor. */
    lastFault: (provider: string): number | undefined => lastFaults.get(provider),

    /** After a start: the person of the last run, if the deadline stands and the directory still agrees. Never rejects. */
    restore,

    refresh,

    async close(): Promise<void> {
      closed = true;
      clearInterval(timer);
      clearTimeout(deadline);
      const running = attempt;
      running?.controller.abort();
      await Promise.all(providers.map((provider) => provider.close()));
      await running?.done;
      clearTimeout(retry);
      await refreshing;
    },
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

const cancelled: Problem = {
  code: 'sign-in-cancelled',
  message: 'The sign-in was cancelled.',
  remedy: 'Start it again when you are ready.',
};

function strangerCame(): LatchkeyError {
  return new LatchkeyError(
    'wrong-account',
    'The directory answered for another person than the one who signed in.',
    {
      remedy: 'Sign in again.',
    },
  );
}
