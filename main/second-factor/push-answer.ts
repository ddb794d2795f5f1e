import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

/**
 * What a tap on a button sends: `lk1.<request id>.<number>.<expiry>.<HMAC-SHA-256>`, all but the first part base64url
 * or digits, so that the signed text has one reading only.
 *
 * What the signature is for: the answer topic accepts messages from everybody who knows its name, and such a stranger
 * can neither invent an answer nor move one to another request or a later time. What it is not for: whoever reads the
 * request on its way (the ntfy server, or somebody who has got hold of the request topic) has three valid answers in
 * hand and sees which number each one stands for. What that reader lacks is the number on the screen: a blind guess is
 * right in one case of three, and push-attempts.ts keeps guesses few. Somebody who reads the topic AND sees the screen
 * can approve; docs/RELAY.md says so.
 */
export interface Answer {
  requestId: string;
  number: number;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

const form = /^lk1\.([\w-]{22})\.(\d{2})\.(\d{13})\.([\w-]{43})$/;

export function newRequestId(): string {
  return randomBytes(16).toString('base64url');
}

/** Three different two-digit numbers in random order, and which of them the screen shows. */
export function drawNumbers(): { numbers: number[]; shown: number } {
  const drawn = new Set<number>();
  while (drawn.size < 3) drawn.add(randomInt(10, 100));
  const numbers = [...drawn];
  return { numbers, shown: numbers[randomInt(3)] as number };
}

export function signAnswer(key: Buffer, { requestId, number, expiresAt }: Answer): string {
  const claim = `lk1.${requestId}.${number}.${expiresAt}`;
  return `${claim}.${macOf(key, claim).toString('base64url')}`;
}

/** The answer in `text` where the key has signed it; undefined for everything else. Expiry is left to the caller. */
export function readAnswer(key: Buffer, text: string): Answer | undefined {
  const parts = form.exec(text);
  if (parts === null) return undefined;
  const [, requestId = '', number = '', expiresAt = '', mac = ''] = parts;
  const expected = macOf(key, `lk1.${requestId}.${number}.${expiresAt}`);
  if (!timingSafeEqual(expected, Buffer.from(mac, 'base64url'))) return undefined;
  return { requestId, number: Number(number), expiresAt: Number(expiresAt) };
}

function macOf(key: Buffer, claim: string): Buffer {
  return createHmac('sha256', key).update(`latchkey push answer ${claim}`).digest();
}
