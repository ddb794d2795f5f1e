import { systemCode } from '../store/system-reason.ts';
import { listAuditFiles } from './audit-files.ts';
import { readLinesBack } from './lines-back.ts';
import { decodeRecord, type AuditRecord } from './record-line.ts';

export interface Picks {
  since?: Date | undefined;
  until?: Date | undefined;
  /** All of them stand in the line, in whatever case: most lines need not be decoded to be passed over. */
  words?: readonly string[];
  matches?(record: AuditRecord): boolean;
}

export interface RecordsBefore {
  /** The newest first. */
  records: AuditRecord[];
  /** Where the older ones begin; undefined where there are none. */
  before: string | undefined;
  /** Time of the oldest record that was looked at. */
  backTo: string | undefined;
}

/** Whether the bytes are a record that is meant; undefined where they are not. */
export function pick(picks: Picks): (line: Buffer) => AuditRecord | undefined {
  const { since, until, matches = () => true } = picks;
  const words = (picks.words ?? []).map((word) => JSON.stringify(word).slice(1, -1).toLowerCase());
  return (line) => {
    if (words.length > 0) {
      const text = line.toString('utf8', 0, Math.max(0, line.length - linkLength)).toLowerCase();
      if (!words.every((word) => text.includes(word))) return undefined;
    }
    const record = decodeRecord(line);
    if (record === undefined) return undefined;
    const time = Date.parse(record.time);
    if (since !== undefined && time < since.getTime()) return undefined;
    if (until !== undefined && time >= until.getTime()) return undefined;
    return matches(record) ? record : undefined;
  };
}

/** The hashes at the end of each line say nothing to anybody who searches. */
const linkLength = 149;

/**
 * The last `limit` records that are meant and stand before a place, from the end on: only what is needed is read. After `mostBytes`
 * without as many, it answers with what it has, and where to go on. Lines that are no records are passed over:
 * `verifyAudit` reports them.
 *
 * @param options.before what an earlier answer said
 * @throws the system's error where a file cannot be read
 */
export async function readBack(
  folder: string,
  options: Picks & { before?: string | undefined; limit: number; mostBytes?: number },
): Promise<RecordsBefore> {
  const { limit, since, mostBytes = Number.MAX_SAFE_INTEGER } = options;
  const [number, offset] = placeOf(options.before);
  const files = (await listAuditFiles(folder)).filter((file) => file.number <= number).toReversed();
  const picked = pick(options);
  const records: AuditRecord[] = [];
  let backTo: string | undefined;
  let bytes = 0;

  for (const [index, file] of files.entries()) {
    /** Once one is older, so are the files before this one, whatever the clock has done within it. */
    let isReached = false;
    try {
      for await (const lines of readLinesBack(file.path, file.number === number ? offset : undefined)) {
        for (const { bytes: line, start } of lines) {
          bytes += line.length;
          const time = timeIn(line);
          if (time !== undefined) backTo = time;
          if (since !== undefined && time !== undefined && Date.parse(time) < since.getTime())
            isReached = true;
          const record = picked(line);
          if (record !== undefined) records.push(record);
          if (records.length < limit && bytes < mostBytes) continue;
          const isLast = start === 0 && (isReached || index === files.length - 1);
          return { records, before: isLast ? undefined : `${file.number}:${start}`, backTo };
        }
      }
    } catch (thrown) {
      // Old files may be taken away while they are looked through.
      if (systemCode(thrown) !== 'ENOENT') throw thrown;
    }
    if (isReached) break;
  }
  return { records, before: undefined, backTo };
}

function placeOf(before: string | undefined): [number, number | undefined] {
  const [, number, offset] = /^(\d{1,9}):(\d{1,15})$/.exec(before ?? '') ?? [];
  return number === undefined ? [Number.MAX_SAFE_INTEGER, undefined] : [Number(number), Number(offset)];
}

/** Without decoding the line: the time stands behind the number. */
function timeIn(line: Buffer): string | undefined {
  return /^\{(?:"v":\d+,)?"seq":\d+,"time":"([\d:.TZ-]{20,30})"/.exec(line.toString('latin1', 0, 90))?.[1];
}
