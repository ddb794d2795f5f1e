import { join } from 'node:path';
import { z } from 'zod';
import { jsonBytes, jsonOf } from '../base/json-bytes.ts';
import { readIfThere, writeDurably } from '../store/durable-file.ts';
import { newerThanThis, versionOf } from '../store/versioned.ts';
import { untrusted, type SignedRelease } from './release.ts';

const stored = z.object({
  version: z.literal(1),
  seen: z.array(z.object({ name: z.string(), serial: z.number().int(), hash: z.string() })),
});

/**
 * Which metadata was seen last, by its name, so that no server leads back to an older one.
 * @param home the folder
 */
export function seenReleases(home: string) {
  const file = join(home, 'updates.json');

  async function read(): Promise<z.output<typeof stored>['seen']> {
    const bytes = await readIfThere(file);
    if (bytes === undefined) return [];
    const value = jsonOf(bytes);
    if (versionOf(value) > 1) throw newerThanThis(file);
    const parsed = stored.safeParse(value);
    // What is left is the version that runs, which nothing goes back behind.
    return parsed.success ? parsed.data.seen : [];
  }

  return {
    /** @throws LatchkeyError `update-untrusted` for one that comes before what was seen */
    async take(name: string, { serial, hash }: Pick<SignedRelease, 'serial' | 'hash'>): Promise<void> {
      const seen = await read();
      const last = seen.find((one) => one.name === name);
      if (last !== undefined && serial < last.serial)
        throw untrusted(
          `The server has given an older ${name} (serial number ${serial}) than one that was seen before (${last.serial}).`,
        );
      if (last !== undefined && serial === last.serial && hash !== last.hash)
        throw untrusted(
          `The server has given another ${name} under the serial number ${serial} than before.`,
        );
      if (last?.serial === serial) return;
      const others = seen.filter((one) => one !== last);
      await writeDurably(file, jsonBytes({ version: 1, seen: [...others, { name, serial, hash }] }));
    },
  };
}
