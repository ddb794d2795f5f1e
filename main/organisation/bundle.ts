import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { LatchkeyError } from '../contract/errors.ts';
import { isFingerprint } from './address.ts';
import { fingerprintOf, publicJwk, publicJwkOf } from './keys.ts';

/** Also of what is read from a server. */
export const maxBundleBytes = 1024 * 1024;
const type = 'latchkey-bundle+jws';

const fingerprint = z.string().refine(isFingerprint, 'is no fingerprint of a key');
/** One line for people, without signs that could make it look like another. */
const name = z
  .string()
  .min(1)
  .max(100)
  .refine(
    (text) => text.trim() === text && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text),
    'holds signs that do not show',
  );

/**
 * What an organisation signs. A member that is not known here is refused: it may be a restriction that this Latchkey would
 * not keep.
 */
export const bundlePayload = z.strictObject({
  format: z.literal(1),
  /** Each bundle has a greater one than those before it. */
  serial: z.number().int().positive(),
  issuedAt: z.iso.datetime(),
  /** From then on it may not count any more. */
  notAfter: z.iso.datetime().optional(),
  organisation: name,
  /** YAML. */
  configuration: z.string().max(512 * 1024),
  /** The key that will sign later bundles. */
  nextKey: fingerprint.optional(),
});
export type BundlePayload = z.output<typeof bundlePayload>;

/** Nothing beside these: no `crit`, no `jku`, no `kid`, which would ask for a key from elsewhere. */
const header = z.strictObject({ alg: z.literal('EdDSA'), typ: z.literal(type), jwk: publicJwk });

export interface Bundle {
  payload: BundlePayload;
  /** SHA-256 of what was signed, in base64url: two of one serial with different hashes are two contents. */
  hash: string;
  /** Of the key that has signed it. */
  signedBy: string;
}

/** What a bundle is held against. */
export interface Trust {
  /** Fingerprint of the key. */
  key: string;
  /** The key that the last bundle has named as the next. */
  nextKey?: string | undefined;
  /** The last that counted. */
  last?: { serial: number; hash: string } | undefined;
}

/** JWS in compact serialisation (RFC 7515) with EdDSA (RFC 8037). */
export function signBundle(payload: BundlePayload, key: KeyObject): string {
  const head = { alg: 'EdDSA', typ: type, jwk: publicJwkOf(key) };
  const signed = `${encoded(head)}.${encoded(bundlePayload.parse(payload))}`;
  return `${signed}.${sign(undefined, Buffer.from(signed), key).toString('base64url')}`;
}

/**
 * Reads a bundle and holds it against what is trusted. Nothing in it is looked at before the fingerprint of its key and the
 * signature are right.
 * @param now milliseconds since 1970
 * @throws LatchkeyError `bundle-invalid`, `bundle-wrong-key`, `bundle-older`, `bundle-expired`
 */
export function acceptBundle(text: string, trust: Trust, now: number): Bundle {
  const bundle = verifyBundle(text, trust);
  const { payload, hash } = bundle;
  const { last } = trust;
  if (last !== undefined && payload.serial < last.serial) {
    throw new LatchkeyError(
      'bundle-older',
      `The bundle of ${payload.organisation} has the serial number ${payload.serial}, which is older than ${last.serial}, seen before.`,
      { remedy: askTheOrganisation('Somebody may have put an old file in its place.') },
    );
  }
  if (last !== undefined && payload.serial === last.serial && hash !== last.hash) {
    throw new LatchkeyError(
      'bundle-older',
      `The bundle of ${payload.organisation} has the serial number ${payload.serial} as one before it, and other content.`,
      { remedy: askTheOrganisation('Each bundle needs a greater serial number than the one before it.') },
    );
  }
  const expired = expiryOf(payload, now);
  if (expired !== undefined) throw expired;
  return bundle;
}

/** The signature and the form alone. @throws LatchkeyError `bundle-invalid`, `bundle-wrong-key` */
export function verifyBundle(text: string, { key, nextKey }: Pick<Trust, 'key' | 'nextKey'>): Bundle {
  if (Buffer.byteLength(text) > maxBundleBytes) throw invalid('is larger than 1 MiB');
  const parts = text.trim().split('.');
  const [head = '', body = '', signature = ''] = parts;
  if (parts.length !== 3 || parts.some((part) => bytesOf(part) === undefined))
    throw invalid('is not a signed bundle (a JWS in compact form), or only a part of one');
  const { jwk } = parsedAs(header, head, 'is not signed in the way of Latchkey (EdDSA with an Ed25519 key)');
  const signedBy = fingerprintOf(jwk);
  if (signedBy !== key && signedBy !== nextKey) {
    throw new LatchkeyError(
      'bundle-wrong-key',
      `The bundle is signed with the key ${signedBy}, not with ${key}.`,
      {
        remedy: askTheOrganisation(
          'Ask for the address that counts now; do not take a key from anywhere else.',
        ),
      },
    );
  }
  const isSigned = verify(
    undefined,
    Buffer.from(`${head}.${body}`),
    createPublicKey({ key: jwk, format: 'jwk' }),
    Buffer.from(signature, 'base64url'),
  );
  if (!isSigned) throw invalid('has been changed after it was signed, or is only a part of one');
  const payload = parsedAs(bundlePayload, body, 'says something that this Latchkey does not know');
  return { payload, hash: createHash('sha256').update(body).digest('base64url'), signedBy };
}

/** Undefined while it may count. */
export function expiryOf({ organisation, notAfter }: BundlePayload, now: number): LatchkeyError | undefined {
  if (notAfter === undefined || now < Date.parse(notAfter)) return undefined;
  return new LatchkeyError(
    'bundle-expired',
    `The bundle of ${organisation} was good until ${notAfter} only.`,
    {
      remedy: 'Check the clock of this computer, and that it reaches the address of your organisation.',
    },
  );
}

function parsedAs<T>(schema: z.ZodType<T>, part: string, fault: string): T {
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

function invalid(fault: string): LatchkeyError {
  return new LatchkeyError('bundle-invalid', `What was read as the organisation's bundle ${fault}.`, {
    remedy: askTheOrganisation('Check that the address leads to the file itself.'),
  });
}

function askTheOrganisation(first: string): string {
  return `Tell whoever looks after Latchkey in your organisation. ${first}`;
}
