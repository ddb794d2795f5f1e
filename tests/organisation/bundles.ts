import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { signBundle, type BundlePayload } from '../../main/organisation/bundle.ts';
import { fingerprintOf, publicJwkOf } from '../../main/organisation/keys.ts';

/** A key of an organisation, and what it signs. */
export function signer(key: KeyObject = generateKeyPairSync('ed25519').privateKey) {
  return {
    key,
    fingerprint: fingerprintOf(publicJwkOf(key)),
    bundle: (over: Partial<BundlePayload> = {}): string => signBundle({ ...payload, ...over }, key),
  };
}

export const payload: BundlePayload = {
  format: 1,
  serial: 7,
  issuedAt: '2026-11-30T12:00:00Z',
  organisation: 'Fabrikam',
  configuration: 'clientTls: required\n',
};
