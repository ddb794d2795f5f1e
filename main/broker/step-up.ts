import type { Audit } from '../audit/audit.ts';
import { personOf } from '../audit/actor.ts';
import type { AuditActor } from '../audit/events.ts';
import { auditFault } from '../audit/fault.ts';
import { noted } from '../audit/recorded.ts';
import { LatchkeyError, toProblem } from '../contract/errors.ts';
import type { Proof } from '../contract/proof.ts';
import type { LiveSession } from '../session/live-session.ts';
import type { OwnSecondFactor } from '../second-factor/second-factor.ts';

/** What is to be done, as the audit tells it: never a secret. */
export interface Deed {
  /** Such as "provider saved". */
  action: string;
  /** What it is done to. */
  subject: string;
  /** The new settings, where there are any. */
  detail?: string;
}

/**
 * The account that is to do it; undefined where nobody is signed in.
 * @throws LatchkeyError `account-ambiguous`, `sign-in-required`
 */
export type Actor = () => LiveSession | undefined;

/** By what the person proved that it is they who administer. */
export type ProvedBy = 'totp' | 'push' | 'sign-in' | 'first-run' | 'set-up';

interface Proved {
  by: ProvedBy;
  live: LiveSession | undefined;
}

export interface StepUpOptions {
  /** The session with this id, while it stands. */
  sessionWithId(id: string): LiveSession | undefined;
  secondFactor: Pick<OwnSecondFactor, 'enrolledMethods' | 'verify' | 'approve'>;
  /** Whether there is a provider, so that somebody can sign in. */
  hasProviders(): boolean;
  /** Whether whoever asks can write to the home folder; each proof serves once. */
  ownsHome(proof: string): Promise<boolean>;
  audit: Pick<Audit, 'append'>;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Milliseconds on a clock that nobody can set back. */
  monotonic?: () => number;
}

export interface StepUpRules {
  /** Before there is a provider nobody can sign in, so that this is possible without. */
  firstRun?: boolean | undefined;
  /** Whoever can write to the home may do it without a sign-in: it takes nothing away that has been set up. */
  isSetUp?: (() => Promise<boolean>) | undefined;
  /** A sign-in that was repeated just now stands in for the code of a lost authenticator. */
  repeatedSignIn?: boolean | undefined;
}

const freshMs = 5 * 60_000;
/** Refusals without a code cost nothing, so that they are written down once in this time. */
const refusalEveryMs = 10_000;

/**
 * The one gate before everything that changes who may decide: providers, chain, accounts, secrets, factors. The bearer
 * of the API is not enough. Each deed takes a second factor of the person who is signed in, a code for each, so that
 * nobody else who has the bearer can follow through a door that was opened; without one a sign-in of the last five
 * minutes that really asked. Who, what and by which proof is on record before it is done.
 */
export function createStepUp(options: StepUpOptions) {
  const { sessionWithId, secondFactor, hasProviders, ownsHome, audit } = options;
  const { now = Date.now, monotonic = () => performance.now() } = options;
  let lastRefusal = -Infinity;

  /** Both clocks, since a suspend stops one and the other can be set back. */
  function isFresh({ asked }: LiveSession): boolean {
    if (asked === undefined) return false;
    const age = now() - asked.wall;
    return age >= 0 && age <= freshMs && monotonic() - asked.monotonic <= freshMs;
  }

  async function prove(deed: Deed, proof: Proof, rules: StepUpRules, actor: Actor): Promise<Proved> {
    if (proof.setUp !== undefined && rules.isSetUp !== undefined) {
      if ((await rules.isSetUp()) && (await ownsHome(proof.setUp))) return { by: 'set-up', live: undefined };
    }
    const live = actor();
    if (live === undefined) {
      if (rules.firstRun === true && !hasProviders()) return { by: 'first-run', live };
      throw new LatchkeyError('sign-in-required', 'Only a person who is signed in can change this.', {
        remedy: 'Sign in first.',
      });
    }
    const { account } = live;
    // Throws where it cannot be known: then nothing is changed.
    const methods = await secondFactor.enrolledMethods(account);
    if (methods.length === 0) {
      if (isFresh(live)) return { by: 'sign-in', live };
      throw new LatchkeyError('mfa-required', 'This change takes a sign-in of the last five minutes.', {
        remedy: 'Sign in again (latchkey login --again), and repeat it at once.',
      });
    }
    if (proof.code !== undefined && methods.includes('totp')) {
      await secondFactor.verify(account, proof.code);
      return stillThere(live, 'totp');
    }
    if (proof.phone === true && methods.includes('push')) {
      await secondFactor.approve(account, `${deed.action}: ${deed.subject}`);
      return stillThere(live, 'push');
    }
    if (rules.repeatedSignIn === true) {
      if (isFresh(live) && live.asked?.isRepeated === true) return { by: 'sign-in', live };
      throw new LatchkeyError(
        'mfa-required',
        'This change takes a code, or that you sign in again just before.',
        {
          remedy: 'Run: latchkey login --again, then within five minutes: latchkey mfa reset',
        },
      );
    }
    throw new LatchkeyError('mfa-required', 'This change takes your second factor.', {
      remedy: methods.includes('totp')
        ? 'Enter the six digits that your authenticator shows now, or a recovery code.'
        : 'Approve it on your phone.',
    });
  }

  /** A phone takes its time; whoever has signed in meanwhile has proved nothing. */
  function stillThere({ id }: LiveSession, by: ProvedBy): Proved {
    const live = sessionWithId(id);
    if (live !== undefined) return { by, live };
    throw new LatchkeyError('sign-in-required', 'The sign-in has ended meanwhile.', {
      remedy: 'Sign in again.',
    });
  }

  async function recordRefusal(deed: Deed, proof: Proof, error: unknown): Promise<void> {
    const isCheap = proof.code === undefined && proof.phone !== true;
    if (isCheap && monotonic() - lastRefusal < refusalEveryMs) return;
    if (isCheap) lastRefusal = monotonic();
    await noted(audit, { event: 'administration-refused', ...deed, ...auditFault(toProblem(error)) });
  }

  return {
    /**
     * Resolves where the deed may be done now, and is on record.
     * @param actor whose proof it has to be
     * @returns whose it was; undefined where nobody had to prove anything
     * @throws LatchkeyError `sign-in-required`, `mfa-required`, `mfa-wrong`, `mfa-locked`, `mfa-unavailable`,
     *   `audit-unwritable`, and what the phone says
     */
    async demand(
      deed: Deed,
      proof: Proof,
      rules: StepUpRules,
      actor: Actor,
    ): Promise<LiveSession | undefined> {
      let proved: Proved;
      try {
        proved = await prove(deed, proof, rules, actor);
      } catch (error) {
        await recordRefusal(deed, proof, error);
        throw error;
      }
      const { by, live } = proved;
      await audit.append({ event: 'administered', ...deed, by, ...actorIn(live) });
      return live;
    },

    /** The deed that was let through has not come about. Never rejects. */
    async failed(deed: Deed, error: unknown, live: LiveSession | undefined): Promise<void> {
      const fault = auditFault(toProblem(error));
      await noted(audit, { event: 'administration-failed', ...deed, ...fault, ...actorIn(live) });
    },
  };
}

/** With several accounts signed in the record has to say which. */
function actorIn(live: LiveSession | undefined): { actor?: AuditActor } {
  return live === undefined ? {} : { actor: personOf(live.account) };
}

export type StepUp = ReturnType<typeof createStepUp>;
