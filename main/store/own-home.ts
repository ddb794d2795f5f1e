import { randomBytes } from 'node:crypto';
import { lstat, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from './system-reason.ts';

const longestMs = 60_000;
const fileOf = (run: string, proof: string): string => join(run, `set-up-${proof}`);

/**
 * Shows a broker that this process can write to its home, which whoever has only come by the API's bearer cannot: a
 * file with a random name, which the broker takes away.
 * @param run folder of the home
 */
export async function withHomeProof<T>(run: string, use: (proof: string) => Promise<T>): Promise<T> {
  const proof = randomBytes(16).toString('hex');
  await writeFile(fileOf(run, proof), '', { flag: 'wx', mode: 0o600 });
  try {
    return await use(proof);
  } finally {
    await rm(fileOf(run, proof), { force: true });
  }
}

/** Whether there is such a file of this user, made just now; it serves once. */
export async function takeHomeProof(run: string, proof: string): Promise<boolean> {
  if (!/^[0-9a-f]{32}$/.test(proof)) return false;
  const path = fileOf(run, proof);
  try {
    const found = await lstat(path);
    const isOwn = process.getuid === undefined || found.uid === process.getuid();
    await unlink(path);
    return found.isFile() && isOwn && Date.now() - found.mtimeMs <= longestMs;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
