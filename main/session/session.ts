import type { EntraFault, Problem } from '../contract/errors.ts';
import type { Account, SignedIn, SignInState } from '../contract/state.ts';
import { isSamePerson, type AccountKeys } from '../contract/which-account.ts';
import { Attempts } from './attempt.ts';
import { createContext } from './context.ts';
import { createDemands } from './demands.ts';
import type { SessionEvents } from './events.ts';
import type { LiveSession } from './live-session.ts';
import type { SessionParts } from './parts.ts';
import { People, type SessionSettings } from './people.ts';
import { ProviderList } from './provider-list.ts';
import type { Provider } from './provider-port.ts';
import { Restore } from './restore.ts';
import { SignedOut } from './signed-out.ts';
import { SignIns } from './sign-in.ts';
import { recordKey, StoredSessions, type RecordKey, type RecordPort } from './stored-sessions.ts';
import type { SignInRequest } from './wait-for-person.ts';

export interface SessionOptions extends SessionSettings {
  /** In the order of the authentication chain. */
  providers: readonly Provider[];
  /** Whether something stands on a session, such as a login at a database; by default yes. */
  isInUse?(session: LiveSession): boolean;
  record: RecordPort;
  events: SessionEvents;
  /** For the log of the process: what went wrong where nobody waits for the answer. */
  log?(line: string): void;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Milliseconds on a clock that nobody can set back. */
  monotonic?: () => number;
}

export type Session = ReturnType<typeof createSession>;

/** Holds the accounts that are signed in: one attempt at a time, several accounts side by side, groups read again on a timer. */
export function createSession(options: SessionOptions) {
  const { events, most, deadlineMs, refreshMs, isInUse = () => true, log = () => undefined } = options;
  const { now = Date.now, monotonic = () => performance.now() } = options;
  const context = createContext(events, { now, monotonic }, log);
  const providers = new ProviderList(options.providers);
  const attempts = new Attempts({ changed: () => events.changed(), report: context.report });
  const demands = createDemands();
  const stored = new StoredSessions(options.record, context, providers);
  const signedOut = new SignedOut();
  const parts: SessionParts = { context, providers, attempts, demands, stored, signedOut };
  const people = new People({ isInUse }, { most, deadlineMs, refreshMs }, parts);
  const signIns = new SignIns(parts, people);
  const restore = new Restore(parts, people);

  const endings = createEndings(parts, people, restore);

  return {
    ...createViews(parts, people),
    ...endings,

    /** Who would answer for this sign-in. @throws LatchkeyError as {@link signIn} */
    async providerFor({ provider, username }: SignInRequest): Promise<Provider> {
      return providers.chosen(provider ?? (username && (await providers.routed(username))));
    },

    /**
     * Starts a sign-in, or joins the one that is under way; how it goes is in the state.
     * @throws LatchkeyError `request-invalid` for an unknown provider or way, `wrong-account` where the chain denies,
     *   `sign-in-busy` while another one runs.
     */
    signIn: (request: SignInRequest = {}): Promise<void> => signIns.start(request),

    /**
     * Signs in with a break-glass account. The chain decides which provider knows the name.
     * @throws LatchkeyError `sign-in-refused` (the same for a wrong name, password or code), `mfa-locked`, `sign-in-busy`
     */
    signInLocally: (username: string, password: string, code: string): Promise<void> =>
      signIns.withPassword(username, password, code),

    /** Takes over changed settings. Whoever is signed in with a provider that has gone or been turned off is out. */
    async setProviders(next: readonly Provider[]): Promise<void> {
      await takeOver(next, parts, endings.end);
      people.keepDeadlines();
    },

    /** As they are configured from now on; a shorter deadline counts for whoever is signed in, a longer one does not. */
    setSettings: (settings: SessionSettings): void => people.setSettings(settings),

    async cancelSignIn(): Promise<void> {
      if (attempts.running?.isRestoring === true) restore.giveUp();
      await attempts.cancel();
    },

    /**
     * A token of this session's person for a resource was refused, or given (`fault` undefined). What a policy asks for is asked of
     * their next sign-in.
     */
    answeredFor(sessionId: string, resource: string, fault: EntraFault | undefined): void {
      const session = people.all.find(({ live }) => live.id === sessionId)?.live;
      if (session === undefined) return;
      if (fault === undefined) demands.given(resource, session.account);
      else demands.refused(resource, fault, session.account);
    },

    /** AADSTS number with which the last sign-in of a provider failed, for the doctor. */
    lastFault: (provider: string): number | undefined => signIns.lastFault(provider),

    /** After a start: the accounts of the last run, each if its deadline stands and its directory still agrees. Never rejects. */
    restore: (): Promise<void> => restore.tryNow(),

    /**
     * Tries that once more for an account, now, where only the network has kept it from succeeding.
     * @returns whether it is signed in, or is still expected to be when the network is back. Never rejects.
     */
    resume: (of: RecordKey): Promise<boolean> => restore.resume(of),

    /** Asks authority and directory now: of every account, or of the one with this session. Never rejects. */
    refresh: (sessionId?: string): Promise<void> => people.refresh(sessionId),

    async close(): Promise<void> {
      restore.close();
      await people.close();
      const cancelling = attempts.close();
      await Promise.all(providers.all.map((provider) => provider.close()));
      await cancelling;
      await people.settled();
    },
  };
}

/** What ends sessions before their time. */
function createEndings(
  { context, attempts, stored, signedOut }: SessionParts,
  people: People,
  restore: Restore,
) {
  return {
    /** Ends those of the sessions at once. */
    async end(which: (session: LiveSession) => boolean, problem: Problem): Promise<void> {
      const ended = people.all.filter(({ live }) => which(live));
      await Promise.all(ended.map((person) => people.end(person, 'refused', problem)));
      for (const { live } of ended) await stored.forget(recordKey(live));
    },

    /**
     * Ends every session and whatever would bring one back: a sign-in or restore under way, and what is stored.
     * @throws LatchkeyError `store-failed` where the disk would not let go of it; the person is signed out all the same.
     */
    async signOut(): Promise<void> {
      restore.giveUp();
      await Promise.all([attempts.cancel(), people.endAll('signed-out')]);
      // A sign-in that had got through before it could be stopped.
      await people.endAll('signed-out');
      signedOut.problem = undefined;
      context.events.changed();
      await stored.forgetAll();
    },

    /**
     * Ends the session with this id and what would bring it back; the other accounts go on.
     * @throws LatchkeyError `store-failed` as {@link signOut}
     */
    async signOutOf(sessionId: string): Promise<void> {
      const person = people.all.find(({ live }) => live.id === sessionId);
      if (person === undefined) return;
      await people.end(person, 'signed-out');
      const { running } = attempts;
      // A sign-in of the same account may have got as far as that it would bring it back at once.
      if (running?.provider.name === person.live.provider && running.state.kind === 'working')
        await running.done;
      const again = people.of(person.live.account);
      if (again !== undefined) await people.end(again, 'signed-out');
      signedOut.problem = undefined;
      context.events.changed();
      await stored.forget(recordKey(person.live));
    },
  };
}

/** Who is signed in, and how a sign-in goes. */
function createViews({ attempts, signedOut, stored }: SessionParts, people: People) {
  const standing = () => people.all.filter((person) => !person.isOver());
  return {
    /** Every account's session; a passed deadline counts at once, whatever the timers do. The last sign-in comes last. */
    all: (): LiveSession[] => standing().map(({ live }) => live),
    /** The session with this id, while it stands. */
    withId: (id: string): LiveSession | undefined => standing().find(({ live }) => live.id === id)?.live,
    /** The session of this account, while it stands. */
    of: (account: AccountKeys): LiveSession | undefined =>
      standing().find(({ live }) => isSamePerson(live.account, account))?.live,

    /** What the accounts show, in the same order. */
    accounts: (): SignedIn[] => standing().map((person) => person.state()),

    /** Accounts of the last run that are not back yet: only the network keeps them away, as far as is known. */
    awaited: (): Account[] => stored.expected(),

    /** How the sign-in under way or the last one stands; where that is over, the account that has signed in last. */
    state: (): SignInState => attempts.running?.state ?? people.all.at(-1)?.state() ?? signedOut.state(),

    /** While accounts are signed in: why another one is not, or not any more. */
    problem: (): Problem | undefined => (people.all.length === 0 ? undefined : signedOut.problem),

    /** How it stands with this account: signed in, else as the sign-in under way or the last one. */
    stateOf: (account: AccountKeys): SignInState => {
      const person = standing().find(({ live }) => isSamePerson(live.account, account));
      return person?.state() ?? attempts.running?.state ?? signedOut.state();
    },

    /** Where only one account may be signed in: who would have to leave for this one. */
    inTheWay(account: AccountKeys): Account | undefined {
      const [other] = people.most === 1 ? standing() : [];
      return other === undefined || isSamePerson(other.live.account, account)
        ? undefined
        : other.live.account;
    },
  };
}

async function takeOver(
  next: readonly Provider[],
  { context, providers, attempts }: SessionParts,
  endWhere: (which: (session: LiveSession) => boolean, problem: Problem) => Promise<void>,
): Promise<void> {
  const before = providers.all;
  const left = before.filter((provider) => !next.includes(provider));
  const { running } = attempts;
  // The restore has accounts of several providers under way, and goes on by itself with those that stay.
  if (running !== undefined && (left.includes(running.provider) || (running.isRestoring && left.length > 0)))
    await attempts.cancel();
  providers.replace(next);
  const isOn = (wanted: string): boolean => next.some(({ name, enabled }) => enabled && name === wanted);
  await endWhere(({ provider }) => !isOn(provider), {
    code: 'sign-in-required',
    message: 'The provider of this sign-in has been turned off.',
    remedy: 'Sign in with another one.',
  });
  await Promise.all(left.map((provider) => provider.close()));
  // Tokens must not outlive the provider they are for.
  await Promise.all(left.filter(({ name }) => !isOn(name)).map((provider) => provider.signOut()));
  context.events.changed();
}
