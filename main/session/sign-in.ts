import { orAborted } from '../base/abort.ts';
import type { SignInWay } from '../contract/clouds.ts';
import { LatchkeyError, toProblem, type Problem } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { isSamePerson } from '../contract/which-account.ts';
import { checkExpected } from './account-check.ts';
import { Attempt, cancelled, type AttemptState } from './attempt.ts';
import { blocked } from './blocked.ts';
import { answerOf } from './chain.ts';
import type { NextSignIn } from './demands.ts';
import type { SessionParts } from './parts.ts';
import type { LiveSession } from './live-session.ts';
import type { People } from './people.ts';
import type { Person } from './person.ts';
import type { Provider } from './provider-port.ts';
import type { SignedOut } from './signed-out.ts';
import { waitForPerson, type SignInRequest } from './wait-for-person.ts';

/** How people sign in: at a page of their directory, or with the password of a break-glass account. */
export class SignIns {
  readonly #parts: Omit<SessionParts, 'stored'>;
  readonly #people: People;
  /** AADSTS number with which the last sign-in of a provider failed. */
  readonly #lastFaults = new Map<string, number | undefined>();

  constructor(parts: Omit<SessionParts, 'stored'>, people: People) {
    this.#parts = parts;
    this.#people = people;
  }

  lastFault(provider: string): number | undefined {
    return this.#lastFaults.get(provider);
  }

  /** Starts a sign-in, or joins the one that is under way. */
  async start(request: SignInRequest): Promise<void> {
    const { providers, attempts, demands, signedOut } = this.#parts;
    const { provider: named, username } = request;
    // Without a name to route there is nothing to wait for, and the state tells of the sign-in at once.
    const provider =
      named === undefined && username !== undefined
        ? providers.chosen(await providers.routed(username))
        : providers.chosen(named);
    const way = wayOf(provider, request);
    if (attempts.running?.isRestoring === true) {
      await attempts.running.done;
      if (this.#people.all.some(({ live }) => serves(live, provider, request))) return;
    }
    const { running } = attempts;
    if (running !== undefined) return checkJoins(running, provider, request);
    this.#people.checkRoomFor(provider);
    const next = demands.next((person) => person.provider === provider.name && mayBe(person, request));
    signedOut.clear();
    const wanted = { ...request, anew: next.anew ?? request.anew };
    attempts.begin(new Attempt(provider, 'contacting', wanted), (own) => this.#run(own, way, wanted, next));
  }

  async #run(
    own: Attempt,
    way: SignInWay,
    request: SignInRequest,
    next: NextSignIn & { met(person: Account): void },
  ): Promise<void> {
    const { context } = this.#parts;
    const { provider, signal } = own;
    const { name } = provider;
    const show = (state: AttemptState): void => {
      own.show(state);
      context.events.changed();
    };
    let asked = false;
    try {
      await context.events.started(name);
      const pending = await waitForPerson(
        provider,
        way,
        { ...request, claims: next.claims },
        {
          signal,
          show,
          startedAt: new Date(context.now()).toISOString(),
          onAsked: () => (asked = true),
        },
      );
      show({ kind: 'working', provider: name, step: 'reading-groups' });
      const found = await orAborted(pending.membership(signal), signal);
      const names = { signIn: [...pending.names, found.account.username], others: found.names };
      checkExpected(found.account, names, provider, request);
      await this.#people.takeIn(provider, found, way, { keep: pending.keep, asked, signal });
      // A browser that let its own session answer has met nothing of what wants the person.
      if (asked || next.anew === undefined) next.met(found.account);
      this.#lastFaults.delete(name);
    } catch (error) {
      await this.#failed(own, way, error);
    }
  }

  async #failed(own: Attempt, way: SignInWay, error: unknown): Promise<void> {
    const { context, demands, signedOut } = this.#parts;
    const { provider, signal } = own;
    const { name } = provider;
    const wasCancelled = signal.aborted;
    const problem = wasCancelled ? cancelled : context.explain(error);
    // Ends what goes on where not the sign-in itself has failed.
    own.abort();
    if (!wasCancelled) demands.refused(`sign-in at ${name}`, problem.entra, undefined);
    const meant = this.#whomItWasFor(own);
    if (meant === undefined) signedOut.problem = problem;
    else if (!wasCancelled) meant.note(problem);
    signedOut.otherWay = this.#otherWayAfter(provider, way, problem);
    this.#lastFaults.set(name, problem.entra?.aadsts);
    await context.events.failed(name, problem);
  }

  /** Whoever is signed in and was to sign in anew, as far as that can be told. */
  #whomItWasFor({ request }: Attempt): Person | undefined {
    const { all } = this.#people;
    const { person, username } = request ?? {};
    if (person !== undefined) return this.#people.of(person);
    if (username === undefined) return all.length === 1 ? all[0] : undefined;
    return all.find(({ live }) => isSameName(live.account.username, username));
  }

  /** What a person may choose instead: the other way where this one is blocked, the next provider for a stranger. */
  #otherWayAfter(provider: Provider, way: SignInWay, problem: Problem): SignedOut['otherWay'] {
    if (answerOf(problem) === 'not-mine') {
      const { all } = this.#parts.providers;
      const next = all
        .slice(all.indexOf(provider) + 1)
        .find(({ enabled, ways }) => enabled && ways.length > 0);
      return next?.ways[0] && { provider: next.name, way: next.ways[0] };
    }
    const other = provider.ways.find((candidate) => candidate !== way);
    return other !== undefined && blocked(problem, way) ? { provider: provider.name, way: other } : undefined;
  }

  /** With a break-glass account; resolves when the person is signed in. */
  async withPassword(username: string, password: string, code: string): Promise<void> {
    const { context, providers, attempts } = this.#parts;
    if (attempts.running !== undefined) throw busy('Another sign-in is waiting.');
    const provider = providers.all.find(({ type, enabled }) => type === 'local' && enabled);
    if (provider?.signInWithPassword === undefined) {
      const off = breakGlassIsOff();
      const local = providers.all.find(({ type }) => type === 'local')?.name ?? 'local';
      await context.events.failed(local, toProblem(off), username);
      throw off;
    }
    const { signInWithPassword } = provider;
    let failure: unknown;
    const attempt = attempts.begin(new Attempt(provider, 'contacting', undefined), async () => {
      try {
        await context.events.started(provider.name);
        const pending = await signInWithPassword(username, password, code);
        await this.#people.takeIn(provider, await pending.membership(), 'local', {
          keep: pending.keep,
          asked: true,
        });
      } catch (error) {
        failure = error;
        await context.events.failed(provider.name, context.explain(error), username);
      }
    });
    await attempt.done;
    if (failure !== undefined) throw failure;
  }
}

function wayOf(provider: Provider, request: SignInRequest): SignInWay {
  const way = request.way ?? provider.ways[0];
  if (way !== undefined && provider.ways.includes(way)) return way;
  throw new LatchkeyError(
    'request-invalid',
    `The provider "${provider.name}" does not allow this way to sign in.`,
    { remedy: `It allows: ${provider.ways.join(', ')}.` },
  );
}

/**
 * Whether whoever asks for a sign-in is served by the one that runs already. One for another person, one whose code is
 * to be mailed, or one that is to ask for the password anew, would not get what it asked for.
 */
function joins(running: SignInRequest | undefined, { username, announce, anew }: SignInRequest): boolean {
  const isSame = username === undefined || isSameName(username, running?.username ?? '');
  return isSame && announce === undefined && (anew !== true || running?.anew === true);
}

/** Whether an account that has just come back from the last run is the one that was asked for. */
function serves({ account, provider }: LiveSession, asked: Provider, request: SignInRequest): boolean {
  // Who says nothing of whom or where is content with anybody.
  const isAnybody = request.provider === undefined && request.username === undefined;
  if ((!isAnybody && provider !== asked.name) || !mayBe(account, request)) return false;
  return joins({ username: account.username }, request);
}

function isSameName(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

function checkJoins(running: Attempt, provider: Provider, request: SignInRequest): void {
  if (running.provider === provider && joins(running.request, request)) return;
  const whose = running.request?.username ?? running.provider.name;
  throw busy(`Another sign-in, with "${whose}", is waiting.`);
}

/** A name tells nobody apart: people have several, and what is asked too much of somebody does no harm. */
function mayBe(person: Account, { person: asked }: SignInRequest): boolean {
  return asked === undefined || isSamePerson(asked, person);
}

function busy(message: string): LatchkeyError {
  return new LatchkeyError('sign-in-busy', message, { remedy: 'Finish or cancel it first.' });
}

function breakGlassIsOff(): LatchkeyError {
  return new LatchkeyError('request-invalid', 'Break-glass accounts are turned off.', {
    remedy: 'Whoever owns the configuration file sets "enabled: true" at the provider of type "local".',
  });
}
