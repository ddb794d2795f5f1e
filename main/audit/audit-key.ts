import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { LatchkeyError } from '../contract/errors.ts';
import type { Seal } from '../store/seal.ts';
import type { SecretStore } from '../store/secret-store.ts';

/**
 * The Ed25519 key (RFC 8032) that signs the audit's anchor and its checkpoints. The private half is a sealed secret,
 * so that whoever can write in the audit's folder but cannot open the seal can forge no history that fits.
 */
export interface AuditKey {
  /** Of the seal that keeps it: each kind has a key, so an anchor, of its own. */
  kind: string;
  /** Base64url of the 32 bytes. People compare it, and a third party checks with it. */
  publicKey: string;
  /** Made just now: no anchor is signed with it yet. */
  isNew: boolean;
  sign(text: string): string;
  /** Keeps a new one; called once the first anchor that it signed is on the disk. */
  keep(): Promise<void>;
}

const secretName = 'audit-key';
const notHad = "The audit's key cannot be had:";
const stored = z.object({ version: z.literal(1), pkcs8: z.base64() });

/**
 * The audit's key, or undefined where it cannot be had now: with a memory seal, which would forget it, and with a
 * keyring that is locked. `why` is then what to tell people. One that was damaged has been put aside; a new one is made.
 */
export async function openAuditKey(
  secrets: Pick<SecretStore, 'get' | 'set'>,
  { kind, late }: Pick<Seal, 'kind' | 'late'>,
): Promise<{ key?: AuditKey; why?: string }> {
  // It would be another one at every start; the state of the seal says so already.
  if (kind === 'memory') return {};
  // Nor could a new one be kept.
  const locked = late?.problem();
  if (locked !== undefined) return { why: `${notHad} ${locked.message}` };
  let privateKey: KeyObject | undefined;
  let why: string | undefined;
  try {
    const bytes = await secrets.get(secretName);
    if (bytes !== undefined) privateKey = readKey(bytes);
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    why = `${notHad} ${error.message} ${error.remedy ?? ''}`.trim();
    if (error.code !== 'sealed-unreadable') return { why };
  }
  const isNew = privateKey === undefined;
  const used = privateKey ?? generateKeyPairSync('ed25519').privateKey;
  const key: AuditKey = {
    kind,
    publicKey: rawPublicKey(used),
    isNew,
    sign: (text) => sign(null, Buffer.from(text), used).toString('base64url'),
    async keep() {
      const pkcs8 = used.export({ format: 'der', type: 'pkcs8' }).toString('base64');
      await secrets.set(secretName, Buffer.from(JSON.stringify({ version: 1, pkcs8 })));
    },
  };
  return why === undefined ? { key } : { key, why };
}

export function isSigned(text: string, signature: string, publicKey: string): boolean {
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' });
    return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}

/** Short enough to be read out. */
export function fingerprint(publicKey: string): string {
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 16).match(/.{4}/g)?.join('-') ?? '';
}

/** What is sealed is whole: other bytes than a key are a fault of ours, and no reason to take another key in silence. */
function readKey(bytes: Uint8Array): KeyObject {
  const { pkcs8 } = stored.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  return createPrivateKey({ key: Buffer.from(pkcs8, 'base64'), format: 'der', type: 'pkcs8' });
}

function rawPublicKey(key: KeyObject): string {
  return String(createPublicKey(key).export({ format: 'jwk' })['x']);
}
