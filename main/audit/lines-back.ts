import { open, type FileHandle } from 'node:fs/promises';

export interface LineBefore {
  /** Without its newline. */
  bytes: Buffer;
  /** Where it starts in its file. */
  start: number;
}

const blockSize = 256 * 1024;
/** Far more than any record can have; of a longer line, which is damage, not all is kept in memory. */
const longestLine = 8 * 1024 * 1024;
const newline = 0x0a;

/**
 * The whole lines of a file from its end on, the last one first, many at a time. What stands after the last newline is a write that
 * is under way, and no line.
 * @param until only those that end here or before
 */
export async function* readLinesBack(
  path: string,
  until = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<LineBefore[]> {
  const file = await open(path, 'r');
  try {
    let position = Math.min((await file.stat()).size, until);
    /** Where the newline is that ends the line which is being gathered; none before the last newline was found. */
    let lineEnd: number | undefined;
    let later: Buffer[] = [];
    let laterLength = 0;
    while (position > 0) {
      const from = Math.max(0, position - blockSize);
      const block = await readWhole(file, from, position);
      const lines: LineBefore[] = [];
      let end = block.length;
      for (let at = lastNewline(block, end); at !== -1; at = lastNewline(block, end)) {
        if (lineEnd !== undefined)
          lines.push({ bytes: Buffer.concat([block.subarray(at + 1, end), ...later]), start: from + at + 1 });
        lineEnd = from + at;
        end = at;
        later = [];
        laterLength = 0;
      }
      if (lineEnd !== undefined && laterLength < longestLine) {
        later.unshift(block.subarray(0, end));
        laterLength += end;
      }
      if (from === 0 && lineEnd !== undefined) lines.push({ bytes: Buffer.concat(later), start: 0 });
      if (lines.length > 0) yield lines;
      position = from;
    }
  } finally {
    await file.close();
  }
}

function lastNewline(block: Buffer, before: number): number {
  return before === 0 ? -1 : block.lastIndexOf(newline, before - 1);
}

async function readWhole(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(to - from);
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, from + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
