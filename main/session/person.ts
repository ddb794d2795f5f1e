import { defined } from '../base/defined.ts';
import { LatchkeyError, type Problem } from '../contract/errors.ts';
import type { Group, SignedIn } from '../contract/state.ts';
import { isSamePerson } from '../contract/which-account.ts';
import { Deadline } from './deadline.ts';
import { directoryOf } from './demands.ts';
import { endsSession } from './ending.ts';
import type { LiveSession } from './live-session.ts';
import type { SessionParts } from './parts.ts';
import type { Provider } from './provider-port.ts';
import { SharedRead } from './shared-read.ts';

export interface PersonParts extends Pick<SessionParts, 'context' | 'providers' | 'demands' | 'stored'> {
  /** False after its end. */
  isSignedIn(person: Person): boolean;
  /** Whether everything is being closed: providers then answer for nobody. */
  isClosed(): boolean;
  /** Ends the session of this person, who is signed in, and with it all that stands on it. */
  end(person: Person, why: 'expired' | 'refused', problem: Problem): Promise<void>;
  /** Removes what is stored of a session that has ended. */
  forgetEnded(person: Person): Promise<void>;
}

/** The session of one person: its deadline, what is read again for it, and its problem. */
export class Person {
  readonly #parts: PersonParts;
  readonly #reads: SharedRead;
  #live: LiveSession;
  #deadline: Deadline;

  /** @param leftMs until the deadline, on the clock that nobody can set back */
  constructor(live: LiveSession, leftMs: number, parts: PersonParts) {
    this.#parts = parts;
    this.#live = live;
    this.#deadline = this.#deadlineOf(live, leftMs);
    this.#reads = new SharedRead((fresh) => this.#readAgain(fresh).catch(parts.context.report));
  }

  get live(): LiveSession {
    return this.#live;
  }

  /** Whether the deadline has passed, whatever the timers do. */
  isOver(): boolean {
    return this.#deadline.isOver();
  }

  state(): SignedIn {
    const { account, groups, groupsReadAt, since, until, problem } = this.#live;
    return {
      kind: 'signed-in',
      account,
      groups,
      groupsReadAt: iso(groupsReadAt),
      since: iso(since),
      until: iso(until),
      ...defined({ problem }),
    };
  }

  note(problem: Problem): void {
    this.#live = { ...this.#live, problem };
  }

  /** The same person has signed in once more. */
  continueAs(live: LiveSession, leftMs: number): void {
    this.#live = live;
    this.#deadline.close();
    this.#deadline = this.#deadlineOf(live, leftMs);
  }

  /** The session lasts no longer than this, counted from the sign-in; one that is over by now ends. */
  shorten(deadlineMs: number): void {
    const until = this.#live.since + deadlineMs;
    if (until >= this.#live.until) return;
    const leftMs = Math.min(until - this.#parts.context.now(), this.#deadline.leftMs);
    this.continueAs({ ...this.#live, until }, leftMs);
  }

  /**
   * Reads account and groups again now; failures are in the state. Never rejects. Calls while one runs share it.
   * @param fresh false: the groups are read with the token that is there while it serves. Each renewal is a sign-in in the
   *   tenant's log; Graph itself refuses a token whose account has been disabled.
   */
  refresh(fresh: boolean): Promise<void> {
    return this.#reads.run(fresh);
  }

  async announceGroupChange(before: LiveSession): Promise<void> {
    const after = this.#live;
    const { added, removed } = groupChange(before.groups, after.groups);
    if (added.length + removed.length > 0)
      await this.#parts.context.events.groupsChanged(after, added, removed);
  }

  close(): void {
    this.#deadline.close();
  }

  #deadlineOf({ until }: LiveSession, leftMs: number): Deadline {
    const { context } = this.#parts;
    return new Deadline(context, until, leftMs, () => void this.#expire().catch(context.report));
  }

  async #expire(): Promise<void> {
    const { isSignedIn, end, forgetEnded } = this.#parts;
    if (!isSignedIn(this)) return;
    await end(this, 'expired', {
      code: 'sign-in-required',
      message: 'The sign-in has reached its deadline.',
      remedy: 'Sign in again.',
    });
    await forgetEnded(this);
  }

  async #readAgain(fresh: boolean): Promise<void> {
    const { providers, demands, stored, context, isSignedIn, isClosed } = this.#parts;
    if (!isSignedIn(this)) return;
    if (this.isOver()) return this.#expire();
    this.#deadline.watch();
    const session = this.#live;
    const provider = providers.named(session.provider);
    if (provider === undefined) return;
    /**
     * Whether it is still the session that was asked about, and has not been signed in anew. The provider's answer counts
     * while it is in use: one that is being closed says "sign in" to everything.
     */
    const counts = (): boolean =>
      !isClosed() &&
      providers.all.includes(provider) &&
      isSignedIn(this) &&
      this.#live.since === session.since;
    try {
      const renewed = await provider.renew(session.account.objectId, { fresh });
      if (!isSamePerson(renewed, session.account)) throw strangerCame();
      const { account, groups } = await provider.membership(session.account.objectId);
      if (!counts()) return;
      demands.given(directoryOf(provider), account);
      const before = this.#live;
      const { problem: _cleared, ...rest } = before;
      this.#live = { ...rest, account, groups, groupsReadAt: context.now() };
      await this.announceGroupChange(before);
      if (isSignedIn(this)) await stored.noteTime(this.#live);
    } catch (error) {
      if (counts()) await this.#failed(provider, context.explain(error));
    }
  }

  async #failed(provider: Provider, problem: Problem): Promise<void> {
    const { demands, context, end, forgetEnded } = this.#parts;
    demands.refused(directoryOf(provider), problem.entra, this.#live.account);
    if (endsSession.has(problem.code)) {
      await end(this, 'refused', problem);
      await forgetEnded(this);
    } else {
      this.note(problem);
      await context.events.refreshFailed(this.#live, problem);
    }
  }
}

/** Which groups came and which went, by object id. */
function groupChange(
  before: readonly Group[],
  after: readonly Group[],
): { added: Group[]; removed: Group[] } {
  const missingIn = (groups: readonly Group[]) => {
    const ids = new Set(groups.map(({ id }) => id));
    return (group: Group) => !ids.has(group.id);
  };
  return { added: after.filter(missingIn(before)), removed: before.filter(missingIn(after)) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function strangerCame(): LatchkeyError {
  return new LatchkeyError(
    'wrong-account',
    'The directory answered for another person than the one who signed in.',
    { remedy: 'Sign in again.' },
  );
}
