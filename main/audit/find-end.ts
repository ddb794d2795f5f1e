import { open } from 'node:fs/promises';
import { LatchkeyError } from '../contract/errors.ts';
import type { Anchor } from './anchor.ts';
import { auditFile, listAuditFiles, readLines, type AuditFileName } from './audit-files.ts';
import { createChainCheck, type ChainBreak } from './chain.ts';
import { newerThanThis } from '../store/versioned.ts';
import { genesis, isNewerLine, type ChainEnd, type Link } from './record-line.ts';

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
  const ends = anchor.kind === 'valid' ? [known, ...anchor.ends] : [known];
  const surely = ends.reduce((a, b) => (b.seq > a.seq ? b : a));
  const signed = anchor.kind === 'valid' ? anchor.ends.at(-1) : undefined;
  const scans: Scan[] = [];
  let broken: ChainBreak | undefined;
  for (const file of files.toReversed()) {
    const scan = await scanFile(file, ends);
    const after = scans.at(-1);
    scans.push(scan);
    broken = scan.broken ?? broken;
    if (scan.end === undefined || scan.first === undefined) continue;
    if (after?.first !== undefined && after.first.prev !== scan.end.hash)
      broken ??= { file: after.file.name, line: 1, reason: 'edited', detail: 'It follows another file.' };
    // Back to the record of the signed note, so that a history in newer files cannot be made up beside it.
    if (signed === undefined || scan.first.seq <= signed.seq) break;
  }
  const newest = scans[0];
  const end = scans.find((scan) => scan.end !== undefined)?.end ?? genesis;
  broken ??= breakAtEnd(newest, end, anchor, surely);

  if (broken !== undefined) {
    // A number above 1 even where every file is gone: only file 1 may begin with record 1.
    const isNew = newest === undefined || newest.size > 0;
    const file = isNew ? auditFile(folder, (newest?.file.number ?? 1) + 1) : newest.file;
    return { file, isNew, length: 0, end: surely.seq > end.seq ? surely : end, broken };
  }
  if (newest === undefined) return { file: auditFile(folder, 1), isNew: true, length: 0, end };
  const { file, size, wholeSize: length } = newest;
  const found = { file, isNew: false, length, end };
  return size === length ? found : { ...found, torn: await readRange(file.path, length, size) };
}

interface Scan {
  file: AuditFileName;
  size: number;
  lines: number;
  /** Size and lines up to the last record. */
  wholeSize: number;
  wholeLines: number;
  /** Undefined where the file has no record. */
  end: ChainEnd | undefined;
  first: Link | undefined;
  /** A break before the last record; damage after it is the caller's to judge. */
  broken: ChainBreak | undefined;
}

async function scanFile(file: AuditFileName, ends: ChainEnd[]): Promise<Scan> {
  const check = createChainCheck(file.number === 1 ? genesis : undefined);
  let [size, lines, wholeSize, wholeLines] = [0, 0, 0, 0];
  let broken: ChainBreak | undefined;
  let first: Link | undefined;
  for await (const { bytes, end, ended } of readLines(file.path)) {
    lines += 1;
    size = end;
    if (isNewerLine(bytes)) throw newerThanThis(`The audit's file ${file.path}`);
    const record = ended ? check.next(bytes, { file: file.name, line: lines }) : undefined;
    if (record === undefined) continue;
    first ??= record;
    wholeSize = size;
    wholeLines = lines;
    broken ??= check.breaks[0];
    if (ends.some(({ seq, hash }) => record.seq === seq && record.hash !== hash)) {
      const detail = `The anchor names another record ${record.seq} than this one.`;
      broken ??= { file: file.name, line: lines, reason: 'edited', detail };
    }
  }
  return {
    file,
    size,
    lines,
    wholeSize,
    wholeLines,
    end: wholeLines > 0 ? check.end() : undefined,
    first,
    broken,
  };
}

/** What is wrong at the end of the newest file, where all records before it are in order. */
function breakAtEnd(
  newest: Scan | undefined,
  end: ChainEnd,
  anchor: Anchor,
  surely: ChainEnd,
): ChainBreak | undefined {
  const file = newest?.file.name ?? 'audit-000001.jsonl';
  const line = (newest?.lines ?? 0) + 1;
  if (surely.seq > end.seq) {
    const detail = `The records after ${end.seq} are gone; record ${surely.seq} had been written.`;
    return { file, line, reason: 'cut-off', detail };
  }
  if (newest !== undefined && newest.size - newest.wholeSize > largestTorn) {
    const detail = `${newest.size - newest.wholeSize} bytes at the end are no records.`;
    return { file, line: newest.wholeLines + 1, reason: 'edited', detail };
  }
  if (anchor.kind === 'absent' && end.seq > 0) {
    return { file, line, reason: 'anchor-missing', detail: 'The anchor is gone; records may be, too.' };
  }
  if (anchor.kind === 'forged') {
    const detail = `The anchor is damaged or was not signed with this key: ${anchor.text}`;
    return { file, line, reason: 'anchor-forged', detail };
  }
  return undefined;
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
