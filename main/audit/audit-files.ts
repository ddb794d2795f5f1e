import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../store/system-reason.ts';

export interface AuditFileName {
  number: number;
  name: string;
  path: string;
}

export interface Line {
  /** Without the newline; at most `longestLine` bytes of it. */
  bytes: Buffer;
  /** Where the line starts in its file, and where the next one does. */
  start: number;
  end: number;
  /** False for the last line of a file that does not end with a newline. */
  ended: boolean;
}

/** Far more than any record can have; a longer line is damage, and is not kept in memory. */
const longestLine = 8 * 1024 * 1024;
const newline = 0x0a;

export function auditFile(folder: string, number: number): AuditFileName {
  const name = `audit-${number.toString().padStart(6, '0')}.jsonl`;
  return { number, name, path: join(folder, name) };
}

/** The audit's files in the order of writing; none where the folder does not exist. */
export async function listAuditFiles(folder: string): Promise<AuditFileName[]> {
  const names = await readdir(folder).catch((thrown: unknown) => {
    if (systemCode(thrown) === 'ENOENT') return [];
    throw thrown;
  });
  return names
    .map((name) => /^audit-(\d{6,9})\.jsonl$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map((digits) => auditFile(folder, Number(digits)))
    .toSorted((a, b) => a.number - b.number);
}

/** The lines of a file, the last one also where no newline ends it. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  for await (const lines of readLineGroups(path)) yield* lines;
}

/**
 * The same, many at a time: to wait for each single one is most of what it takes to read a million.
 * @param from where the first of them starts
 */
export async function* readLineGroups(path: string, from = 0): AsyncGenerator<Line[]> {
  let held: Buffer[] = [];
  let heldLength = 0;
  let start = from;
  function hold(bytes: Buffer): void {
    if (heldLength < longestLine) held.push(bytes.subarray(0, longestLine - heldLength));
    heldLength += bytes.length;
  }
  function take(ended: boolean): Line {
    const end = start + heldLength + (ended ? 1 : 0);
    const line = { bytes: held.length === 1 && held[0] ? held[0] : Buffer.concat(held), start, end, ended };
    held = [];
    heldLength = 0;
    start = end;
    return line;
  }
  const chunks: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 256 * 1024, start: from });
  for await (const chunk of chunks) {
    const lines: Line[] = [];
    let next = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, next)) {
      hold(chunk.subarray(next, at));
      next = at + 1;
      lines.push(take(true));
    }
    if (next < chunk.length) hold(chunk.subarray(next));
    if (lines.length > 0) yield lines;
  }
  if (heldLength > 0) yield [take(false)];
}
