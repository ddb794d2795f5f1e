import { LatchkeyError } from '../contract/errors.ts';

interface Reason {
  /** Completes "… because …". */
  because: string;
  remedy: string;
}

const reasons: Record<string, Reason> = {
  ENOSPC: { because: 'the disk is full', remedy: 'Free some space on that disk and try again.' },
  EDQUOT: {
    because: 'your disk quota is used up',
    remedy: 'Delete files of yours on that disk and try again.',
  },
  EFBIG: {
    because: 'the file would exceed the size limit',
    remedy: 'Raise the file size limit (ulimit -f).',
  },
  EACCES: { because: 'there is no permission', remedy: 'Make the folder and the file yours (chown, chmod).' },
  EPERM: {
    because: 'the system does not permit it',
    remedy: 'Make the folder and the file yours (chown, chmod).',
  },
  EROFS: { because: 'the file system is read-only', remedy: 'Use a folder on a disk that can be written.' },
  ENOENT: { because: 'the folder does not exist', remedy: 'Create the folder and try again.' },
  ENOTDIR: { because: 'a part of the path is not a folder', remedy: 'Correct the path.' },
  EISDIR: { because: 'there is a folder of that name', remedy: 'Move that folder away.' },
  ELOOP: { because: 'its symbolic links run in a circle', remedy: 'Correct the symbolic links.' },
  ENAMETOOLONG: { because: 'the path is too long', remedy: 'Use a shorter path.' },
  EIO: { because: 'the disk reported an error', remedy: 'Check the disk, then try again.' },
  EMFILE: {
    because: 'too many files are open',
    remedy: 'Restart Latchkey; raise the limit (ulimit -n) if it stays.',
  },
  ENFILE: { because: 'the system has too many files open', remedy: 'Close other programs and try again.' },
};

/** The system's error code ("ENOSPC"), or undefined for an error that is not the system's. */
export function systemCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** A failed file operation in plain words. Takes nothing from the error's own text, which may hold more than the path. */
export function systemReason(thrown: unknown): Reason {
  const code = systemCode(thrown);
  const known = code === undefined ? undefined : reasons[code];
  return (
    known ?? {
      because: `of the error ${code ?? 'without a code'}`,
      remedy: 'Check the disk, then try again.',
    }
  );
}

/** @param what was to be done with the path: "read", "written" */
export function storeFailed(path: string, what: string, cause: unknown): LatchkeyError {
  const { because, remedy } = systemReason(cause);
  return new LatchkeyError('store-failed', `${path} could not be ${what} because ${because}.`, {
    remedy,
    cause,
  });
}
