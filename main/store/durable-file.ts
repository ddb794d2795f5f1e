import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  lstat,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  type FileHandle,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { storeFailed, systemCode } from './system-reason.ts';

const temporaryName = /^\..+\.[0-9a-f]{16}\.latchkey-tmp$/;

/**
 * Replaces the file at `path` by `bytes` so that a crash, a lost power or a full disk leaves either the old or the new
 * file, whole: temporary file beside it, size check, fsync, rename, fsync of the folder. When the promise resolves,
 * the new file is on the disk. When it rejects, the old file is in place (only if the folder itself cannot be synced
 * may the new one be there already).
 *
 * @param options.mode permissions of the new file, 0600 unless told
 * @param options.owner ids of the new file's owner and group, where they are not those of this process
 * @throws LatchkeyError `store-failed`, naming the path and the reason
 */
export async function writeDurably(
  path: string,
  bytes: Uint8Array,
  options: { mode?: number; owner?: { uid: number; gid: number } } = {},
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(8).toString('hex')}.latchkey-tmp`);
  let created = false;
  try {
    const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    created = true;
    try {
      await writeFully(file, bytes, 0);
      if (options.owner !== undefined) await giveTo(file, options.owner);
      // After the owner, since a change of that takes set-id bits away.
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
    throw storeFailed(path, 'written', cause);
  }
}

/** Windows has access lists instead, which a new file takes from its folder. */
async function giveTo(file: FileHandle, { uid, gid }: { uid: number; gid: number }): Promise<void> {
  if (process.platform === 'win32') return;
  const now = await file.stat();
  if (now.uid !== uid || now.gid !== gid) await file.chown(uid, gid);
}

/**
 * {@link writeDurably} for a file of the person: a symbolic link stays one and the file that it leads to is replaced;
 * owner, group and mode stay.
 *
 * @param options.mode permissions of a file that was not there, and the widest that one may keep which was; without it
 *   a new file has 0600 and an old one keeps all it had
 * @throws LatchkeyError `store-failed`; the old file is in place then, as it is where owner or group cannot be kept
 */
export async function rewriteDurably(
  path: string,
  bytes: Uint8Array,
  options: { mode?: number } = {},
): Promise<void> {
  let target = path;
  let like: { uid: number; gid: number; mode: number } | undefined;
  try {
    target = await realpath(path);
    const { uid, gid, mode } = await stat(target);
    like = { uid, gid, mode: mode & 0o777 & (options.mode ?? 0o777) };
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw storeFailed(path, 'written', cause);
    // A link that leads nowhere is somebody's mistake; a file in its place would hide that.
    if (await isThere(path)) throw storeFailed(path, 'written', cause);
  }
  if (like === undefined) await writeDurably(target, bytes, options);
  else await writeDurably(target, bytes, { mode: like.mode, owner: like });
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

/**
 * The file's bytes, or undefined where there is no such file.
 * @param read `readFileSync` for a few bytes that are read often: the ways to the thread pool and back take several times as long
 * @throws LatchkeyError `store-failed` for any other failure
 */
export async function readIfThere(
  path: string,
  read: (path: string) => Buffer | Promise<Buffer> = (file) => readFile(file),
): Promise<Buffer | undefined> {
  try {
    return await read(path);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw storeFailed(path, 'read', cause);
  }
}

/** A temporary file that is as old as this is left of a crash, whoever else may write in its folder. */
export const leftoverMs = 60 * 60_000;

/**
 * Removes what a crash in {@link writeDurably} left in `folder`; such a file can hold the secret that was to be saved.
 * @param olderThanMs spares the younger ones; 0 only where nobody else writes there
 */
export async function cleanTemporaryFiles(folder: string, olderThanMs = 0): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!temporaryName.test(name)) continue;
    const path = join(folder, name);
    const { mtimeMs } = await lstat(path);
    if (olderThanMs === 0 || Date.now() - mtimeMs > olderThanMs) await rm(path, { force: true });
  }
}

/**
 * Writes all of `bytes` at `position`, however little the system takes at a time, and checks the file's size after:
 * a nearly full disk accepts a part of a write without an error, which is how good files get truncated.
 */
export async function writeFully(
  file: Pick<FileHandle, 'write'> & { stat(): Promise<{ size: number }> },
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
