import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { LatchkeyError } from '../../contract/errors.ts';
import { certificateHash } from './certificate-hash.ts';
import { scramProof } from './scram.ts';
import type { ScramKeyCache } from './scram-key-cache.ts';
import {
  formatClientFinal,
  formatClientFirst,
  parseServerFinal,
  parseServerFirst,
} from './scram-messages.ts';
import { ProtocolError } from '../refused.ts';
import { peerCertificate } from '../upstream-tls.ts';

/**
 * What a server may ask for. RFC 7677 section 4 wants 4096 at least: fewer would let whoever sits at the upstream's
 * port try passwords against our proof too cheaply. The upper bound is above OWASP's 600,000 for PBKDF2 with SHA-256
 * and about half a second of one thread; beyond it, a hostile server could keep the pool busy.
 */
const iterationBounds = { least: 4096, most: 1_000_000 };

/** The exchange of one login, in the order of the three calls. RFC 5802 sections 3, 5 and 6; RFC 7677. */
export interface ScramExchange {
  mechanism: string;
  clientFirst: string;
  /** @throws ProtocolError, LatchkeyError `upstream-login-failed` for an iteration count out of bounds. */
  clientFinal(serverFirst: string): Promise<string>;
  /** @throws LatchkeyError `upstream-login-failed` where the server does not know the password itself. */
  checkServerFinal(text: string): void;
}

/**
 * @param mechanisms what the server offers.
 * @param tls the connection, where it is TLS: then the exchange is bound to its certificate if the server can do that.
 * @returns undefined where the server offers no SCRAM-SHA-256.
 */
export function startScram(
  mechanisms: string[],
  tls: TLSSocket | undefined,
  password: string,
  cache: ScramKeyCache,
): ScramExchange | undefined {
  const plus = mechanisms.includes('SCRAM-SHA-256-PLUS');
  const certificate = tls && peerCertificate(tls)?.raw;
  const endPoint = certificate && certificateHash(certificate);
  const bound = plus && endPoint !== undefined;
  if (!bound && !mechanisms.includes('SCRAM-SHA-256')) return undefined;

  // `y` tells a server that did offer the bound mechanism that somebody in between has removed it from the list.
  const unboundFlag = endPoint !== undefined && !plus ? 'y' : 'n';
  const first = formatClientFirst(
    bound ? 'p=tls-server-end-point' : unboundFlag,
    randomBytes(18).toString('base64'),
  );
  const channelBinding = Buffer.concat([Buffer.from(first.gs2Header), bound ? endPoint : Buffer.alloc(0)]);
  let expected: Buffer | undefined;

  return {
    mechanism: bound ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256',
    clientFirst: first.text,

    async clientFinal(serverFirst) {
      const { nonce, salt, iterations } = parseServerFirst(serverFirst);
      if (!nonce.startsWith(first.nonce) || nonce === first.nonce)
        throw new ProtocolError('the server did not add to the nonce');
      if (iterations < iterationBounds.least || iterations > iterationBounds.most) {
        throw new LatchkeyError(
          'upstream-login-failed',
          `The database server asks for ${iterations} SCRAM iterations; between ${iterationBounds.least} and ${iterationBounds.most} are accepted.`,
          {
            remedy:
              "Ask the database's administrator to set the password anew with scram_iterations in this range.",
          },
        );
      }
      const keys = await cache.keys(password, { salt, iterations });
      const withoutProof = formatClientFinal(channelBinding, nonce);
      const proof = scramProof(keys, `${first.bare},${serverFirst},${withoutProof}`);
      expected = proof.serverSignature;
      return `${withoutProof},p=${proof.clientProof.toString('base64')}`;
    },

    checkServerFinal(text) {
      const { signature } = parseServerFinal(text);
      if (
        expected !== undefined &&
        signature.length === expected.length &&
        timingSafeEqual(signature, expected)
      )
        return;
      throw new LatchkeyError(
        'upstream-login-failed',
        'The database server could not prove that it knows the password.',
        { remedy: 'Something else may be answering at its address: check host, port and TLS settings.' },
      );
    },
  };
}
