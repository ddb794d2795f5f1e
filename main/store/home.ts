import { readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { LatchkeyError } from '../contract/errors.ts';
import { cleanTemporaryFiles, readIfThere, writeDurably } from './durable-file.ts';
import { makeFolder } from './make-folder.ts';
import { systemReason } from './system-reason.ts';

/** The state folder while this process has it. All paths are absolute. */
export interface Home {
  path: string;
  /** Audit files. */
  audit: string;
  /** Sealed secrets, a folder for each kind of seal. */
  sealed: string;
  /** The log of the process. */
  log: string;
  /** Sockets and the lock: nothing in here is worth keeping. */
  run: string;
  /** Lets the next process have the folder. */
  close(): Promise<void>;
}

const owner = z.object({ pid: z.number().int().positive() });

/**
 * Opens the state folder for this process alone, creating it (0700) where it is missing.
 *
 * @throws LatchkeyError `home-unusable` where the folder belongs to another user, can be written by others or cannot
 *   be used at all; `home-in-use` where another broker runs on it (its pid is in the message)
 */
export async function openHome(path: string): Promise<Home> {
  const home = resolve(path);
  const folders = {
    audit: join(home, 'audit'),
    sealed: join(home, 'sealed'),
    log: join(home, 'log'),
    run: join(home, 'run'),
  };
  const ownerFile = join(folders.run, 'owner.json');

  await ownFolder(home, 0o022);
  for (const folder of Object.values(folders)) await ownFolder(folder, 0o077);
  const lock = lockOrExplain(join(folders.run, 'lock'));
  if (lock === undefined) throw await inUse(home, ownerFile);

  try {
    await sweep(home);
    await writeDurably(ownerFile, Buffer.from(JSON.stringify({ pid: process.pid })));
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
  let closed = false;
  return {
    path: home,
    ...folders,
    async close() {
      if (closed) return;
      closed = true;
      await rm(ownerFile, { force: true }).catch(() => undefined);
      lock.release();
    },
  };
}

/**
 * What a crash has left: temporary files in every folder of ours, and in `run/` sockets and whatever else is of a
 * process that has gone. Not the lock, which this process holds; see takeLock.
 */
async function sweep(home: string): Promise<void> {
  await cleanTemporaryFiles(home);
  for (const { name } of await subfolders(home)) {
    // Of Electron, which looks after it itself.
    if (name === 'desktop') continue;
    const folder = join(home, name);
    await cleanTemporaryFiles(folder);
    for (const inner of await subfolders(folder)) await cleanTemporaryFiles(join(folder, inner.name));
  }
  const run = join(home, 'run');
  for (const name of await readdir(run)) {
    if (!name.startsWith('lock')) await rm(join(run, name), { force: true, recursive: true });
  }
}

async function subfolders(folder: string) {
  return (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
}

/** Creates the folder if it is missing and refuses one that another user owns or that has any of the `forbidden` bits. */
async function ownFolder(path: string, forbidden: number): Promise<void> {
  let found;
  try {
    await makeFolder(path);
    found = await stat(path);
  } catch (cause) {
    throw unusable(path, cause);
  }
  // Windows: no owner or mode here; %LOCALAPPDATA% is closed to other users by its access list.
  if (process.getuid === undefined) return;
  if (found.uid !== process.getuid()) {
    throw new LatchkeyError('home-unusable', `${path} belongs to another user (uid ${found.uid}).`, {
      remedy: 'Run Latchkey as that user, or choose another state folder with --home or LATCHKEY_HOME.',
    });
  }
  if ((found.mode & forbidden) !== 0) {
    const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
    throw new LatchkeyError(
      'home-unusable',
      `${path} is open to other users of this machine (mode ${mode}).`,
      {
        remedy: `If nobody else uses this folder, close it with: chmod 700 '${path}'; else name another one with --home.`,
      },
    );
  }
}

function unusable(path: string, cause: unknown): LatchkeyError {
  const { because, remedy } = systemReason(cause);
  return new LatchkeyError('home-unusable', `${path} cannot be used as state folder because ${because}.`, {
    remedy: `${remedy} Or choose another folder with --home or LATCHKEY_HOME.`,
    cause,
  });
}

function lockOrExplain(path: string): ReturnType<typeof takeLock> {
  try {
    return takeLock(path);
  } catch (cause) {
    throw new LatchkeyError(
      'home-unusable',
      `${path} cannot be locked; its file system may be read-only or lack locks.`,
      {
        remedy: 'Choose a state folder on a local disk with --home or LATCHKEY_HOME.',
        cause,
      },
    );
  }
}

/** The pid is for people only, and may be missing for the moment between taking the lock and writing it down. */
async function inUse(home: string, ownerFile: string): Promise<LatchkeyError> {
  const bytes = await readIfThere(ownerFile).catch(() => undefined);
  let pid: number | undefined;
  try {
    pid = owner.parse(JSON.parse(bytes?.toString('utf8') ?? '')).pid;
  } catch {
    pid = undefined;
  }
  const who = pid === undefined ? 'Another Latchkey' : `Another Latchkey (pid ${pid})`;
  return new LatchkeyError('home-in-use', `${who} is running on ${home}.`, {
    remedy: 'Use that one, end it, or start this one on another folder with --home or LATCHKEY_HOME.',
  });
}

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
function takeLock(path: string): { release(): void } | undefined {
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
