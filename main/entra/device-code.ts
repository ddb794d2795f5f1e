import { z } from 'zod';
import { LatchkeyError, type EntraFault } from '../contract/errors.ts';
import { isVerificationPage, type VerificationPage } from './clouds.ts';
import { readAnswerFault } from './entra-fault.ts';
import { verdictOf } from '../session/entra-verdicts.ts';
import type { HttpOutcome } from '../base/http.ts';
import { retryAfterMs, wait } from '../base/retry.ts';
import type { DeviceCode } from '../session/provider-port.ts';

export type PollVerdict =
  /** `trouble` says what kept the authority from answering, where it was not simply pending. */
  | { kind: 'pending'; trouble?: string }
  | { kind: 'refused'; fault: EntraFault }
  | { kind: 'done'; body: Record<string, unknown> };

/** The pace of one device code's polling, and the judgement of each answer (RFC 8628 sections 3.4 and 3.5). */
export interface DeviceCodePolling {
  /** Waits until the next request is due or the code has expired. @throws the signal's reason */
  untilNext(signal: AbortSignal): Promise<void>;
  /** Milliseconds until the code expires; 0 when it has. */
  remainingMs(): number;
  expiry(): LatchkeyError;
  judge(outcome: HttpOutcome, body: Record<string, unknown> | undefined): PollVerdict;
}

const defaultIntervalSeconds = 5;
const longestIntervalSeconds = 60;
const slowDownSeconds = 5;
const longestLifeSeconds = 900;

// Some servers write numbers as text.
const seconds = z
  .union([z.number(), z.stringFormat('number', /^\d{1,9}$/).transform(Number)])
  .pipe(z.number().min(0));
const deviceCodeAnswer = z.object({
  device_code: z.string().min(1),
  user_code: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 -]{2,30}$/),
  verification_uri: z.string().min(1).max(500),
  expires_in: seconds.catch(longestLifeSeconds),
  interval: seconds.catch(defaultIntervalSeconds),
  message: z.string().max(2000).optional().catch(undefined),
});

/**
 * Checks the answer of the devicecode endpoint (RFC 8628 section 3.2). A missing or unreadable interval becomes 5 s
 * and a missing life 900 s; the interval is kept between 1 and 60 s and the life to 900 s at most, since a longer one
 * serves only who has mailed the code to somebody.
 * @returns `problem`, a few words, where a needed field is missing or the page is not an allowed one
 */
export function createDeviceCodePolling(
  body: Record<string, unknown>,
  options: { verificationPages: readonly VerificationPage[]; now: () => number },
): { problem: string } | { code: DeviceCode; answer: Record<string, unknown>; polling: DeviceCodePolling } {
  const parsed = deviceCodeAnswer.safeParse(body);
  if (!parsed.success) return { problem: `no usable ${String(parsed.error.issues[0]?.path[0])}` };
  const { user_code: userCode, verification_uri: verificationUri } = parsed.data;
  if (!isVerificationPage(verificationUri, options.verificationPages)) {
    return { problem: 'it names a page for the code that does not belong to this cloud' };
  }
  const lifeSeconds = Math.min(longestLifeSeconds, parsed.data.expires_in);
  const expiresAt = options.now() + lifeSeconds * 1000;
  const intervalSeconds = Math.min(longestIntervalSeconds, Math.max(1, parsed.data.interval));
  const code: DeviceCode = { userCode, verificationUri, expiresAt };
  return {
    code,
    answer: { ...parsed.data, expires_in: lifeSeconds },
    polling: pace(intervalSeconds * 1000, expiresAt, options.now),
  };
}

function pace(firstIntervalMs: number, expiresAt: number, now: () => number): DeviceCodePolling {
  let intervalMs = firstIntervalMs;
  // The first request goes out at once: it is the one that tells of a wrongly registered application.
  let notBefore = now();
  let trouble: string | undefined;

  const lengthenTo = (ms: number) => {
    intervalMs = Math.min(longestIntervalSeconds * 1000, ms);
  };
  const pending = (reason?: string, atLeastMs = 0): PollVerdict => {
    trouble = reason;
    notBefore = now() + Math.max(intervalMs, atLeastMs);
    return reason === undefined ? { kind: 'pending' } : { kind: 'pending', trouble: reason };
  };

  return {
    untilNext: (signal) => wait(Math.min(notBefore, expiresAt) - now(), signal),
    remainingMs: () => Math.max(0, expiresAt - now()),
    expiry: () =>
      new LatchkeyError(
        'code-expired',
        trouble === undefined
          ? 'The code expired before it was used.'
          : `The code expired while the authority could not answer (${trouble}).`,
        { remedy: 'Start the sign-in again and enter the new code within its time.' },
      ),
    judge(outcome, body) {
      if (outcome.kind === 'failed') {
        if (outcome.reason === 'timeout') lengthenTo(intervalMs * 2);
        return pending(outcome.detail);
      }
      const { status, headers } = outcome;
      if (status === 429 || status >= 500) {
        return pending(`HTTP ${status}`, retryAfterMs(headers, now()) ?? 0);
      }
      if (!body) return pending(`HTTP ${status} without JSON`);
      const fault = readAnswerFault(status, body);
      switch (fault?.error) {
        case 'authorization_pending':
          return pending();
        case 'slow_down':
          lengthenTo(intervalMs + slowDownSeconds * 1000);
          return pending();
        case 'temporarily_unavailable':
        case 'server_error':
          return pending(fault.error);
      }
      if (fault && verdictOf(fault) === 'try-later') {
        lengthenTo(intervalMs + slowDownSeconds * 1000);
        return pending(`AADSTS${fault.aadsts ?? ''}`);
      }
      if (fault) return { kind: 'refused', fault };
      if (body['error'] !== undefined) return pending('an error that is none of OAuth');
      if (status >= 300) return pending(`HTTP ${status} without an error`);
      return { kind: 'done', body };
    },
  };
}
