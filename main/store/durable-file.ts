import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LatchkeyError } from '../contract/errors.ts';
import { systemCode, systemReason } from './system-reason.ts';

const temporaryName = /^\..+\.[0-9a-f]{16}\.latchkey-tmp$/;

/**
 * Replaces the file at `path` by `bytes` so that a crash, a lost power or a full disk leaves either the old or the new
 * file, whole: temporary file beside it, size check, fsync, rename, fsync of the folder. When the promise resolves,
 * the new file is on the disk. When it rejects, the old file is in place (only if the folder itself cannot be synced
 * may the new one be there already).
 *
 * @param options.mode permissions of the new file, 0600 unless told
 * @throws LatchkeyError `store-failed`, naming the path and the reason
 */
export async function writeDurably(
  path: string,
  bytes: Uint8Array,
  options: { mode?: number } = {},
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(8).toString('hex')}.latchkey-tmp`);
  let created = false;
  try {
    const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    created = true;
    try {
      await writeFully(file, bytes, 0);
      if (options.mode !== undefined) await file.chmod(options.mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await replace(temporary, path);
    created = false;
    await syncFolder(folder);
  } catch (cause) {
    if (created) await rm(temporary, { force: true }).catch(() => undefined);
    const { because, remedy } = systemReason(cause);
    throw new LatchkeyError('store-failed', `${path} could not be written because ${because}.`, {
      remedy,
      cause,
    });
  }
}

/** The file's bytes, or undefined where there is no such file. Throws `store-failed` for any other failure. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    const { because, remedy } = systemReason(cause);
    throw new LatchkeyError('store-failed', `${path} could not be read because ${because}.`, {
      remedy,
      cause,
    });
  }
}

/** Removes what a crash in {@link writeDurably} left in `folder`. Call it only while nobody else writes there. */
export async function cleanTemporaryFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (temporaryName.test(name)) await rm(join(folder, name), { force: true });
  }
}

/**
 * Writes all of `bytes` at `position`, however little the system takes at a time, and checks the file's size after:
 * a nearly full disk accepts a part of a write without an error, which is how good files get truncated.
 */
export async function writeFully(
  file: Pick<FileHandle, 'write' | 'stat'>,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
    done += bytesWritten;
  }
  const { size } = await file.stat();
  if (size !== position + bytes.length) {
    throw Object.assign(new Error(`wrote to ${position + bytes.length}, size is ${size}`), { code: 'EIO' });
  }
}

/** Makes a creation, rename or removal in `folder` survive a power loss. Windows has no such call and needs none on NTFS. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** On Windows a virus scanner or indexer that has the old file open makes a rename fail for some milliseconds. */
async function replace(from: string, to: string): Promise<void> {
  const waits = process.platform === 'win32' ? [10, 30, 100, 300] : [];
  for (const wait of waits) {
    try {
      await rename(from, to);
      return;
    } catch (cause) {
      if (!['EPERM', 'EACCES', 'EBUSY'].includes(systemCode(cause) ?? '')) throw cause;
      await sleep(wait);
    }
  }
  await rename(from, to);
}
