import { lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { fillMerge } from '../connect/fill.ts';
import { applyMerge, type Merged } from '../connect/merge.ts';
import type { Settings, SettingsFile } from '../connect/types.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { readIfThere, writeDurably } from '../store/durable-file.ts';
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

const maximumBytes = 4 * 1024 * 1024;

/** A path of the settings on this machine: `~/…`, `%NAME%/…` or a full one. Undefined where a variable is not set. */
export function expandPath(path: string): string | undefined {
  if (path.startsWith('~/')) return join(homedir(), path.slice(2));
  const [, name, rest] = /^%([^%]+)%\/(.*)$/.exec(path) ?? [];
  if (name === undefined || rest === undefined) return path;
  const folder = process.env[name];
  return folder === undefined || folder === '' ? undefined : join(folder, rest);
}

/**
 * What a file would become with Latchkey's part in it.
 * @param password what goes in place of the placeholder; undefined leaves that, for a dry run
 * @throws LatchkeyError `request-invalid` where the file is outside the person's home, somebody else's, no plain file,
 *   none of its format, or has an entry of that name already; `store-failed` where it cannot be read
 */
async function planFile(file: SettingsFile, password?: string): Promise<Plan> {
  const path = await locate(file);
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
    mode: found === undefined || file.secret ? file.mode : found.mode & 0o777,
    backup: kept ? undefined : keep,
  };
}

/** @returns false where the file is as it should be already */
async function writePlan({ path, target, before, merged, mode, backup }: Plan): Promise<boolean> {
  const text = Buffer.from(merged.text, 'latin1');
  if (before !== undefined && before.equals(text) && (await hasMode(target, mode))) return false;
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const now = await readIfThere(target);
  if (now === undefined ? before !== undefined : before === undefined || !now.equals(before))
    throw refused(path, 'changed while this command looked at it', 'Run the command again.');
  if (backup !== undefined && before !== undefined) await writeDurably(backup, before, { mode: 0o600 });
  await writeDurably(target, text, { mode });
  return true;
}

export interface Written {
  path: string;
  changed: boolean;
  backup?: string;
}

/** {@link planFile} for each file of the settings. */
export async function planSettings({ files }: Pick<Settings, 'files'>, password?: string): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const file of files) plans.push(await planFile(file, password));
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

/** The file that a variable names, else the first candidate whose folder is there, else the first that may be made. */
async function locate({ paths, variable, folder }: SettingsFile): Promise<string> {
  const named = variable === undefined ? undefined : process.env[variable];
  if (named !== undefined && named !== '') return resolve(named);
  const candidates = paths.map(expandPath).filter((path) => path !== undefined);
  for (const path of candidates) {
    const there = await stat(dirname(path)).catch(ifMissing);
    if (there?.isDirectory() === true) return path;
  }
  const [first] = candidates;
  if (first === undefined || folder === 'must-exist') {
    throw new LatchkeyError('request-invalid', 'The tool has no folder for its settings here.', {
      remedy: `Start it once, and end it, so that it makes ${dirname(first ?? paths[0] ?? '')}; or enter the fields by hand.`,
    });
  }
  return first;
}

/**
 * The real path of a file that is, or will be, inside the person's home. A link may lead elsewhere in the home, as
 * those of dotfile managers do, and is kept; one that leads out of it could have this command write a password where
 * others read it.
 */
async function insideHome(path: string): Promise<string> {
  const home = await realpath(homedir());
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
  const inside = relative(home, target);
  if (inside === '' || inside.startsWith('..') || isAbsolute(inside)) {
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
