import type { KeyObject } from 'node:crypto';
import { parse } from 'yaml';
import { z } from 'zod';
import { LatchkeyError } from '../contract/errors.ts';
import { signAs, verifySigned, type Signed } from '../organisation/signed.ts';
import type { ReleaseFile } from './ports.ts';
import { isVersion } from './versions.ts';

const type = 'latchkey-release+jws';

/** What is signed of a release: the metadata that electron-builder has written, in a file of this name, as it stands. */
export const releasePayload = z.strictObject({
  format: z.literal(1),
  /** Each one under a name has a greater one than those before it. */
  serial: z.number().int().positive(),
  issuedAt: z.iso.datetime(),
  /** `latest-linux.yml`: it says for which channel and which system it is. */
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,60}\.yml$/),
  metadata: z.string().max(256 * 1024),
});
export type ReleasePayload = z.output<typeof releasePayload>;

/** What electron-builder writes, as far as it is used. */
const releaseMetadata = z.object({
  version: z.string().refine(isVersion),
  files: z
    .array(
      z.object({
        // A name below the folder of the server: nothing leads elsewhere.
        url: z.string().regex(/^(?!\.)[A-Za-z0-9][A-Za-z0-9._ -]{0,200}$/),
        sha512: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
        size: z.number().int().positive().exactOptional(),
      }),
    )
    .min(1)
    .max(100),
});

export interface SignedRelease extends Pick<Signed<ReleasePayload>, 'hash' | 'signedBy'> {
  serial: number;
  version: string;
  files: ReleaseFile[];
}

export function signRelease(payload: ReleasePayload, key: KeyObject): string {
  return signAs(type, releasePayload.parse(payload), key);
}

/**
 * @param keys fingerprints, any of which will do
 * @param name that the metadata must have, so that what was signed for one system or channel is nothing for another
 * @throws LatchkeyError `update-untrusted`
 */
export function verifyRelease(text: string, keys: readonly string[], name: string): SignedRelease {
  const { payload, hash, signedBy } = verifySigned(text, {
    type,
    payload: releasePayload,
    invalid: (fault) => untrusted(`What the server says of the newest version ${fault}.`),
    checkKey(by) {
      if (!keys.includes(by))
        throw untrusted(
          'What the server says of the newest version is signed with a key that this Latchkey does not know.',
        );
    },
  });
  if (payload.name !== name)
    throw untrusted(`The server has given ${payload.name} where ${name} was asked for.`);
  const { version, files } = metadataOf(payload.metadata);
  return { hash, signedBy, serial: payload.serial, version, files };
}

function metadataOf(text: string): z.output<typeof releaseMetadata> {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch {
    value = undefined;
  }
  const parsed = releaseMetadata.safeParse(value);
  if (parsed.success) return parsed.data;
  throw untrusted(
    'What the server says of the newest version is in a form that this Latchkey does not know.',
  );
}

export function untrusted(message: string): LatchkeyError {
  return new LatchkeyError('update-untrusted', message, {
    remedy:
      'Nothing was installed. Tell whoever looks after Latchkey; take a newer version from nowhere else meanwhile.',
  });
}
