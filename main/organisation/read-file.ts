import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { LatchkeyError } from '../contract/errors.ts';
import type { OrganisationAddress } from './address.ts';
import { maxSignedBytes } from './signed.ts';
import type { Fetched } from './fetch.ts';

/** Whether the bundle is a file of this computer, and no server is asked for it. */
export const isFileAddress = ({ url }: Pick<OrganisationAddress, 'url'>): boolean => url.startsWith('file:');

/**
 * The bundle in a file, which nobody has looked at.
 * @param etag of what is there already
 * @returns undefined where the file says the same, or is gone: it may have come on a stick
 * @throws LatchkeyError `bundle-unreachable`, `bundle-invalid` for one that is too large
 */
export async function readBundle(url: string, etag?: string): Promise<Fetched | undefined> {
  const path = fileURLToPath(url);
  try {
    const text = await textOf(path);
    const own = `"${createHash('sha256').update(text).digest('base64url')}"`;
    return own === etag ? undefined : { text, etag: own };
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause;
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' && etag !== undefined) return undefined;
    throw new LatchkeyError(
      'bundle-unreachable',
      `The organisation's bundle ${path} cannot be read (${code}).`,
      {
        remedy: 'Check the name of the file, and that you may read it.',
        cause,
      },
    );
  }
}

async function textOf(path: string): Promise<string> {
  // A pipe in its place would have whoever joins wait for ever.
  const flags = process.platform === 'win32' ? 'r' : constants.O_RDONLY | constants.O_NONBLOCK;
  const file = await open(path, flags);
  try {
    const info = await file.stat();
    // A device may have no end.
    if (!info.isFile())
      throw new LatchkeyError('bundle-invalid', `${path} is no file.`, {
        remedy: 'Choose the bundle itself.',
      });
    if (info.size > maxSignedBytes)
      throw new LatchkeyError('bundle-invalid', `The file ${path} is larger than 1 MiB.`, {
        remedy: 'Choose the bundle itself.',
      });
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
