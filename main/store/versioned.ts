import { LatchkeyError } from '../contract/errors.ts';

/**
 * The version of a stored form: its member `version`, else 1, as the first forms had none. A form of another version
 * is one that this Latchkey would misread; new members that may be left out need no new version.
 */
export function versionOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || !('version' in value)) return 1;
  return typeof value.version === 'number' ? value.version : 1;
}

/** The same of JSON in UTF-8; 1 where it is none. */
export function versionOfJson(bytes: Uint8Array): number {
  try {
    return versionOf(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return 1;
  }
}

/** For what is found after a downgrade: it is left alone, never called damaged, moved away or written over. */
export function newerThanThis(what: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('stored-newer', `${what} was written by a newer Latchkey and is left as it is.`, {
    remedy: 'Install that version again; docs/BACKUP.md says how to go on with this one.',
    cause,
  });
}

export function isNewer(thrown: unknown): thrown is LatchkeyError {
  return thrown instanceof LatchkeyError && thrown.code === 'stored-newer';
}
