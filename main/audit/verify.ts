import { readAnchor } from './anchor.ts';
import { listAuditFiles, readLines } from './audit-files.ts';
import { createChainCheck, type ChainBreak } from './chain.ts';
import { decodeRecord, genesis, type AuditRecord } from './record-line.ts';

export type AuditVerdict =
  | {
      ok: true;
      records: number;
      files: number;
      /** Bytes after the last whole line: a write that is under way, or that a crash cut short. */
      tornBytes: number;
    }
  | ({
      ok: false;
      records: number;
      files: number;
      /** The places where the chain does not hold (the first thousand), in the order of the lines; the first is named beside. */
      breaks: ChainBreak[];
    } & ChainBreak);

/**
 * Checks every line of every file against the chain, and the end against the anchor. Works on the files alone, also
 * while a broker writes to them.
 *
 * @param options.anchorKey the key that the anchor is signed with; without it the signature is not looked at
 * @throws the system's error, or LatchkeyError `store-failed`, where a file cannot be read
 */
export async function verifyAudit(
  folder: string,
  options: { anchorKey?: Uint8Array } = {},
): Promise<AuditVerdict> {
  // Before the files: what it names is then in them, however much is being written meanwhile.
  const anchor = await readAnchor(folder, options.anchorKey);
  const files = await listAuditFiles(folder);
  const check = createChainCheck(genesis);
  let records = 0;
  let tornBytes = 0;
  let last = { file: 'audit-000001.jsonl', line: 0 };
  let anchorMismatch: ChainBreak | undefined;

  for (const { name, path } of files) {
    last = { file: name, line: 0 };
    for await (const { bytes, start, end, ended } of readLines(path)) {
      if (!ended && name === files.at(-1)?.name) {
        tornBytes = end - start;
        break;
      }
      last.line += 1;
      const record = check.next(bytes, { ...last });
      if (record === undefined) continue;
      records += 1;
      if (anchor.kind === 'valid' && record.seq === anchor.seq && record.hash !== anchor.hash) {
        const detail = `The anchor names another record ${record.seq} than this one.`;
        anchorMismatch ??= { ...last, reason: 'edited', detail };
      }
    }
  }

  const breaks: ChainBreak[] = [...check.breaks];
  const after = { file: last.file, line: last.line + 1 };
  const lastSeq = check.end()?.seq ?? genesis.seq;
  if (anchorMismatch !== undefined) breaks.push(anchorMismatch);
  if (anchor.kind === 'valid' && anchor.seq > lastSeq) {
    const detail = `The records after ${lastSeq} are gone; the anchor names record ${anchor.seq}.`;
    breaks.push({ ...after, reason: 'cut-off', detail });
  }
  if (anchor.kind === 'absent' && records > 0) {
    breaks.push({ ...after, reason: 'anchor-missing', detail: 'The anchor is gone; records may be, too.' });
  }
  if (anchor.kind === 'forged') {
    const detail =
      'The anchor is damaged or was not signed with this key; records may be missing from here on.';
    breaks.push({ ...after, reason: 'anchor-forged', detail });
  }
  const inOrder = breaks.toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
  const [first] = inOrder;
  if (first === undefined) return { ok: true, records, files: files.length, tornBytes };
  return { ok: false, ...first, records, files: files.length, breaks: inOrder };
}

/**
 * The last `limit` records, oldest first, not older than `since`. Lines that are no records are passed over:
 * `verifyAudit` reports them.
 *
 * @throws the system's error where a file cannot be read
 */
export async function readAudit(
  folder: string,
  options: { limit: number; since?: Date },
): Promise<AuditRecord[]> {
  const since = options.since?.getTime() ?? Number.NEGATIVE_INFINITY;
  let found: AuditRecord[] = [];
  for (const { path } of (await listAuditFiles(folder)).toReversed()) {
    const here: AuditRecord[] = [];
    let isReached = false;
    for await (const { bytes, ended } of readLines(path)) {
      const record = ended ? decodeRecord(bytes) : undefined;
      if (record === undefined) continue;
      if (Date.parse(record.time) >= since) here.push(record);
      else isReached = true;
    }
    found = [...here, ...found].slice(-options.limit);
    if (isReached || found.length >= options.limit) break;
  }
  return found;
}
