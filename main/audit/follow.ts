import { systemCode } from '../store/system-reason.ts';
import { listAuditFiles, readLineGroups, type AuditFileName } from './audit-files.ts';
import { decodeLink, decodeRecord, genesis, type AuditRecord, type ChainEnd } from './record-line.ts';

export interface FollowedRecord {
  record: AuditRecord;
  /** As it stands in the file, without its newline. */
  line: string;
}

export interface Followed {
  /** What the records followed: the record that was asked for, or the beginning where the audit is another one. */
  after: ChainEnd;
  records: FollowedRecord[];
  /** The last record that this has dealt with: sent after it, or lost before it. */
  end: ChainEnd;
  /** Numbers of records that are not there any more. */
  lost: { records: number; firstSeq: number; lastSeq: number } | undefined;
}

interface Position {
  seq: number;
  file: AuditFileName;
  offset: number;
}

const mostRecords = 500;
const mostBytes = 1024 * 1024;

/**
 * Reads the audit of this folder onwards while it is being written, taken up at any record. What stands behind `until` may be
 * half a write, or one that nobody was told of.
 */
export function createFollower(folder: string) {
  /** Where the record after this one is, as far as anybody knows; the files may have gone meanwhile. */
  let known: Position | undefined;

  async function find(after: ChainEnd): Promise<{ files: AuditFileName[]; offset: number }> {
    const files = await listAuditFiles(folder);
    const at = known?.seq === after.seq ? known : undefined;
    const place = at === undefined ? -1 : files.findIndex(({ number }) => number === at.file.number);
    if (at !== undefined && place !== -1) return { files: files.slice(place), offset: at.offset };
    for (let index = files.length - 1; index > 0; index -= 1) {
      const first = await firstSeq(files[index]);
      if (first !== undefined && first <= after.seq) return { files: files.slice(index), offset: 0 };
    }
    return { files, offset: 0 };
  }

  /** @throws the error of the system where a file cannot be read */
  async function read(after: ChainEnd, until: ChainEnd): Promise<Followed> {
    const { files, offset } = await find(after);
    const records: FollowedRecord[] = [];
    const gaps: [number, number][] = [];
    let bytesRead = 0;
    let end = after;
    let position: Position | undefined;
    let from = offset;
    const isFull = () => records.length >= mostRecords || bytesRead >= mostBytes;
    for (const file of files) {
      for await (const lines of readLineGroups(file.path, from)) {
        for (const { bytes, end: next, ended } of lines) {
          const link = ended ? decodeLink(bytes) : undefined;
          if (link === undefined) continue;
          if (link.seq === after.seq && link.hash !== after.hash) return other(until);
          if (link.seq > until.seq || isFull()) break;
          position = { seq: link.seq, file, offset: next };
          if (link.seq <= end.seq) continue;
          const record = decodeRecord(bytes);
          if (record === undefined) continue;
          if (link.seq > end.seq + 1) gaps.push([end.seq + 1, link.seq - 1]);
          records.push({ record, line: bytes.toString('utf8') });
          bytesRead += bytes.length;
          end = { seq: link.seq, hash: link.hash };
        }
        if (isFull() || end.seq >= until.seq) break;
      }
      if (isFull() || end.seq >= until.seq) break;
      from = 0;
    }
    // All files are read to their end, and the last records are in none of them.
    if (!isFull() && end.seq < until.seq) {
      gaps.push([end.seq + 1, until.seq]);
      end = until;
    }
    known = position?.seq === end.seq ? position : undefined;
    return { after, records, end, lost: lostIn(gaps) };
  }

  /** The folder has another audit than the one that was read before: its first record is the next one. */
  const other = (until: ChainEnd): Promise<Followed> => read(genesis, until);

  return {
    /** The next records after this one; some hundred at most. */
    async next(after: ChainEnd, until: ChainEnd): Promise<Followed> {
      try {
        return await (after.seq > until.seq ? other(until) : read(after, until));
      } catch (thrown) {
        // Taken away between the look into the folder and the look into the file.
        if (systemCode(thrown) !== 'ENOENT') throw thrown;
        known = undefined;
        return read(after, until);
      }
    },
  };
}

async function firstSeq(file: AuditFileName | undefined): Promise<number | undefined> {
  if (file === undefined) return undefined;
  for await (const lines of readLineGroups(file.path))
    for (const { bytes } of lines) {
      const link = decodeLink(bytes);
      if (link !== undefined) return link.seq;
    }
  return undefined;
}

function lostIn(gaps: [number, number][]): Followed['lost'] {
  const [first] = gaps;
  const last = gaps.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const records = gaps.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  return { records, firstSeq: first[0], lastSeq: last[1] };
}
