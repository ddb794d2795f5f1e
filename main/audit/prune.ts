import { copyFile, open, readFile, rm } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { LatchkeyError } from '../contract/errors.ts';
import { readIfThere, syncFolder, writeDurably } from '../store/durable-file.ts';
import { makeFolder } from '../store/make-folder.ts';
import { storeFailed } from '../store/system-reason.ts';
import type { Audit } from './audit.ts';
import type { AuditKey } from './audit-key.ts';
import { listAuditFiles, readLines, type AuditFileName } from './audit-files.ts';
import { createChainCheck } from './chain.ts';
import {
  archivedCheckpointPath,
  checkpointPath,
  readCheckpoint,
  writeCheckpoint,
  type Checkpoint,
} from './checkpoint.ts';
import { decodeRecord, genesis, type ChainEnd } from './record-line.ts';

export interface PruneRequest {
  /** Files whose last record is older than this go. The file that is being written to stays in any case. */
  before: Date;
  /** Absolute path: they are copied there first. */
  archive?: string | undefined;
}

export interface Pruned {
  files: string[];
  records: number;
}

/**
 * Takes old files of the audit away, so that what is left still verifies: first they are checked, then copied where
 * they are to be archived, then it is on record, then a signed checkpoint says where the chain goes on, and only then
 * are they deleted. A crash in between leaves files too many, which count for nothing and go with the next call.
 *
 * @throws LatchkeyError `seal-unavailable` without a key, as nobody could then tell a checkpoint from a forged one;
 *   `audit-broken` where they do not verify; `store-failed`; `audit-unwritable`
 */
export async function pruneAudit(
  { folder, key, audit }: { folder: string; key: AuditKey | undefined; audit: Pick<Audit, 'append'> },
  { before, archive }: PruneRequest,
): Promise<Pruned> {
  if (key === undefined) {
    throw new LatchkeyError('seal-unavailable', 'The audit has no key that could sign a checkpoint.', {
      remedy:
        'Start Latchkey with a keyring or a key file. Without one, stop it and move the whole folder "audit" away: a new audit begins.',
    });
  }
  if (archive !== undefined && !isAbsolute(archive))
    throw new LatchkeyError('request-invalid', 'The archive is named by its whole path.');
  const last = await lastCheckpoint(folder);
  const { leftover, old } = await chosen(folder, before, last);
  if (old.length === 0) {
    await remove(folder, leftover);
    return { files: [], records: 0 };
  }
  const start = last === undefined ? genesis : { seq: last.seq, hash: last.hash };
  const end = await verified(old, start);
  const checkpoint: Checkpoint = {
    ...end,
    file: old.at(-1)?.number ?? 0,
    time: new Date().toISOString(),
    key: key.publicKey,
  };
  if (archive !== undefined) await copyTo(resolve(archive), { folder, old, last, checkpoint, key });
  const files = old.map(({ name }) => name);
  const records = end.seq - start.seq;
  await audit.append({
    event: 'audit-pruned',
    files,
    records,
    lastSeq: end.seq,
    lastHash: end.hash,
    ...(archive === undefined ? {} : { archive: resolve(archive) }),
  });
  await writeCheckpoint(checkpointPath(folder), checkpoint, key);
  await remove(folder, [...leftover, ...old]);
  return { files, records };
}

async function lastCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  const found = await readCheckpoint(checkpointPath(folder));
  if (found === 'forged') throw broken('its checkpoint is damaged or was not signed by its key');
  return found;
}

/** A file's last record is older than the first one of the next file. */
async function chosen(folder: string, before: Date, last: Checkpoint | undefined) {
  const files = await listAuditFiles(folder);
  const isLeftover = ({ number }: AuditFileName): boolean => number <= (last?.file ?? 0);
  const kept = files.filter((file) => !isLeftover(file));
  const old: AuditFileName[] = [];
  for (const [index, file] of kept.entries()) {
    const next = kept[index + 1];
    const nextBegins = next && (await firstTime(next));
    if (nextBegins === undefined || nextBegins >= before.getTime()) break;
    old.push(file);
  }
  return { leftover: files.filter(isLeftover), old };
}

async function firstTime({ path }: AuditFileName): Promise<number | undefined> {
  for await (const { bytes } of readLines(path)) {
    const record = decodeRecord(bytes);
    return record && Date.parse(record.time);
  }
  return undefined;
}

async function verified(files: AuditFileName[], start: ChainEnd): Promise<ChainEnd> {
  const check = createChainCheck(start);
  for (const { name, path } of files) {
    let line = 0;
    for await (const { bytes } of readLines(path)) check.next(bytes, { file: name, line: (line += 1) });
  }
  const [first] = check.breaks;
  if (first !== undefined) throw broken(`${first.file}, line ${first.line}: ${first.detail}`);
  return check.end() ?? start;
}

function broken(why: string): LatchkeyError {
  return new LatchkeyError('audit-broken', `Nothing was taken away, since the audit is not whole: ${why}`, {
    remedy: 'Look into it first: latchkey audit verify',
  });
}

async function copyTo(
  archive: string,
  parts: {
    folder: string;
    old: AuditFileName[];
    last: Checkpoint | undefined;
    checkpoint: Checkpoint;
    key: AuditKey;
  },
): Promise<void> {
  const { folder, old, last, checkpoint, key } = parts;
  await makeFolder(archive).catch((cause: unknown) => {
    throw storeFailed(archive, 'made', cause);
  });
  for (const { name, path } of old) {
    const bytes = await readFile(path);
    const there = await readIfThere(join(archive, name));
    if (there !== undefined && !there.equals(bytes)) {
      throw new LatchkeyError('store-failed', `${join(archive, name)} is there and is another file.`, {
        remedy: 'Name another folder: each audit has an archive of its own.',
      });
    }
    await writeDurably(join(archive, name), bytes);
  }
  if (last !== undefined) {
    const to = archivedCheckpointPath(archive, last.file);
    await copyFile(checkpointPath(folder), to);
    const file = await open(to, 'r+');
    await file.sync().finally(() => file.close());
  }
  await writeCheckpoint(archivedCheckpointPath(archive, checkpoint.file), checkpoint, key);
}

async function remove(folder: string, files: AuditFileName[]): Promise<void> {
  for (const { path } of files) await rm(path, { force: true });
  if (files.length > 0) await syncFolder(folder);
}
