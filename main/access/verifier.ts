import { createHash, timingSafeEqual } from 'node:crypto';
import type { LoginAttempt, ScramParameters } from '../gateway/ports.ts';
import {
  type MysqlVerifier,
  certificateSignature,
  checkMysqlProof,
  mysqlVerifier,
} from '../gateway/mysql/proofs.ts';
import { type ScramVerifier, checkScramProof, scramVerifier } from '../gateway/postgres/scram.ts';

/** What is kept of a token or a handle: enough to check every kind of proof, and none of it can be turned back. */
export interface Verifier {
  /** SHA-256 of the text, for proofs that are the text itself. */
  digest: Uint8Array;
  scram: ScramVerifier;
  mysql: MysqlVerifier;
}

/** Made once, when the text is issued, so that no login waits for PBKDF2. */
export async function verifierOf(text: string, scram: ScramParameters): Promise<Verifier> {
  return { digest: sha256(text), scram: await scramVerifier(text, scram), mysql: mysqlVerifier(text) };
}

/**
 * Whether the proof was made with the text of this verifier.
 * @returns what the client is to be told in turn (see LoginDecision); undefined for a wrong proof.
 */
export function checkProof(
  { digest, scram, mysql }: Verifier,
  proof: LoginAttempt['proof'],
): { serverSignature?: Uint8Array } | undefined {
  switch (proof.kind) {
    case 'scram-sha-256': {
      const serverSignature = checkScramProof(scram, proof.authMessage, proof.clientProof);
      return serverSignature && { serverSignature };
    }
    case 'password':
      return timingSafeEqual(digest, sha256(proof.password)) ? {} : undefined;
    case 'caching-sha2':
      return checkMysqlProof(mysql, proof) ? {} : undefined;
    case 'mysql-native': {
      if (!checkMysqlProof(mysql, proof)) return undefined;
      const { scramble, certificate } = proof;
      if (certificate === undefined) return {};
      return { serverSignature: certificateSignature(mysql.nativeDouble, scramble, certificate) };
    }
  }
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
