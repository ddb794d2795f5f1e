import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { LatchkeyError } from '../contract/errors.ts';
import { isFingerprint } from './address.ts';
import { signAs, verifySigned, type Signed } from './signed.ts';

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

export type Bundle = Signed<BundlePayload>;

/** What a bundle is held against. */
export interface Trust {
  /** Fingerprint of the key. */
  key: string;
  /** The key that the last bundle has named as the next. */
  nextKey?: string | undefined;
  /** The last that counted. */
  last?: { serial: number; hash: string } | undefined;
}

export function signBundle(payload: BundlePayload, key: KeyObject): string {
  return signAs(type, bundlePayload.parse(payload), key);
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
  return verifySigned(text, {
    type,
    payload: bundlePayload,
    invalid,
    checkKey(signedBy) {
      if (signedBy === key || signedBy === nextKey) return;
      throw new LatchkeyError(
        'bundle-wrong-key',
        `The bundle is signed with the key ${signedBy}, not with ${key}.`,
        {
          remedy: askTheOrganisation(
            'Ask for the address that counts now; do not take a key from anywhere else.',
          ),
        },
      );
    },
  });
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

function invalid(fault: string): LatchkeyError {
  return new LatchkeyError('bundle-invalid', `What was read as the organisation's bundle ${fault}.`, {
    remedy: askTheOrganisation('Check that the address leads to the file itself.'),
  });
}

function askTheOrganisation(first: string): string {
  return `Tell whoever looks after Latchkey in your organisation. ${first}`;
}
