import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { LatchkeyError } from '../contract/errors.ts';
import { newerThanThis } from '../store/versioned.ts';
import { readAllAnchors, type Anchor } from './anchor.ts';
import { listAuditFiles, readLineGroups, type AuditFileName, type Line } from './audit-files.ts';
import { createChainCheck, type ChainBreak } from './chain.ts';
import { archivedCheckpointPath, checkpointPath, readCheckpoint } from './checkpoint.ts';
import { readBack, type Picks } from './read-back.ts';
import { genesis, isNewerLine, type AuditRecord, type ChainEnd } from './record-line.ts';

interface Counted {
  records: number;
  files: number;
  /** Public keys that signed a note of the last record; absent where only the note without a signature is there. */
  signedBy?: string[];
  /** Records before this one are not there: they were taken away under a signed checkpoint. */
  from?: number;
}

export type AuditVerdict =
  | (Counted & {
      ok: true;
      /** Bytes after the last whole line: a write that is under way, or that a crash cut short. */
      tornBytes: number;
    })
  | (Counted & {
      ok: false;
      /** The places where the chain does not hold (the first thousand), in the order of the lines; the first is named beside. */
      breaks: ChainBreak[];
    } & ChainBreak);

/**
 * Checks every line of every file against the chain, and the end against the anchor. Works on the files alone, also
 * while a broker writes to them.
 *
 * @param options.publicKey what must have signed an anchor, and the checkpoint where there is one; without it each is
 *   held against the key that it names
 * @param options.from an archive, whose files come before those in the folder; or a checkpoint that was kept elsewhere,
 *   at which the check begins
 * @throws the system's error, or LatchkeyError `store-failed`, where a file cannot be read; `stored-newer` for records
 *   of a later version; `request-invalid` where there is no `from`
 */
export async function verifyAudit(
  folder: string,
  options: { publicKey?: string | undefined; from?: string | undefined } = {},
): Promise<AuditVerdict> {
  const { publicKey } = options;
  // Before the files: what it names is then in them, however much is being written meanwhile.
  const { anchor, signedBy } = await readAllAnchors(folder, publicKey);
  const { files, start, broken } = await startOf(folder, options);
  const check = createChainCheck(start);
  let records = 0;
  let tornBytes = 0;
  let last = { file: files[0]?.name ?? 'audit-000001.jsonl', line: 0 };
  const named = new Map(anchor.kind === 'valid' ? anchor.ends.map(({ seq, hash }) => [seq, hash]) : []);
  const mismatches: ChainBreak[] = [];

  function take({ bytes, start: from, end, ended }: Line, { name, path }: AuditFileName): void {
    if (!ended && name === files.at(-1)?.name) {
      tornBytes = end - from;
      return;
    }
    last.line += 1;
    if (isNewerLine(bytes)) throw newerThanThis(`The audit's file ${path}`);
    const place = { file: last.file, line: last.line };
    const record = check.next(bytes, place);
    if (record === undefined) return;
    records += 1;
    const hash = named.get(record.seq);
    if (hash === undefined || record.hash === hash) return;
    const detail = `The anchor names another record ${record.seq} than this one.`;
    mismatches.push({ ...place, reason: 'edited', detail });
  }

  for (const file of files) {
    last = { file: file.name, line: 0 };
    for await (const lines of readLineGroups(file.path)) for (const line of lines) take(line, file);
  }

  const after = { file: last.file, line: last.line + 1 };
  const breaks = [
    ...check.breaks,
    ...mismatches,
    ...breaksAtEnd(anchor, check.end()?.seq ?? 0, records, after),
  ];
  const inOrder = [
    ...(broken === undefined ? [] : [broken]),
    ...breaks.toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line),
  ];
  const [first] = inOrder;
  const counted: Counted = {
    records,
    files: files.length,
    ...(signedBy.length > 0 ? { signedBy } : {}),
    ...(start !== undefined && start.seq > 0 ? { from: start.seq + 1 } : {}),
  };
  if (first === undefined) return { ok: true, ...counted, tornBytes };
  return { ok: false, ...first, ...counted, breaks: inOrder };
}

function breaksAtEnd(
  anchor: Anchor,
  lastSeq: number,
  records: number,
  after: { file: string; line: number },
): ChainBreak[] {
  if (anchor.kind === 'absent' && records > 0)
    return [{ ...after, reason: 'anchor-missing', detail: 'The anchor is gone; records may be, too.' }];
  if (anchor.kind === 'forged') {
    const detail =
      'The anchor is damaged or was not signed with this key; records may be missing from here on.';
    return [{ ...after, reason: 'anchor-forged', detail }];
  }
  const highest = anchor.kind === 'valid' ? Math.max(...anchor.ends.map(({ seq }) => seq)) : 0;
  if (highest <= lastSeq) return [];
  const detail = `The records after ${lastSeq} are gone; the anchor names record ${highest}.`;
  return [{ ...after, reason: 'cut-off', detail }];
}

/** Which files are to be checked, and what the first of their records must follow. */
async function startOf(
  folder: string,
  { publicKey, from }: { publicKey?: string | undefined; from?: string | undefined },
): Promise<{ files: AuditFileName[]; start: ChainEnd | undefined; broken?: ChainBreak }> {
  const own = await listAuditFiles(folder);
  const isArchive = from !== undefined && (await isFolder(from));
  const archived = isArchive ? await listAuditFiles(from) : [];
  const [oldest] = archived;
  const path =
    from === undefined
      ? checkpointPath(folder)
      : isArchive
        ? archivedCheckpointPath(from, (oldest?.number ?? 1) - 1)
        : from;
  const checkpoint = await readCheckpoint(path);
  if (isArchive && oldest === undefined) throw nothingThere(from, 'it has no files of an audit');
  if (from !== undefined && !isArchive && checkpoint === undefined)
    throw nothingThere(from, 'it is not there');
  const lastArchived = archived.at(-1)?.number ?? 0;
  const all = [...archived, ...own.filter(({ number }) => number > lastArchived)];
  if (checkpoint === undefined) return { files: all, start: genesis };
  const isForged = checkpoint === 'forged' || (publicKey !== undefined && checkpoint.key !== publicKey);
  const broken: ChainBreak = {
    file: basename(path),
    line: 1,
    reason: 'checkpoint-forged',
    detail: `The checkpoint in ${dirname(path)} is damaged or was not signed with this key.`,
  };
  if (checkpoint === 'forged') return { files: all, start: undefined, broken };
  return {
    // Those up to the checkpoint are to be deleted, and count for nothing.
    files: all.filter(({ number }) => number > checkpoint.file),
    start: { seq: checkpoint.seq, hash: checkpoint.hash },
    ...(isForged ? { broken } : {}),
  };
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

function nothingThere(path: string, why: string): LatchkeyError {
  return new LatchkeyError('request-invalid', `${path} cannot be used: ${why}.`, {
    remedy: '--from takes the folder of an archive, or the file of a checkpoint.',
  });
}

/**
 * The last `limit` records that are meant, oldest first.
 *
 * @throws the system's error where a file cannot be read
 */
export async function readAudit(folder: string, options: Picks & { limit: number }): Promise<AuditRecord[]> {
  return (await readBack(folder, options)).records.toReversed();
}
