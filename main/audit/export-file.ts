import { open, realpath, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LatchkeyError } from '../contract/errors.ts';
import { systemReason } from '../store/system-reason.ts';
import { listAuditFiles, readLineGroups } from './audit-files.ts';
import { pick, type Picks } from './read-back.ts';

/**
 * Writes the records that are meant into a file, the oldest first, each as the line that stands in the audit. All of them together are
 * a chain that format.md says how to check.
 * @returns how many there are
 * @throws LatchkeyError `command-failed` where the file cannot be written; it is then not there. `request-invalid` for one that would
 *   stand among the audit's own
 */
export async function exportRecords(folder: string, picks: Picks, path: string): Promise<number> {
  const picked = pick(picks);
  let records = 0;
  let file;
  try {
    if ((await realpath(dirname(path))) === (await realpath(folder)))
      throw new LatchkeyError('request-invalid', 'The folder of the audit takes no other files.', {
        remedy: 'Choose another place.',
      });
    file = await open(path, 'w', 0o600);
    for (const { path: source } of await listAuditFiles(folder))
      for await (const lines of readLineGroups(source)) {
        const chosen = lines.filter(({ bytes, ended }) => ended && picked(bytes) !== undefined);
        records += chosen.length;
        const text = chosen.flatMap(({ bytes }) => [bytes, newline]);
        if (text.length > 0) await file.writeFile(Buffer.concat(text));
      }
    await file.close();
    return records;
  } catch (cause) {
    await file?.close().catch(() => undefined);
    if (cause instanceof LatchkeyError) throw cause;
    if (file !== undefined) await rm(path, { force: true }).catch(() => undefined);
    const { because } = systemReason(cause);
    throw new LatchkeyError('command-failed', `The file ${path} cannot be written because ${because}.`, {
      remedy: 'Choose another place.',
      cause,
    });
  }
}

const newline = Buffer.from('\n');
