import { randomBytes } from 'node:crypto';
import { open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LatchkeyError } from '../contract/errors.ts';
import { rewriteDurably } from './durable-file.ts';
import { makeFolder } from './make-folder.ts';
import { storeFailed, systemCode, systemReason } from './system-reason.ts';

/** Reading, checking and writing takes milliseconds; what is older is left of a crash. */
const staleMs = 60_000;
const waitMs = 20_000;
const pollMs = 20;
/** So often the file may change under our hands, as an editor saves it, before we give up. */
const mostTries = 5;

export interface Edited {
  /** The text that was written. */
  text: string;
  /** Writes the text of before again, unless somebody else has changed the file since. */
  takeBack(): Promise<void>;
}

/**
 * Changes a text file of the person: read, change, write. Of two changes at once, also by two processes, none is lost:
 * one waits for the other, and a file that has changed since it was read is read again. What is written is on the disk;
 * link, owner, group and mode stay.
 * @param change the new text; it is called again where the file has changed meanwhile
 * @throws what `change` throws; LatchkeyError `store-failed`, `config-unreadable`; the file is as it was then
 */
export async function editFile(path: string, change: (text: string) => Promise<string>): Promise<Edited> {
  return locked(path, async () => {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const before = await readText(path);
      const text = await change(before);
      if ((await readText(path)) !== before) continue;
      if (text !== before) await rewriteDurably(path, Buffer.from(text));
      return { text, takeBack: () => takeBack(path, text, before) };
    }
    throw new LatchkeyError('store-failed', `${path} is being changed by another program.`, {
      remedy: 'Close the editor or program that writes it, and try again.',
    });
  });
}

async function takeBack(path: string, written: string, before: string): Promise<void> {
  if (written === before) return;
  await locked(path, async () => {
    if ((await readText(path)) === written) await rewriteDurably(path, Buffer.from(before));
  });
}

/** Bytes that are no UTF-8 would come back as others. */
async function readText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new LatchkeyError('config-unreadable', `The configuration ${path} cannot be read.`, {
      remedy: 'Make the file readable for this user.',
      cause,
    });
  }
  const text = bytes.toString('utf8');
  if (Buffer.from(text).equals(bytes)) return text;
  throw new LatchkeyError('config-unreadable', `The configuration ${path} is not UTF-8 text.`, {
    remedy: 'Save it as UTF-8 in an editor.',
  });
}

async function locked<Result>(path: string, body: () => Promise<Result>): Promise<Result> {
  // Of a link the file that it leads to, so that whoever comes by another link waits too.
  const target = await realpath(path).catch(() => path);
  const lock = join(dirname(target), `.${basename(target)}.lock`);
  await take(lock, path);
  try {
    return await body();
  } finally {
    await rm(lock, { force: true }).catch(() => undefined);
  }
}

async function take(lock: string, path: string): Promise<void> {
  const end = performance.now() + waitMs;
  for (;;) {
    try {
      await (await open(lock, 'wx', 0o600)).close();
      return;
    } catch (cause) {
      if (systemCode(cause) !== 'EEXIST') throw unlocked(path, cause);
    }
    await sweepStale(lock);
    if (performance.now() > end) {
      throw new LatchkeyError('store-failed', `${path} is being changed by another Latchkey.`, {
        remedy: `Try again. If it stays and no other Latchkey runs, remove ${lock}.`,
      });
    }
    await sleep(pollMs);
  }
}

/** By a rename, which only one of several succeeds with. */
async function sweepStale(lock: string): Promise<void> {
  try {
    if (Date.now() - (await stat(lock)).mtimeMs < staleMs) return;
    const aside = `${lock}.${randomBytes(4).toString('hex')}`;
    await rename(lock, aside);
    await rm(aside, { force: true });
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw unlocked(lock, cause);
  }
}

function unlocked(path: string, cause: unknown): LatchkeyError {
  const { because, remedy } = systemReason(cause);
  return new LatchkeyError('store-failed', `${path} could not be written because ${because}.`, {
    remedy,
    cause,
  });
}

/** Writes a file where there is none, with the folders on the way to it. @throws LatchkeyError `store-failed` */
export async function createIfMissing(path: string, text: string): Promise<void> {
  try {
    await makeFolder(dirname(path));
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    if (systemCode(cause) !== 'EEXIST') throw storeFailed(path, 'written', cause);
  }
}
