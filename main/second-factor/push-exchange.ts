import { LatchkeyError } from '../contract/errors.ts';
import { subscribe } from './ntfy-subscription.ts';
import { type NtfyServer, publish, type PublishOutcome } from './ntfy.ts';
import { drawNumbers, newRequestId, readAnswer, signAnswer } from './push-answer.ts';
import type { PushEnrolment } from './push-enrolment.ts';
import { endingTexts, type PushEnding, type PushText } from './push-text.ts';

export interface ExchangeOptions {
  server: NtfyServer;
  enrolment: PushEnrolment;
  expiresMs: number;
  now: () => number;
  silenceMs?: number;
  retryMs?: number;
}

/** One request on its way to the phone and back. It knows nothing of limits. */
export interface Exchange {
  startedAt: number;
  expiresAt: number;
  /** The number for the screen. */
  shown: number;
  /** Puts the request on the phone. */
  send(text: PushText): Promise<PublishOutcome>;
  /**
   * The number that was tapped first.
   * @throws LatchkeyError `mfa-expired`, or `push-failed` where the server cannot be reached any more
   * @throws the signal's reason
   */
  tapped(): Promise<number>;
  /** Puts the end of the story in the place of the request; whether that succeeds changes nothing. */
  conclude(how: PushEnding): Promise<unknown>;
}

/**
 * Opens the answer topic, so that no answer can come before somebody listens. The signal ends everything but
 * {@link Exchange.conclude}.
 * @throws LatchkeyError `push-failed`
 */
export async function openExchange(options: ExchangeOptions, signal: AbortSignal): Promise<Exchange> {
  const { server, enrolment, expiresMs, now, ...timing } = options;
  const key = Buffer.from(enrolment.key, 'base64url');
  const requestId = newRequestId();
  const answered = Promise.withResolvers<number>();
  const subscription = subscribe(server, enrolment.answerTopic, {
    ...timing,
    signal,
    onMessage(text) {
      const answer = readAnswer(key, text);
      // Strangers' messages and answers to earlier requests are nothing to deny for: else everybody who knows the
      // topic could refuse every login.
      if (answer?.requestId === requestId && now() < answer.expiresAt) answered.resolve(answer.number);
    },
  });
  await subscription.opened;

  const startedAt = now();
  const expiresAt = startedAt + expiresMs;
  const { numbers, shown } = drawNumbers();
  const buttons = numbers.map((number) => ({
    label: String(number),
    topic: enrolment.answerTopic,
    body: signAnswer(key, { requestId, number, expiresAt }),
  }));
  const message = { topic: enrolment.requestTopic, sequence: requestId };

  return {
    startedAt,
    expiresAt,
    shown,
    send: (text) => publish(server, { ...text, ...message, priority: 4, buttons }, signal),
    async tapped() {
      const ended = Promise.withResolvers<never>();
      // The timer runs on while the clock is set back, and the clock while the machine sleeps: onMessage looks at the
      // clock, so the earlier of the two ends the request.
      const timer = setTimeout(
        () => ended.reject(subscription.fault() ?? expired()),
        Math.max(0, expiresAt - now()),
      );
      const stop = () => ended.reject(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      void subscription.ended.then(() => ended.reject(subscription.fault() ?? signal.reason));
      try {
        signal.throwIfAborted();
        return await Promise.race([answered.promise, ended.promise]);
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
      }
    },
    conclude: (how) =>
      publish(
        server,
        { ...endingTexts[how], ...message, priority: 1, buttons: [] },
        new AbortController().signal,
      ),
  };
}

function expired(): LatchkeyError {
  return new LatchkeyError('mfa-expired', 'Nobody answered the request on the phone in time.', {
    remedy: 'Connect again with the phone at hand.',
  });
}
