import { DatabaseSync } from 'node:sqlite';

/** SQLITE_BUSY of https://www.sqlite.org/rescode.html. */
const sqliteBusy = 5;

/**
 * Takes the lock file at `path`, or returns undefined where a live process has it.
 *
 * Node has no file locks of its own; SQLite's exclusive transaction is one (fcntl on Unix, LockFileEx on Windows). The
 * system drops it the moment its process ends, however it ends, so there is no stale lock to take over: no race
 * between two that clean up, and no doubt about a pid that came back. The file itself stays and holds nothing.
 *
 * On Unix, closing any descriptor of this file in this process would drop the lock: nothing else may open it.
 *
 * @throws the error of SQLite where the file cannot be opened or its file system has no locks
 */
export function takeLock(path: string): { release(): void } | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (thrown) {
    database.close();
    if (thrown instanceof Error && 'errcode' in thrown && thrown.errcode === sqliteBusy) return undefined;
    throw thrown;
  }
  return { release: () => database.close() };
}
