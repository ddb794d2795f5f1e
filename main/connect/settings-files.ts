import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { fillMerge } from './fill.ts';
import { applyMerge, type Merged } from './merge.ts';
import type { Settings, SettingsFile } from './types.ts';
import { LatchkeyError } from '../contract/errors.ts';
import {
  cleanTemporaryFiles,
  leftoverMs,
  readIfThere,
  rewriteDurably,
  writeDurably,
} from '../store/durable-file.ts';
import { makeFolder } from '../store/make-folder.ts';
import { ifHome, userFolder, xdgFolder } from '../store/places.ts';
import { systemCode } from '../store/system-reason.ts';

/** What one file becomes; nothing has been written yet. */
export interface Plan {
  /** As the person knows it. */
  path: string;
  /** The file behind a symbolic link, or the path itself. */
  target: string;
  before: Buffer | undefined;
  merged: Merged;
  mode: number;
  /** Where the file as it was before Latchkey is kept; undefined where there was none, or where it is kept already. */
  backup: string | undefined;
}

export interface PlanOptions {
  /** What goes in place of the placeholder; undefined leaves that, for a dry run. */
  password?: string | undefined;
  /** Which of several folders of the tool is meant. */
  into?: string | undefined;
}

const maximumBytes = 4 * 1024 * 1024;
const dataHome = '$XDG_DATA_HOME/';

/**
 * A path of the settings on this machine: `~/…`, `$XDG_DATA_HOME/…`, `%NAME%/…` or a full one. Undefined where a
 * variable of Windows names no full path, and of an account without a folder.
 */
export function expandPath(path: string): string | undefined {
  if (path.startsWith('~/')) return ifHome(() => join(userFolder(), path.slice(2)));
  if (path.startsWith(dataHome))
    return ifHome(() => join(xdgFolder('XDG_DATA_HOME'), path.slice(dataHome.length)));
  const [, name, rest] = /^%([^%]+)%\/(.*)$/.exec(path) ?? [];
  if (name === undefined || rest === undefined) return path;
  const folder = process.env[name];
  return folder !== undefined && isAbsolute(folder) ? join(folder, rest) : undefined;
}

/**
 * What a file would become with Latchkey's part in it.
 * @throws LatchkeyError `request-invalid` where the file is outside the person's home, somebody else's, no plain file,
 *   none of its format, or has an entry of that name already; `store-failed` where it cannot be read
 */
async function planFile(file: SettingsFile, { password, into }: PlanOptions): Promise<Plan> {
  const path = await locate(file, into);
  const target = await insideHome(path);
  const found = await stat(target).catch(ifMissing);
  if (found !== undefined) {
    if (!found.isFile() || found.size > maximumBytes)
      throw refused(path, 'is no plain file, or too large for one');
    if (process.getuid !== undefined && found.uid !== process.getuid())
      throw refused(path, 'belongs to another user');
  }
  const before = await readIfThere(target);
  let merged: Merged;
  try {
    const merge = password === undefined ? file.merge : fillMerge(file.merge, password);
    merged = applyMerge(before?.toString('latin1'), merge);
  } catch (thrown) {
    if (!(thrown instanceof LatchkeyError)) throw thrown;
    throw new LatchkeyError(thrown.code, thrown.message.replace(/^The file/, path), {
      remedy: thrown.remedy,
    });
  }
  const keep = `${target}.before-latchkey`;
  const kept =
    before === undefined || file.merge.kind === 'whole' || (await lstat(keep).catch(ifMissing)) !== undefined;
  return {
    path,
    target,
    before,
    merged,
    // Never wider than it was; a secret narrows it.
    mode: found === undefined ? file.mode : found.mode & (file.secret ? file.mode : 0o777),
    backup: kept ? undefined : keep,
  };
}

/** @returns false where the file is as it should be already */
async function writePlan({ path, target, before, merged, mode, backup }: Plan): Promise<boolean> {
  const text = Buffer.from(merged.text, 'latin1');
  if (before !== undefined && before.equals(text) && (await hasMode(target, mode))) return false;
  await makeFolder(dirname(target));
  await cleanTemporaryFiles(dirname(target), leftoverMs).catch(() => undefined);
  const now = await readIfThere(target);
  if (now === undefined ? before !== undefined : before === undefined || !now.equals(before))
    throw refused(path, 'changed while this command looked at it', 'Run the command again.');
  if (backup !== undefined && before !== undefined) await writeDurably(backup, before, { mode: 0o600 });
  await rewriteDurably(target, text, { mode });
  return true;
}

export interface Written {
  path: string;
  changed: boolean;
  backup?: string;
}

/** {@link planFile} for each file of the settings. */
export async function planSettings(
  { files }: Pick<Settings, 'files'>,
  options: PlanOptions = {},
): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const file of files) plans.push(await planFile(file, options));
  return plans;
}

/** Writes one after the other, those without a password first, as the settings have them. */
export async function writePlans(plans: readonly Plan[]): Promise<Written[]> {
  const written: Written[] = [];
  for (const plan of plans) {
    const changed = await writePlan(plan);
    const { path, backup } = plan;
    written.push({ path, changed, ...(changed && backup !== undefined ? { backup } : {}) });
  }
  return written;
}

async function hasMode(path: string, mode: number): Promise<boolean> {
  return process.platform === 'win32' || ((await stat(path)).mode & 0o777) === mode;
}

/** The file that a variable names, else the one candidate whose folder is there, else the first that may be made. */
async function locate({ paths, variable, folder }: SettingsFile, into?: string): Promise<string> {
  const named = variable === undefined ? undefined : process.env[variable];
  if (named !== undefined && named !== '') {
    if (isAbsolute(named)) return named;
    throw new LatchkeyError('request-invalid', `${variable} is no full path.`, {
      remedy: `The tool would look for another file in each folder. Set ${variable} to a path from the root, or unset it.`,
    });
  }
  const candidates = paths.map(expandPath).filter((path) => path !== undefined);
  const found: string[] = [];
  for (const path of candidates) {
    const there = await stat(dirname(path)).catch(ifMissing);
    if (there?.isDirectory() === true) found.push(path);
  }
  const wanted = into === undefined ? found : found.filter((path) => isInside(into, path));
  const [only] = wanted;
  if (only !== undefined && wanted.length === 1) return only;
  if (found.length > 0) {
    throw new LatchkeyError(
      'request-invalid',
      into === undefined
        ? 'The tool is installed more than once here, and each has settings of its own.'
        : `The tool has no settings in ${into}.`,
      {
        remedy: `Name one with --into:\n${found.map((path) => `    --into ${dirname(path)}`).join('\n')}`,
      },
    );
  }
  const [first] = candidates;
  if (first === undefined || folder === 'must-exist') {
    throw new LatchkeyError('request-invalid', 'The tool has no folder for its settings here.', {
      remedy: `Start it once, and end it, so that it makes ${dirname(first ?? paths[0] ?? '')}; or enter the fields by hand.`,
    });
  }
  return first;
}

function isInside(folder: string, path: string): boolean {
  const inside = relative(resolve(folder), path);
  return inside !== '' && !inside.startsWith('..') && !isAbsolute(inside);
}

/**
 * The real path of a file that is, or will be, inside the person's home. A link may lead elsewhere in the home, as
 * those of dotfile managers do, and is kept; one that leads out of it could have this command write a password where
 * others read it.
 */
async function insideHome(path: string): Promise<string> {
  const home = await realpath(userFolder());
  const link = await lstat(path).catch(ifMissing);
  let target: string;
  if (link === undefined) {
    let existing = dirname(path);
    while ((await stat(existing).catch(ifMissing)) === undefined && dirname(existing) !== existing)
      existing = dirname(existing);
    target = join(await realpath(existing), relative(existing, path));
  } else {
    const real = await realpath(path).catch(ifMissing);
    if (real === undefined) throw refused(path, 'is a symbolic link that leads nowhere');
    target = real;
  }
  if (!isInside(home, target)) {
    throw refused(
      path,
      'is outside your home folder',
      'Put the settings in by hand, or unset the variable that names it.',
    );
  }
  return target;
}

function refused(
  path: string,
  because: string,
  remedy = 'Look into it, or put the settings in by hand.',
): LatchkeyError {
  return new LatchkeyError('request-invalid', `${path} was left alone because it ${because}.`, { remedy });
}

function ifMissing(thrown: unknown): undefined {
  if (['ENOENT', 'ENOTDIR'].includes(systemCode(thrown) ?? '')) return undefined;
  throw thrown;
}
