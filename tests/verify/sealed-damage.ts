import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { createAesSeal } from '../../main/store/seal.ts';
import { createSecretStore } from '../../main/store/secret-store.ts';
import { count, type Target } from './target.ts';

/** Of the damages, every so many are tried. */
const every = { quick: 23, full: 1 };

/** Every bit of a sealed file flipped, and the file cut short at every length. */
export const sealedDamage: Target = {
  name: 'sealed-damage',
  bound: 'every bit of a 4 KB store flipped and every truncation: all detected and put aside, nothing wiped',
  async run(size) {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-verify-'));
    try {
      const store = createSecretStore({ folder, seal: createAesSeal('key-file', randomBytes(32)) });
      await store.set('a', randomBytes(4096));
      const place = join(folder, 'key-file');
      const path = join(place, 'a.sealed');
      const good = readFileSync(path);
      let tried = 0;
      let missed = 0;
      for (let n = 0; n < good.length * 9; n += every[size]) {
        const damaged = damage(good, n);
        writeFileSync(path, damaged);
        const outcome: unknown = await store.get('a').catch((thrown: unknown) => thrown);
        const isReported = outcome instanceof LatchkeyError && outcome.code === 'sealed-unreadable';
        const files = readdirSync(place);
        const kept = join(place, files[0] ?? '');
        const isKept = files.length === 1 && kept.startsWith(`${path}.quarantine-`);
        if (!isReported || !isKept || !readFileSync(kept).equals(damaged)) missed += 1;
        for (const name of files) unlinkSync(join(place, name));
        tried += 1;
      }
      return {
        figure: `${count(tried)} damaged files of ${count(good.length)} bytes, ${missed} not detected or not kept`,
        pass: missed === 0,
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

function damage(good: Buffer, n: number): Buffer {
  if (n >= good.length * 8) return Buffer.from(good.subarray(0, n - good.length * 8));
  const damaged = Buffer.from(good);
  damaged[n >> 3] = (damaged[n >> 3] ?? 0) ^ (1 << (n & 7));
  return damaged;
}
