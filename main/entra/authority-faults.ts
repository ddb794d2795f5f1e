import { networkFault } from '../base/proxies.ts';
import { afterText, retryAfterMs } from '../base/retry.ts';
import type { HttpOutcome } from '../base/http.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { certificateTimeFault } from './clock-watch.ts';

export function heldBack(url: string, ms: number, now: number): LatchkeyError {
  const message = `The authority ${new URL(url).host} has asked not to be asked again yet.`;
  return new LatchkeyError('authority-unreachable', message, {
    remedy: `Try again ${afterText(ms, now)}; nothing has to be changed here.`,
  });
}

/** Why nothing came of a request that may succeed at another time. */
export function unreachable(url: string, outcome: HttpOutcome, now: number): LatchkeyError {
  const host = new URL(url).host;
  if (outcome.kind === 'failed') {
    const time = certificateTimeFault(host, outcome.detail, now);
    if (time !== undefined) return new LatchkeyError('clock-wrong', time.message, { remedy: time.remedy });
    if (/CERT|SIGNATURE|SELF_SIGNED|ISSUER/.test(outcome.detail)) {
      const message = `The certificate of ${host} is not trusted (${outcome.detail}).`;
      return new LatchkeyError('authority-unreachable', message, {
        remedy: "Where a proxy inspects traffic, add its certificate authority to the system's certificates.",
      });
    }
    const { message, remedy } = networkFault(`the authority ${host}`, outcome.detail);
    return new LatchkeyError('authority-unreachable', message, { remedy });
  }
  if (outcome.status < 500 && outcome.status !== 429) {
    return new LatchkeyError(
      'authority-unreachable',
      `Something between here and the authority ${host} answers instead of it (HTTP ${outcome.status}).`,
      { remedy: 'Check the network, its proxy or its login page; then try again.' },
    );
  }
  const busy = outcome.status === 429;
  return new LatchkeyError(
    'authority-unreachable',
    `The authority ${host} ${busy ? 'is overloaded' : 'has a fault'} (HTTP ${outcome.status}).`,
    {
      remedy: `Try again ${afterText(retryAfterMs(outcome.headers, now), now)}; nothing has to be changed here.`,
    },
  );
}

export function invalidAnswer(url: string, detail: string): LatchkeyError {
  return new LatchkeyError(
    'authority-invalid',
    `${new URL(url).host} did not answer as an authority of Entra ID does (${detail}).`,
    {
      remedy:
        'Check "authority" and "cloud" of the provider; a login page of the network can be the cause, too.',
    },
  );
}

/** For the log, and in parentheses. */
export function describe(outcome: HttpOutcome): string {
  return outcome.kind === 'answer' ? `HTTP ${outcome.status}` : outcome.detail;
}
