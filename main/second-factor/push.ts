import { LatchkeyError } from '../contract/errors.ts';
import type { FetchLike } from '../contract/http.ts';
import { ntfyOrigin } from './ntfy.ts';
import {
  countRequest,
  countWrong,
  lockedUntil,
  noAttempts,
  type PushAttempts,
  uncountRequest,
} from './push-attempts.ts';
import { invitationOf, newEnrolment, type PushEnrolment, type PushInvitation } from './push-enrolment.ts';
import { type Exchange, openExchange } from './push-exchange.ts';
import { momentText } from '../base/visible-text.ts';
import { type PushSubject, type PushText, requestText, testText } from './push-text.ts';

/** Keeps the counters of an account over a restart. A failed save refuses the request: no count, no push. */
export interface PushLedger {
  load(account: string): Promise<PushAttempts | undefined>;
  save(account: string, attempts: PushAttempts): Promise<void>;
}

export interface PushOptions {
  /** Address of the ntfy server: https, or http on loopback. */
  server: string;
  /** Streams for minutes. One that gives up on a quiet stream sooner does no harm: the stream is opened again. */
  fetch: FetchLike;
  ledger: PushLedger;
  /** Milliseconds since 1970. */
  now?: () => number;
  timing?: {
    /** How long a request can be answered: 180 s, and never more than 10 minutes. */
    expiresMs?: number;
    /** See SubscriptionOptions. */
    silenceMs?: number;
    retryMs?: number;
  };
}

interface Asked {
  /** Stable key of the account, such as tenant and object id; the limits are counted by it. */
  account: string;
  enrolment: PushEnrolment;
  /** Called once, before the phone rings, with the number for the screen and when it stops to count. */
  onNumber(number: number, expiresAt: number): void;
}

export type PushRequest = Asked & PushSubject;
/** `host`: name of this computer, as the phone is to show it. */
export type PushTest = Asked & { host: string };

export interface Push {
  /**
   * Topics and key for one account, to be kept (sealed) once {@link Push.test} has succeeded.
   * @throws LatchkeyError `config-invalid` for an access token with other than visible characters
   */
  enrol(accessToken?: string): { enrolment: PushEnrolment; invitation: PushInvitation };
  /** Proves that requests reach the phone and answers come back. Fails as a request does, but is never counted: it
   * opens nothing. */
  test(test: PushTest, signal: AbortSignal): Promise<'approved'>;
  /**
   * Asks on the phone of the account and waits for the answer, with number matching: the screen shows one number, the
   * phone offers it among three.
   * @throws LatchkeyError `mfa-denied` (another number was tapped), `mfa-expired`, `push-failed` (the server cannot be
   *   reached or refuses), `mfa-locked` (three requests in 10 minutes were not approved, or wrong numbers in a row),
   *   `limit-reached` (a request of this account is open), `mfa-not-enrolled` (the enrolment belongs to another
   *   server), or what the ledger threw
   * @throws the signal's reason when it is aborted; the request still counts as unanswered then
   */
  request(request: PushRequest, signal: AbortSignal): Promise<'approved'>;
  /** Gives up every open request and tells the phones so. */
  close(): Promise<void>;
}

const longestExpiryMs = 600_000;
const uncounted: PushLedger = { load: async () => undefined, save: async () => undefined };

/** Push approval over an ntfy server. What the signatures do and do not protect from is told in push-answer.ts. */
export function createPush({ server, fetch, ledger, now = Date.now, timing = {} }: PushOptions): Push {
  const origin = ntfyOrigin(server);
  const expiresMs = Math.min(timing.expiresMs ?? 180_000, longestExpiryMs);
  const open = new Set<string>();
  const unfinished = new Set<Promise<unknown>>();
  const closing = new AbortController();

  type TextOf = (expiresAt: number) => PushText;

  async function ask(asked: Asked, textOf: TextOf, counts: PushLedger, signal: AbortSignal) {
    const { account, enrolment } = asked;
    AbortSignal.any([signal, closing.signal]).throwIfAborted();
    if (enrolment.server !== origin) throw otherServer();
    if (open.has(account)) throw alreadyOpen();
    open.add(account);
    // Ends the subscription on every way out.
    const done = new AbortController();
    const asking = askOnce(asked, textOf, counts, AbortSignal.any([signal, closing.signal, done.signal]));
    finishLater(asking);
    try {
      return await asking;
    } finally {
      done.abort();
      open.delete(account);
    }
  }

  async function askOnce(asked: Asked, textOf: TextOf, counts: PushLedger, signal: AbortSignal) {
    const { account, enrolment } = asked;
    const before = (await counts.load(account)) ?? noAttempts;
    const locked = lockedUntil(before, now());
    if (locked !== undefined) throw lockedOut(locked);

    const exchange = await openExchange(
      { ...timing, server: { origin, fetch, accessToken: enrolment.accessToken }, enrolment, expiresMs, now },
      signal,
    );
    const counted = countRequest(before, exchange.startedAt);
    const cleared = uncountRequest(counted, exchange.startedAt);
    await counts.save(account, counted);
    asked.onNumber(exchange.shown, exchange.expiresAt);
    const answer = await answerTo(exchange, textOf(exchange.expiresAt), signal);
    switch (answer.kind) {
      case 'approved':
        await counts.save(account, { ...cleared, wrongInARow: 0 });
        return answer.kind;
      case 'wrong-number':
        await counts.save(account, countWrong(counted, now()));
        throw denied();
      case 'not-sent':
        await counts.save(account, cleared);
        throw answer.problem;
    }
  }

  type Outcome = { kind: 'approved' | 'wrong-number' } | { kind: 'not-sent'; problem: LatchkeyError };

  async function answerTo(exchange: Exchange, text: PushText, signal: AbortSignal): Promise<Outcome> {
    try {
      const sent = await exchange.send(text);
      if (sent.kind === 'failed' && sent.delivered === 'no') {
        return { kind: 'not-sent', problem: sent.problem };
      }
      // It may have arrived all the same, so it stays counted.
      if (sent.kind === 'failed') throw sent.problem;
      const kind = (await exchange.tapped()) === exchange.shown ? 'approved' : 'wrong-number';
      finishLater(exchange.conclude(kind));
      return { kind };
    } catch (error) {
      finishLater(exchange.conclude(signal.aborted ? 'withdrawn' : 'expired'));
      throw error;
    }
  }

  function finishLater(work: Promise<unknown>): void {
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    unfinished.add(settled);
    void settled.then(() => unfinished.delete(settled));
  }

  return {
    enrol(accessToken) {
      const enrolment = newEnrolment(origin, accessToken);
      return { enrolment, invitation: invitationOf(enrolment) };
    },
    test: (test, signal) => ask(test, (expiresAt) => testText(test.host, expiresAt), uncounted, signal),
    request: (request, signal) =>
      ask(request, (expiresAt) => requestText(request, expiresAt), ledger, signal),
    async close() {
      closing.abort(closed());
      while (unfinished.size > 0) await Promise.all(unfinished);
    },
  };
}

function lockedOut(until: number): LatchkeyError {
  return new LatchkeyError(
    'mfa-locked',
    `Push is locked for this account until ${momentText(until)}: too many requests were not answered or answered wrongly.`,
    {
      remedy:
        'Use another second factor or wait. If you did not start these logins, tell your administrator.',
    },
  );
}

function alreadyOpen(): LatchkeyError {
  return new LatchkeyError('limit-reached', 'A request for this account is waiting on the phone already.', {
    remedy: 'Answer it on the phone or let it expire, then connect again.',
  });
}

function otherServer(): LatchkeyError {
  return new LatchkeyError('mfa-not-enrolled', 'The phone was enrolled with another ntfy server.', {
    remedy: 'Enrol the phone again.',
  });
}

function denied(): LatchkeyError {
  return new LatchkeyError(
    'mfa-denied',
    'Another number than the one on the screen was tapped on the phone.',
    {
      remedy: 'Connect again and tap the number shown. If it was not you, tell your administrator.',
    },
  );
}

function closed(): LatchkeyError {
  return new LatchkeyError('push-failed', 'Latchkey was closed while it waited for the phone.', {
    remedy: 'Start Latchkey and connect again.',
  });
}
