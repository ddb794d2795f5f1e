import { constants } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { dirname, posix, win32 } from 'node:path';
import { LatchkeyError } from '../contract/errors.ts';
import type { OrganisationSource } from './load.ts';
import type { ReadWindowsAccess } from './windows-access.ts';

/**
 * Where the organisation's file is. These are whole paths, with no variable in them: whoever starts Latchkey sets its
 * variables, and would do away with what the organisation has locked.
 */
export function organisationPath(platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return String.raw`C:\ProgramData\Latchkey\organisation.yaml`;
  if (platform === 'darwin') return '/Library/Application Support/Latchkey/organisation.yaml';
  return '/etc/latchkey/organisation.yaml';
}

export interface OrganisationFileOptions {
  path: string;
  platform?: NodeJS.Platform;
  /** User ids that may own it. */
  owners?: readonly number[];
  /** The folder from which on the way to it is looked at. */
  from?: string;
  /** Windows: reads owner and access list of these. */
  readAccess?: ReadWindowsAccess;
}

/** Whatever is bigger was meant for something else. */
const mostBytes = 4 * 1024 * 1024;

/**
 * An organisation's file, which only root or an administrator may be able to write: a file that somebody else may change,
 * or may put another one in the place of, is refused.
 */
export function organisationFileAt(options: OrganisationFileOptions): OrganisationSource {
  const { path, platform = process.platform } = options;
  return {
    files: [path],
    async read() {
      const file = await openIfThere(path, platform);
      if (file === undefined) return undefined;
      try {
        const fault = platform === 'win32' ? await faultOnWindows(options) : await faultOnUnix(file, options);
        if (fault !== undefined) throw untrusted(path, fault);
        const { size } = await file.stat();
        if (size > mostBytes) throw untrusted(path, { why: 'it is too big for a configuration', remedy });
        const text = await file.readFile('utf8');
        return { text, origin: path, folder: (platform === 'win32' ? win32 : posix).dirname(path) };
      } finally {
        await file.close();
      }
    },
  };
}

/** Only a file that is not there is none: with any other failure nobody knows what it says. */
async function openIfThere(path: string, platform: NodeJS.Platform): Promise<FileHandle | undefined> {
  try {
    // A pipe in its place would have the start wait for ever.
    return await open(path, platform === 'win32' ? 'r' : constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return undefined;
    throw new LatchkeyError(
      'config-unreadable',
      `The settings of your organisation in ${path} cannot be read (${code}).`,
      {
        remedy:
          'Whoever administers this computer makes the file and its folder readable for everybody; nothing counts without it.',
        cause,
      },
    );
  }
}

export interface TrustFault {
  why: string;
  remedy: string;
}

const remedy =
  'Whoever administers this computer puts it in order; until then Latchkey does not start, and what counts goes on.';

function untrusted(path: string, { why, remedy: what }: TrustFault): LatchkeyError {
  return new LatchkeyError(
    'organisation-untrusted',
    `The settings of your organisation in ${path} are not trusted: ${why}.`,
    { remedy: what },
  );
}

/** Each step of the way is looked at: whoever may write a folder may put another file there. */
async function faultOnUnix(
  file: FileHandle,
  { path, owners = [0], from = '/' }: OrganisationFileOptions,
): Promise<TrustFault | undefined> {
  const steps = [path];
  while (steps[0] !== from && steps[0] !== '/') steps.unshift(dirname(steps[0] ?? '/'));
  for (const step of steps) {
    const found = step === path ? await linkOrHandle(path, file) : await lstat(step);
    if (found.isSymbolicLink())
      return { why: `${step} is a link`, remedy: `Put the file itself there. ${remedy}` };
    if (step === path && !found.isFile()) return { why: 'it is no file', remedy };
    if (!owners.includes(found.uid))
      return {
        why: `${step} belongs to another user than root (uid ${found.uid})`,
        remedy: `Give it to root: chown root '${step}'. ${remedy}`,
      };
    if ((found.mode & 0o022) !== 0)
      return {
        why: `${step} can be written by others than root (mode ${(found.mode & 0o7777).toString(8).padStart(4, '0')})`,
        remedy: `Close it: chmod go-w '${step}'. ${remedy}`,
      };
  }
  return undefined;
}

/** What has been opened is what is read, whatever takes its place meanwhile; a link shows only in its folder. */
async function linkOrHandle(path: string, file: FileHandle) {
  const entry = await lstat(path);
  return entry.isSymbolicLink() ? entry : file.stat();
}

async function faultOnWindows({
  path,
  readAccess,
}: OrganisationFileOptions): Promise<TrustFault | undefined> {
  const { readWindowsAccess, windowsFault } = await import('./windows-access.ts');
  for (const step of [win32.dirname(path), path])
    if ((await lstat(step)).isSymbolicLink()) return { why: `${step} is a link`, remedy };
  const fault = await windowsFault(path, readAccess ?? readWindowsAccess);
  return fault === undefined ? undefined : { why: fault, remedy };
}
