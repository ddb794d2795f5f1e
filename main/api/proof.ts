import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * How broker and command line prove to each other that they know the bearer token of `run/api.json`, without sending
 * it: whoever has taken the broker's port, socket or pipe learns nothing that opens anything. HMAC-SHA-256 with the
 * bearer as key (ISO/IEC 9798-4, mutual authentication); who speaks is part of the text, so that no answer of the
 * broker is good as a proof to it. A proof counts for one request on the connection on which its nonce was given.
 */
export const challengePath = '/v1/challenge';

/** 256 random bits, base64url. */
export const newNonce = (): string => randomBytes(32).toString('base64url');

export const isNonce = (text: string): boolean => /^[\w-]{43}$/.test(text);

export interface ChallengeAnswer {
  /** For the proof of the next request on this connection. */
  nonce: string;
  proof: string;
}

/** The broker's answer to the client's nonce. */
export const brokerProof = (bearer: string, clientNonce: string, nonce: string): string =>
  mac(bearer, ['latchkey broker', clientNonce, nonce]);

/** The client's, for one request. @param path with its query */
export const clientProof = (bearer: string, nonce: string, method: string, path: string): string =>
  mac(bearer, ['latchkey client', nonce, method, path]);

export function sameProof(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function mac(bearer: string, parts: string[]): string {
  return createHmac('sha256', bearer).update(parts.join('\n')).digest('base64url');
}
