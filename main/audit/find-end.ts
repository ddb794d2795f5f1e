import { open } from 'node:fs/promises';
import { LatchkeyError } from '../contract/errors.ts';
import type { Anchor } from './anchor.ts';
import { auditFile, listAuditFiles, readLines, type AuditFileName } from './audit-files.ts';
import { createChainCheck, type ChainBreak } from './chain.ts';
import { genesis, type ChainEnd } from './record-line.ts';

/** Where writing goes on. */
export interface FoundEnd {
  file: AuditFileName;
  isNew: boolean;
  /** Bytes of the file that are whole records. */
  length: number;
  end: ChainEnd;
  /** What follows them in the file: a write that was cut short. */
  torn?: Buffer;
  /** Records that had been written are damaged or gone. Their file is then left alone, and a new one is begun. */
  broken?: ChainBreak;
}

/** Far more than one group of records: a longer tail is no torn write, and is not taken into memory. */
const largestTorn = 64 * 1024 * 1024;

/**
 * Looks where the last run ended, reading the newest file that has a record (`verifyAudit` reads them all).
 *
 * Lines at the end that are no records are a torn write if nothing says that they were acknowledged; where the anchor
 * (or this process itself: `known`) names a later record than the last whole one, or a whole record follows the
 * damage, it is a break.
 */
export async function findEnd(folder: string, anchor: Anchor, known: ChainEnd): Promise<FoundEnd> {
  const files = await listAuditFiles(folder);
  const newest = files.at(-1);
  const surely = anchor.kind === 'valid' && anchor.seq > known.seq ? anchor : known;
  let end = genesis;
  let length = 0;
  let size = 0;
  let broken: ChainBreak | undefined;
  let lastLine = 0;
  let lastWholeLine = 0;

  for (const file of files.toReversed()) {
    const check = createChainCheck(file.number === 1 ? genesis : undefined);
    let wholeUntil = 0;
    let fileSize = 0;
    let line = 0;
    let breaksUntilWhole = 0;
    for await (const { bytes, end: lineEnd, ended } of readLines(file.path)) {
      line += 1;
      fileSize = lineEnd;
      const record = ended ? check.next(bytes, { file: file.name, line }) : undefined;
      if (record === undefined) continue;
      wholeUntil = lineEnd;
      if (file === newest) lastWholeLine = line;
      breaksUntilWhole = check.breaks.length;
      if (record.seq === surely.seq && record.hash !== surely.hash) {
        const detail = `The anchor names another record ${record.seq} than this one.`;
        broken = { file: file.name, line, reason: 'edited', detail };
      }
    }
    if (file === newest) {
      length = wholeUntil;
      size = fileSize;
      lastLine = line;
    }
    if (wholeUntil === 0) continue;
    end = check.end() ?? genesis;
    if (breaksUntilWhole > 0) broken = check.breaks[0];
    break;
  }

  const after = { file: newest?.name ?? auditFile(folder, 1).name, line: lastLine + 1 };
  if (broken === undefined && surely.seq > end.seq) {
    const detail = `The records after ${end.seq} are gone; record ${surely.seq} had been written.`;
    broken = { ...after, reason: 'cut-off', detail };
  }
  if (broken === undefined && size - length > largestTorn) {
    const detail = `${size - length} bytes at the end are no records.`;
    broken = { ...after, line: lastWholeLine + 1, reason: 'edited', detail };
  }
  if (broken === undefined && anchor.kind === 'absent' && end.seq > 0) {
    broken = { ...after, reason: 'anchor-missing', detail: 'The anchor is gone; records may be, too.' };
  }
  if (broken === undefined && anchor.kind === 'forged') {
    const detail = `The anchor is damaged or was not signed with this key: ${anchor.text}`;
    broken = { ...after, reason: 'anchor-forged', detail };
  }

  if (broken !== undefined) {
    // A number above 1 even where every file is gone: only file 1 may begin with record 1.
    const isNew = newest === undefined || size > 0;
    const file = isNew ? auditFile(folder, (newest?.number ?? 1) + 1) : newest;
    return { file, isNew, length: 0, end: surely.seq > end.seq ? surely : end, broken };
  }
  if (newest === undefined) return { file: auditFile(folder, 1), isNew: true, length: 0, end };
  const found = { file: newest, isNew: false, length, end };
  return size === length ? found : { ...found, torn: await readRange(newest.path, length, size) };
}

async function readRange(path: string, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(to - from);
  const file = await open(path, 'r');
  try {
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await file.read(bytes, done, bytes.length - done, from + done);
      if (bytesRead === 0)
        throw new LatchkeyError('audit-unwritable', `${path} changed while it was being read.`);
      done += bytesRead;
    }
  } finally {
    await file.close();
  }
  return bytes;
}
