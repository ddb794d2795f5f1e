import { defined } from '../base/defined.ts';
import { createMutex } from '../base/mutex.ts';
import { LatchkeyError, toProblem, type Problem } from '../contract/errors.ts';
import { readOrganisationAddress, type OrganisationAddress } from './address.ts';
import { expiryOf, type Bundle } from './bundle.ts';
import { createIntake, type IntakeOptions, type Taken } from './intake.ts';
import type { Joined } from './kept.ts';

export interface MembershipOptions extends Omit<IntakeOptions, 'signal'> {
  /** @throws LatchkeyError where settings of this computer come first, so that none by address can count */
  mayJoin(): Promise<void>;
  /** @param bundle undefined: none any more. @throws LatchkeyError where the person's own settings cannot count with it */
  checkWithPerson(bundle: Bundle | undefined, address: OrganisationAddress): Promise<void>;
  /** Makes what is kept count. */
  apply(): Promise<unknown>;
  changed(): void;
  log(line: string): void;
  /** How soon to ask the server again, in ms. */
  nextLook?: (failed: boolean) => number;
}

type Accept = (taken: Taken) => void;

interface Standing {
  joined: Joined | undefined;
  /** When the server has been asked last, with an answer that may count. */
  checkedAt?: string | undefined;
  /** Why the last try came to nothing. */
  problem?: Problem | undefined;
  /** Whether what is kept is what counts. */
  isApplied: boolean;
}

export type Membership = Awaited<ReturnType<typeof openMembership>>;

/** So that the workstations of a company do not all come at the same moment. */
const usualNextLook = (failed: boolean): number =>
  (failed ? 5 * 60_000 : 60 * 60_000) * (0.9 + Math.random() / 5);

/**
 * The organisation that this Latchkey has joined by its address, if any: asks for its bundle now and then, lets a new one
 * count, and puts each change on record. Where anything fails, what counted before goes on.
 * @throws LatchkeyError as {@link KeptOrganisation.joined}
 */
export async function openMembership(options: MembershipOptions) {
  const { kept, audit, changed, now, nextLook = usualNextLook } = options;
  const mutex = createMutex();
  const closing = new AbortController();
  const intake = createIntake({ ...options, signal: closing.signal });
  const at: Standing = { joined: await kept.joined(), isApplied: true };
  const { take, applied } = createTaking(options, at);
  let timer: NodeJS.Timeout | undefined;

  async function refreshAlone(): Promise<void> {
    if (at.joined === undefined) return;
    const { address, bundle, etag } = at.joined;
    try {
      const found = await intake.newer(address, etag);
      const isSame = found?.bundle.hash === bundle.hash && found.bundle.signedBy === bundle.signedBy;
      if (found !== undefined && !isSame) await take('organisation-changed', found);
      at.checkedAt = new Date(now()).toISOString();
      await applied();
      at.problem = undefined;
    } catch (error) {
      if (closing.signal.aborted) return;
      const told = toProblem(error);
      if (told.message !== at.problem?.message) options.log(told.message);
      at.problem = told;
    }
  }

  function schedule(ms: number): void {
    clearTimeout(timer);
    if (closing.signal.aborted || at.joined === undefined) return;
    timer = setTimeout(() => void refresh(), ms);
    timer.unref();
  }

  const refresh = (): Promise<void> =>
    mutex.run(async () => {
      await refreshAlone();
      changed();
      schedule(nextLook(at.problem !== undefined));
    });

  async function joinAlone(text: string, hash?: string, accept?: Accept): Promise<Bundle> {
    const address = readOrganisationAddress(text);
    await options.mayJoin();
    if (at.joined !== undefined && at.joined.address.fingerprint !== address.fingerprint)
      throw alreadyJoined(at.joined);
    const taken = await intake.fetched(address);
    if (hash !== undefined && hash !== taken.bundle.hash) throw changedMeanwhile();
    accept?.(taken);
    await options.checkWithPerson(taken.bundle, address);
    await take('organisation-joined', taken);
    at.checkedAt = new Date(now()).toISOString();
    at.problem = undefined;
    await applied();
    schedule(nextLook(false));
    return taken.bundle;
  }

  async function leaveAlone(): Promise<string> {
    if (at.joined === undefined) throw notJoined();
    const { address, bundle } = at.joined;
    const { organisation, serial } = bundle.payload;
    const { url } = address;
    await options.checkWithPerson(undefined, address);
    await audit.append({ event: 'organisation-left', organisation, url, key: bundle.signedBy, serial });
    await kept.forget();
    at.joined = undefined;
    at.isApplied = false;
    at.problem = undefined;
    clearTimeout(timer);
    await applied();
    return organisation;
  }

  const andTell = <T>(task: () => Promise<T>): Promise<T> => mutex.run(task).finally(changed);

  return {
    /** Asks the server from here on. */
    begin: (): void => schedule(0),
    /** Asks the server now, as after a wake-up. Never rejects: what fails is in the state. */
    refresh,

    /**
     * What the bundle at an address is, before anybody joins.
     * @throws LatchkeyError `request-invalid`, `request-refused`, `bundle-…`, `config-invalid`
     */
    async look(text: string): Promise<Pick<Taken, 'address' | 'bundle'>> {
      const address = readOrganisationAddress(text);
      await options.mayJoin();
      const { bundle } = await intake.fetched(address);
      return { address, bundle };
    },

    /**
     * @param hash of the bundle that the person has seen; another one is refused
     * @param accept throws for what may not be joined in this way
     * @throws LatchkeyError as look, and `audit-unwritable`, `store-failed`, `config-changed`
     */
    join: (text: string, hash?: string, accept?: Accept): Promise<Bundle> =>
      andTell(() => joinAlone(text, hash, accept)),

    /** @returns the name of the organisation. @throws LatchkeyError `config-invalid` where the rest does not stand alone */
    leave: (): Promise<string> => andTell(leaveAlone),

    /** For the state; undefined where no organisation was joined. */
    state: () => at.joined && shown(at.joined, at, now()),

    /** Stops, and waits for what is under way. */
    async close(): Promise<void> {
      closing.abort();
      clearTimeout(timer);
      await mutex.run(async () => undefined);
    },
  };
}

/** Lets what has been fetched count. */
function createTaking({ audit, kept, log, now, apply }: MembershipOptions, at: Standing) {
  return {
    /** The record comes first: what cannot be told does not come to count. */
    async take(event: 'organisation-joined' | 'organisation-changed', taken: Taken): Promise<void> {
      const { address, bundle } = taken;
      const { url } = address;
      const { organisation, serial } = bundle.payload;
      const { hash, signedBy: key } = bundle;
      await audit.append({ event, organisation, url, key, serial, hash });
      await kept.keep(address, taken, now());
      at.joined = await kept.joined();
      at.isApplied = false;
      log(`The settings of ${organisation} with the serial number ${serial} have come from ${url}.`);
    },
    async applied(): Promise<void> {
      if (at.isApplied) return;
      await apply();
      at.isApplied = true;
    },
  };
}

function shown({ address, bundle, joinedAt }: Joined, { checkedAt, problem }: Standing, now: number) {
  const { organisation, serial, issuedAt, notAfter, nextKey } = bundle.payload;
  const expired = expiryOf(bundle.payload, now);
  return {
    name: organisation,
    url: address.url,
    fingerprint: address.fingerprint,
    serial,
    issuedAt,
    joinedAt,
    ...defined({
      notAfter,
      nextKey,
      checkedAt,
      problem: expired === undefined ? problem : toProblem(expired),
    }),
  };
}

function alreadyJoined({ bundle }: Joined): LatchkeyError {
  return new LatchkeyError(
    'request-refused',
    `This Latchkey has the settings of ${bundle.payload.organisation} already.`,
    { remedy: 'Leave it first: latchkey leave' },
  );
}

function notJoined(): LatchkeyError {
  return new LatchkeyError('request-invalid', 'This Latchkey has joined no organisation.', {
    remedy: 'There is nothing to leave.',
  });
}

function changedMeanwhile(): LatchkeyError {
  return new LatchkeyError('config-changed', "The organisation's bundle has changed since it was shown.", {
    remedy: 'Look at what it sets now, and join then.',
  });
}
