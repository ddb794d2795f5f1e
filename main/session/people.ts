import { randomUUID } from 'node:crypto';
import { createMutex } from '../base/mutex.ts';
import type { Problem } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { isSamePerson, type AccountKeys } from '../contract/which-account.ts';
import { checkRoom, whoLeaves, type RoomSettings } from './beside.ts';
import type { SessionEnding, SignInHow } from './events.ts';
import type { LiveSession, SessionRecord } from './live-session.ts';
import type { SessionParts } from './parts.ts';
import { Person, type PersonParts } from './person.ts';
import type { Membership, Provider } from './provider-port.ts';
import { named } from './signed-out.ts';
import { recordKey, type RecordKey } from './stored-sessions.ts';

/** What the configuration says of sign-ins. */
export interface SessionSettings extends RoomSettings {
  /** How long a sign-in lasts at most, with a provider that has no deadline of its own; in ms. */
  deadlineMs: number;
  /** How often groups are read again. */
  refreshMs: number;
}

export interface PeoplePorts {
  /** Whether something stands on this session. */
  isInUse(session: LiveSession): boolean;
}

/** What comes with somebody who is to be taken in. */
export interface Arrival {
  /** Keeps their tokens. */
  keep?(account: Account): Promise<void>;
  /** The session that goes on after a restart. */
  kept?: SessionRecord;
  /** Whether they were really asked who they are. */
  asked?: boolean;
  /** Ends the wait for those who are being taken in just now. */
  signal?: AbortSignal;
}

/** The accounts that are signed in, each by itself. Groups are read again on a timer. */
export class People {
  readonly #parts: SessionParts;
  readonly #personParts: PersonParts;
  readonly #ports: PeoplePorts;
  #settings: SessionSettings;
  #timer: NodeJS.Timeout;
  /** Whoever comes in finds the others as they are, not as they were when both came. */
  readonly #door = createMutex();
  /** Also for those who have left meanwhile. */
  readonly #reads = new Set<Promise<void>>();
  /** The last sign-in comes last. */
  #people: readonly Person[] = [];
  #isClosed = false;

  constructor(ports: PeoplePorts, settings: SessionSettings, parts: SessionParts) {
    this.#ports = ports;
    this.#settings = settings;
    this.#parts = parts;
    this.#personParts = {
      ...parts,
      isSignedIn: (person) => this.#people.includes(person),
      isClosed: () => this.#isClosed,
      end: (person, why, problem) => this.end(person, why, problem),
      forgetEnded: (person) => this.#forgetEnded(person),
    };
    this.#timer = this.#refreshing();
  }

  /** How many accounts may be signed in side by side, as it is configured now. */
  get most(): number {
    return this.#settings.most;
  }

  /**
   * From now on; whoever is signed in stays no longer than the deadline, counted from their sign-in, and never longer than
   * before. Those who are one too many stay.
   */
  setSettings(settings: SessionSettings): void {
    clearInterval(this.#timer);
    this.#settings = settings;
    this.#timer = this.#refreshing();
    this.keepDeadlines();
  }

  /** A provider may have a shorter one than before, too. */
  keepDeadlines(): void {
    for (const person of this.#people) {
      const provider = this.#parts.providers.named(person.live.provider);
      person.shorten(this.deadlineOf(provider ?? {}));
    }
  }

  #refreshing(): NodeJS.Timeout {
    const timer = setInterval(() => this.#refreshOnTimer(), this.#settings.refreshMs);
    timer.unref();
    return timer;
  }

  /** Whoever is signed in, also past the deadline, as long as nothing has noticed that. The last sign-in comes last. */
  get all(): readonly Person[] {
    return this.#people;
  }

  of(account: AccountKeys): Person | undefined {
    return this.#people.find(({ live }) => isSamePerson(live.account, account));
  }

  /** Whose record it is, where they are signed in. */
  withRecord({ provider, objectId }: RecordKey): Person | undefined {
    return this.#people.find(({ live }) => live.provider === provider && live.account.objectId === objectId);
  }

  /**
   * Before anybody is asked to sign in with this provider.
   * @throws LatchkeyError `limit-reached`, `request-refused` where no account of it could be taken in
   */
  checkRoomFor(provider: Provider): void {
    // One of those may be meant, who then only goes on.
    if (this.#people.some(({ live }) => live.provider === provider.name)) return;
    checkRoom(provider, this.#beside(undefined), this.#settings);
  }

  /**
   * Takes the account in beside the others: on record first, then whoever it cannot stand beside is out, then the tokens
   * are kept, and only then anything is answered for it. The same account again keeps the session's id, and with it tokens
   * and database sessions.
   * @throws LatchkeyError `limit-reached`, `request-refused`, and what audit, `keep` and store say
   */
  takeIn(provider: Provider, membership: Membership, how: SignInHow, arrival: Arrival): Promise<void> {
    return this.#door.run(() => this.#takeIn(provider, membership, how, arrival));
  }

  async #takeIn(
    provider: Provider,
    membership: Membership,
    how: SignInHow,
    { keep, kept, asked = false, signal }: Arrival,
  ): Promise<void> {
    signal?.throwIfAborted();
    const { context, stored, signedOut } = this.#parts;
    const same = this.of(membership.account);
    const before = same?.live;
    const beside = this.#beside(same);
    checkRoom(provider, beside, this.#settings);
    const session = this.#sessionOf(provider, membership, before, { kept, asked });
    await context.events.signedIn(session, how, asked);
    const leaving = whoLeaves(provider, beside, this.#settings).map(({ person }) => person);
    for (const person of leaving) await this.end(person, 'replaced');
    try {
      await stored.write(session, kept?.seen);
      await keep?.(membership.account);
    } catch (error) {
      await this.#notKept(session, same);
      throw error;
    } finally {
      // Nothing of those who have left is there for the next start, whatever becomes of the one who came.
      for (const { live } of leaving) await stored.forget(recordKey(live)).catch(context.report);
    }
    // What has ended while all that was being written cannot be gone on with.
    if (same !== undefined && !this.#people.includes(same)) {
      session.id = randomUUID();
      await stored.noteTime(session);
    }
    const person = this.#hold(session, session.until - Math.max(context.now(), kept?.seen ?? 0), same);
    // Those of the last run come back in any order.
    if (kept !== undefined) this.#people = this.#people.toSorted((a, b) => a.live.since - b.live.since);
    stored.giveUp(recordKey(session));
    // The same account by way of another provider: the tokens of that one are nobody's any more.
    if (before !== undefined && before.provider !== provider.name)
      await stored.forget(recordKey(before)).catch(context.report);
    if (kept === undefined) signedOut.clear();
    else signedOut.restored(session.account);
    if (before !== undefined) await person.announceGroupChange(before);
  }

  #beside(same: Person | undefined) {
    return this.#people
      .filter((person) => person !== same)
      .map((person) => ({ person, provider: this.#parts.providers.named(person.live.provider) }));
  }

  /** The tokens of a session that goes on are still those of before. */
  async #notKept(session: LiveSession, same: Person | undefined): Promise<void> {
    const { context, stored } = this.#parts;
    const goesOn = same !== undefined && this.#people.includes(same) ? same.live : undefined;
    if (goesOn?.provider !== session.provider) await stored.forget(recordKey(session)).catch(context.report);
    if (goesOn !== undefined) await stored.noteTime(goesOn);
  }

  #hold(session: LiveSession, leftMs: number, same: Person | undefined): Person {
    const goesOn = same !== undefined && this.#people.includes(same);
    const person = goesOn ? same : new Person(session, leftMs, this.#personParts);
    if (goesOn) person.continueAs(session, leftMs);
    this.#people = [...this.#people.filter((other) => other !== person), person];
    return person;
  }

  #sessionOf(
    provider: Provider,
    { account, groups }: Membership,
    before: LiveSession | undefined,
    { kept, asked }: { kept: SessionRecord | undefined; asked: boolean },
  ): LiveSession {
    const { now } = this.#parts.context;
    const since = kept?.since ?? now();
    return {
      id: before?.id ?? kept?.id ?? randomUUID(),
      provider: provider.name,
      account,
      groups,
      groupsReadAt: now(),
      since,
      // Whichever deadline is earlier: the one of that time, or the one that is configured now.
      until: Math.min(kept?.until ?? Infinity, since + this.deadlineOf(provider)),
      ...this.#whenAsked(asked, before),
    };
  }

  /** In ms. */
  deadlineOf({ deadlineMs }: Pick<Provider, 'deadlineMs'>): number {
    return deadlineMs ?? this.#settings.deadlineMs;
  }

  /** One that a browser's own session answered takes nothing from an earlier one of the same person. */
  #whenAsked(asked: boolean, before: LiveSession | undefined): Pick<LiveSession, 'asked'> {
    const { now, monotonic } = this.#parts.context;
    if (asked) return { asked: { wall: now(), monotonic: monotonic(), isRepeated: before !== undefined } };
    return before?.asked === undefined ? {} : { asked: before.asked };
  }

  /** Ends the session at once, and with it tokens and logins; what is stored of it is the caller's to remove. */
  async end(person: Person, why: SessionEnding, problem?: Problem): Promise<void> {
    const { context, stored, signedOut } = this.#parts;
    if (!this.#people.includes(person)) return;
    // First, so that no login is let in while the rest of the ending is under way.
    this.#people = this.#people.filter((other) => other !== person);
    person.close();
    stored.giveUp(recordKey(person.live));
    signedOut.problem = this.#people.length === 0 ? problem : problem && named(problem, person.live.account);
    context.events.changed();
    await context.events.ended(person.live, why, problem);
  }

  async endAll(why: SessionEnding): Promise<void> {
    await Promise.all(this.#people.map((person) => this.end(person, why)));
  }

  /**
   * Somebody who has just signed in with the same provider, and whose groups are being read, may be the same account: they
   * are not to lose their tokens along with the session of before.
   */
  async #forgetEnded({ live }: Person): Promise<void> {
    const { attempts, stored } = this.#parts;
    const { running } = attempts;
    if (running?.provider.name === live.provider && running.state.kind === 'working') await running.done;
    if (this.withRecord(recordKey(live)) === undefined) await stored.forget(recordKey(live));
  }

  #refreshOnTimer(): void {
    if (this.#people.length === 0) this.#parts.context.events.changed();
    for (const person of this.#people) void this.#read(person, this.#ports.isInUse(person.live));
  }

  /** Reads all of them again, or the one with this session, each as {@link Person.refresh}. */
  async refresh(sessionId?: string): Promise<void> {
    if (this.#people.length === 0) this.#parts.context.events.changed();
    const wanted = this.#people.filter(({ live }) => sessionId === undefined || live.id === sessionId);
    await Promise.all(wanted.map((person) => this.#read(person, true)));
  }

  #read(person: Person, fresh: boolean): Promise<void> {
    const { context } = this.#parts;
    const read = person.refresh(fresh);
    if (!this.#reads.has(read)) {
      this.#reads.add(read);
      void read.finally(() => {
        this.#reads.delete(read);
        if (!this.#isClosed) context.events.changed();
      });
    }
    return read;
  }

  /** Nothing is answered for anybody any more. {@link settled} waits for what is still under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const person of this.#people)
      // Those who leave meanwhile are not to be there at the next start.
      if (this.#people.includes(person)) await this.#parts.stored.noteTime(person.live);
    clearInterval(this.#timer);
    for (const person of this.#people) person.close();
  }

  /** Resolves when nothing is being read any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#reads);
  }
}
