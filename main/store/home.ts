import { mkdir, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { LatchkeyError } from '../contract/errors.ts';
import { cleanTemporaryFiles, readIfThere, writeDurably } from './durable-file.ts';
import { takeLock } from './home-lock.ts';
import { systemReason } from './system-reason.ts';

/** The state folder while this process has it. All paths are absolute. */
export interface Home {
  path: string;
  /** Audit files. */
  audit: string;
  /** Sealed secrets, a folder for each kind of seal. */
  sealed: string;
  /** Sockets and the lock: nothing in here is worth keeping. */
  run: string;
  /** Lets the next process have the folder. */
  close(): Promise<void>;
}

const owner = z.object({ pid: z.number().int().positive() });

/**
 * Where the state lives unless told: the XDG state folder on Linux (XDG Base Directory Specification 0.8; a relative
 * value counts as unset), Application Support on macOS, %LOCALAPPDATA% on Windows, which does not roam.
 */
export function defaultHome(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  userFolder: string = homedir(),
): string {
  if (platform === 'darwin') return join(userFolder, 'Library', 'Application Support', 'Latchkey');
  if (platform === 'win32') {
    return join(environment['LOCALAPPDATA'] ?? join(userFolder, 'AppData', 'Local'), 'Latchkey');
  }
  const stateFolder = environment['XDG_STATE_HOME'];
  const usable = stateFolder !== undefined && isAbsolute(stateFolder);
  return join(usable ? stateFolder : join(userFolder, '.local', 'state'), 'latchkey');
}

/**
 * Opens the state folder for this process alone, creating it (0700) where it is missing.
 *
 * @throws LatchkeyError `home-unusable` where the folder belongs to another user, can be written by others or cannot
 *   be used at all; `home-in-use` where another broker runs on it (its pid is in the message)
 */
export async function openHome(path: string = defaultHome()): Promise<Home> {
  const home = resolve(path);
  const folders = { audit: join(home, 'audit'), sealed: join(home, 'sealed'), run: join(home, 'run') };
  const ownerFile = join(folders.run, 'owner.json');

  await ownFolder(home, 0o022);
  for (const folder of Object.values(folders)) await ownFolder(folder, 0o077);
  const lock = lockOrExplain(join(folders.run, 'lock'));
  if (lock === undefined) throw await inUse(home, ownerFile);

  try {
    for (const folder of [home, ...Object.values(folders)]) await cleanTemporaryFiles(folder);
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

/** Creates the folder if it is missing and refuses one that another user owns or that has any of the `forbidden` bits. */
async function ownFolder(path: string, forbidden: number): Promise<void> {
  let found;
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
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
