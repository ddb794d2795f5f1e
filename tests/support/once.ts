import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const variable = 'LATCHKEY_TEST_RUN';
const patienceMs = 170_000;

/** A folder for what the processes of one run of the tests share; in `npm test` run-folder.ts makes and removes it. */
export function openRunFolder(): string {
  const given = process.env[variable];
  if (given !== undefined) return given;
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-run-'));
  // The database servers, which run as users of their own, read in it.
  chmodSync(folder, 0o711);
  process.env[variable] = folder;
  // Whatever is started more than once compiles its code once: the workers of the tests, and Latchkey itself.
  process.env['NODE_COMPILE_CACHE'] ??= join(folder, 'compiled');
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Makes what takes long once for the whole run, whichever test file needs it first; the others wait for it. Nobody may
 * change what is in the folder: a test works on a copy.
 *
 * @returns the folder that `make` has filled
 */
export async function once(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(openRunFolder(), name);
  const done = `${folder}.done`;
  const deadline = Date.now() + patienceMs;
  while (!existsSync(done)) {
    if (claim(folder)) {
      try {
        await make(folder);
        writeFileSync(done, '');
      } catch (error) {
        rmSync(folder, { recursive: true, force: true });
        throw error;
      }
    } else {
      if (Date.now() > deadline) throw new Error(`${folder} is not made in ${patienceMs / 1000} s`);
      await sleep(50);
    }
  }
  return folder;
}

/** Whoever creates the folder fills it: of several processes the system lets one succeed. */
function claim(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
