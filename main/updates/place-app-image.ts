import { chmod, copyFile, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../store/durable-file.ts';
import { checkFile, failed } from './download.ts';
import type { ReleaseFile } from './ports.ts';

/**
 * Puts a downloaded AppImage in the place of the one at `path`, which may be running, under the same name: tools, the start
 * at login and links name that file. At each moment there is the old one or the new one, whole.
 *
 * electron-updater's own step would delete the old file first, and then move the new one, under another name where the old
 * one has its version in it.
 * @throws LatchkeyError `update-failed`, or `update-untrusted` where what was copied is not the signed file
 */
export async function placeAppImage(downloaded: string, path: string, signed: ReleaseFile): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
  try {
    const { mode } = await stat(path);
    await copyFile(downloaded, beside);
    await chmod(beside, (mode & 0o777) | 0o100);
    // Of the copy: this one is what will run.
    await checkFile(beside, signed);
    const file = await open(beside, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => undefined);
    if (cause instanceof Error && 'remedy' in cause) throw cause;
    throw failed(`${path} cannot be replaced by the newer version`, cause);
  }
}
