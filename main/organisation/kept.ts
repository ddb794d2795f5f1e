import { join } from 'node:path';
import { z } from 'zod';
import { defined } from '../base/defined.ts';
import { jsonBytes, jsonOf } from '../base/json-bytes.ts';
import { createMutex } from '../base/mutex.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { readIfThere, writeDurably } from '../store/durable-file.ts';
import { newerThanThis, versionOf } from '../store/versioned.ts';
import type { OrganisationAddress } from './address.ts';
import { acceptBundle, verifyBundle, type Bundle, type Trust } from './bundle.ts';
import type { Fetched } from './fetch.ts';

const text = z.string();
const membership = z.object({
  url: text,
  /** Fingerprint of the key that counts now. */
  key: text,
  bundle: text,
  etag: text.optional(),
  joinedAt: z.iso.datetime(),
});
const stored = z.object({
  version: z.literal(1),
  joined: membership.optional(),
  /** What was seen of each key; it outlives the membership, so that nobody is led back to an older bundle by joining anew. */
  seen: z.array(
    z.object({
      key: text,
      serial: z.number().int(),
      hash: text,
      /** Another key has taken its place. */
      replaced: z.boolean(),
    }),
  ),
});
type Stored = z.output<typeof stored>;

/** What counts of an organisation, verified. */
export interface Joined {
  address: OrganisationAddress;
  bundle: Bundle;
  /** As it was signed. */
  text: string;
  etag?: string;
  joinedAt: string;
}

export type KeptOrganisation = ReturnType<typeof keptOrganisation>;

const nothing: Stored = { version: 1, seen: [] };

/**
 * The organisation that this home belongs to, in one file, so that bundle and serial number are written together or not at
 * all.
 * @param home the folder
 */
export function keptOrganisation(home: string) {
  const file = join(home, 'organisation.json');
  const mutex = createMutex();

  async function read(): Promise<Stored> {
    const bytes = await readIfThere(file);
    if (bytes === undefined) return nothing;
    const value = jsonOf(bytes);
    if (versionOf(value) > 1) throw newerThanThis(file);
    const parsed = stored.safeParse(value);
    if (parsed.success) return parsed.data;
    throw damaged(file);
  }

  const write = (next: Stored): Promise<void> => writeDurably(file, jsonBytes(next));

  /**
   * What a bundle from this address is held against.
   * @throws LatchkeyError `bundle-wrong-key` where another key has taken the place of this one
   */
  async function trustIn({ url, fingerprint }: OrganisationAddress): Promise<Trust> {
    const { joined, seen } = await read();
    const last = seen.find(({ key }) => key === fingerprint);
    if (last?.replaced === true) {
      throw new LatchkeyError(
        'bundle-wrong-key',
        'The key in this address does not count any more: the organisation has another one.',
        { remedy: 'Ask whoever looks after Latchkey in your organisation for the address that counts now.' },
      );
    }
    const isJoined = joined?.key === fingerprint && joined.url === url;
    const nextKey = isJoined ? verifyBundle(joined.bundle, { key: fingerprint }).payload.nextKey : undefined;
    return { key: fingerprint, ...defined({ nextKey, last }) };
  }

  return {
    file,

    /**
     * The last bundle that counted. It is verified each time, since it has lain in a file; that it has expired is for whoever
     * asks.
     * @throws LatchkeyError `store-failed`, `stored-newer`, `bundle-invalid`, `bundle-wrong-key`
     */
    async joined(): Promise<Joined | undefined> {
      const { joined } = await read();
      if (joined === undefined) return undefined;
      const { url, key, bundle, etag, joinedAt } = joined;
      const verified = verifyBundle(bundle, { key });
      return {
        address: { url, fingerprint: key },
        bundle: verified,
        text: bundle,
        joinedAt,
        ...defined({ etag }),
      };
    },

    trustIn,

    /** From here on this counts, also after a start. It is held against what is kept by then. Throws as {@link acceptBundle}. */
    keep: (address: OrganisationAddress, taken: Fetched, now: number) =>
      mutex.run(async (): Promise<Bundle> => {
        const bundle = acceptBundle(taken.text, await trustIn(address), now);
        const { joined, seen } = await read();
        const isSame = joined?.key === address.fingerprint && joined.url === address.url;
        const key = bundle.signedBy;
        const others = seen
          .filter((one) => one.key !== key)
          .map((one) => (one.key === address.fingerprint ? { ...one, replaced: true } : one));
        await write({
          version: 1,
          joined: {
            url: address.url,
            key,
            bundle: taken.text,
            joinedAt: isSame ? joined.joinedAt : new Date(now).toISOString(),
            ...defined({ etag: taken.etag }),
          },
          seen: [...others, { key, serial: bundle.payload.serial, hash: bundle.hash, replaced: false }],
        });
        return bundle;
      }),

    /** Nothing counts from here on. What was seen stays known. */
    forget: () =>
      mutex.run(async (): Promise<void> => {
        const { seen } = await read();
        await write({ version: 1, seen });
      }),
  };
}

function damaged(file: string): LatchkeyError {
  return new LatchkeyError(
    'bundle-invalid',
    `${file}, which says what your organisation has set, is damaged.`,
    {
      remedy:
        'Bring it back from a copy; or delete it, and join again with the address of your organisation.',
    },
  );
}
