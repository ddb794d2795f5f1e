import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LatchkeyError } from '../contract/errors.ts';
import { readIfThere } from './durable-file.ts';
import type { Seal } from './seal.ts';
import { storeFailed, systemCode } from './system-reason.ts';
import { isNewer } from './versioned.ts';

/**
 * Refuses the key of a file that opens nothing of what is stored: another one was meant. To go on with it would put aside
 * secret after secret, and make a new certificate authority that no client trusts and a new key of the audit; the key of
 * before would bring none of that back.
 * @param sealed folder of the home
 * @throws LatchkeyError `seal-unavailable`, `store-failed`
 */
export async function refuseOtherKey(sealed: string, seal: Seal): Promise<void> {
  // The key of a keychain cannot be another one by mistake; one that is gone is gone for good.
  if (seal.kind !== 'key-file') return;
  const folder = join(sealed, seal.kind);
  const files = await sealedFiles(folder);
  for (const file of files) if (await opens(join(folder, file), seal)) return;
  if (files.length === 0) return;
  throw new LatchkeyError(
    'seal-unavailable',
    `The key file is not the one with which ${folder} was sealed.`,
    {
      remedy:
        'Give the key file of before. If it is lost, move that folder away: passwords, sign-ins and second factors are then entered anew, and clients trust a new certificate authority (docs/BACKUP.md).',
    },
  );
}

/** The folder with what earlier runs have stored under a key file; undefined where there is nothing. */
export async function storedUnderKeyFile(sealed: string): Promise<string | undefined> {
  const folder = join(sealed, 'key-file');
  return (await sealedFiles(folder)).length > 0 ? folder : undefined;
}

async function sealedFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.sealed'));
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return [];
    throw storeFailed(folder, 'read', cause);
  }
}

async function opens(path: string, seal: Seal): Promise<boolean> {
  const bytes = await readIfThere(path).catch((cause: unknown) => {
    throw storeFailed(path, 'read', cause);
  });
  try {
    if (bytes !== undefined) await seal.open(bytes);
    return bytes !== undefined;
  } catch (cause) {
    // Sealed with this key, in a form that this version does not know.
    return isNewer(cause);
  }
}
