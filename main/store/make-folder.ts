import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from './system-reason.ts';

/**
 * Makes a folder with those on the way to it, where they are missing. Node tells a file system that cannot be written as a
 * folder that is not there; here the error is the system's own.
 */
export async function makeFolder(path: string, mode = 0o700): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode });
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    await mkdir(await firstMissing(path), { mode });
    await mkdir(path, { recursive: true, mode });
  }
}

async function firstMissing(path: string): Promise<string> {
  const parent = dirname(path);
  const isThere = await stat(parent).then(
    () => true,
    () => false,
  );
  return isThere || parent === path ? path : firstMissing(parent);
}
