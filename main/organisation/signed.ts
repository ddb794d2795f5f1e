import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { LatchkeyError } from '../contract/errors.ts';
import { fingerprintOf, publicJwk, publicJwkOf } from './keys.ts';

/** Also of what is read from a server. */
export const maxSignedBytes = 1024 * 1024;

/** A kind of signed text: a JWS in compact serialisation (RFC 7515) with EdDSA (RFC 8037), told apart by its type. */
export interface SignedForm<Payload> {
  /** `typ` of its header, so that what is signed for one purpose is nothing for another. */
  type: string;
  /** A member that is not known is refused: it may be a restriction that this Latchkey would not keep. */
  payload: z.ZodType<Payload>;
  /** @param fault what is wrong with it, to follow "What was read …" */
  invalid(fault: string): LatchkeyError;
  /** Throws where this key is none that is trusted. @param signedBy its fingerprint */
  checkKey(signedBy: string): void;
}

export interface Signed<Payload> {
  payload: Payload;
  /** SHA-256 of what was signed, in base64url: two of one serial with different hashes are two contents. */
  hash: string;
  /** Fingerprint of the key that has signed it. */
  signedBy: string;
}

export function signAs(type: string, payload: unknown, key: KeyObject): string {
  const head = { alg: 'EdDSA', typ: type, jwk: publicJwkOf(key) };
  const signed = `${encoded(head)}.${encoded(payload)}`;
  return `${signed}.${sign(undefined, Buffer.from(signed), key).toString('base64url')}`;
}

/**
 * Nothing in it is looked at before the fingerprint of its key and the signature are right.
 * @throws LatchkeyError as the form says
 */
export function verifySigned<Payload>(text: string, form: SignedForm<Payload>): Signed<Payload> {
  const { invalid } = form;
  if (Buffer.byteLength(text) > maxSignedBytes) throw invalid('is larger than 1 MiB');
  const parts = text.trim().split('.');
  const [head = '', body = '', signature = ''] = parts;
  if (parts.length !== 3 || parts.some((part) => bytesOf(part) === undefined))
    throw invalid('is not a signed text (a JWS in compact form), or only a part of one');
  const { jwk } = parsedAs(
    headerOf(form.type),
    head,
    'is not signed in the way of Latchkey (EdDSA with an Ed25519 key)',
    invalid,
  );
  const signedBy = fingerprintOf(jwk);
  form.checkKey(signedBy);
  const isSigned = verify(
    undefined,
    Buffer.from(`${head}.${body}`),
    createPublicKey({ key: jwk, format: 'jwk' }),
    Buffer.from(signature, 'base64url'),
  );
  if (!isSigned) throw invalid('has been changed after it was signed, or is only a part of one');
  const payload = parsedAs(form.payload, body, 'says something that this Latchkey does not know', invalid);
  return { payload, hash: createHash('sha256').update(body).digest('base64url'), signedBy };
}

/** Nothing beside these: no `crit`, no `jku`, no `kid`, which would ask for a key from elsewhere. */
const headerOf = (type: string) =>
  z.strictObject({ alg: z.literal('EdDSA'), typ: z.literal(type), jwk: publicJwk });

function parsedAs<T>(
  schema: z.ZodType<T>,
  part: string,
  fault: string,
  invalid: SignedForm<T>['invalid'],
): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(part)));
  } catch {
    throw invalid('holds no JSON where it should');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue?.path.join('.');
  throw invalid(`${fault}${where === undefined || where === '' ? '' : `: ${where.slice(0, 100)}`}`);
}

/** Undefined where it is not base64url in the one form that it has. */
function bytesOf(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return part !== '' && bytes.toString('base64url') === part ? bytes : undefined;
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
