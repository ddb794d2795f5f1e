import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { logFileName } from '../log/log.ts';
import { systemCode } from '../store/system-reason.ts';

const mostBytes = 64 * 1024;
const mostLines = 200;

/** The last lines of the log; of the file before it too, where it has only just begun. None where there is no log. */
export async function logTail(folder: string): Promise<string[]> {
  const lines: string[] = [];
  for (const name of [logFileName, `${logFileName}.1`]) {
    if (lines.length < mostLines) lines.unshift(...(await lastLines(join(folder, name))));
  }
  return lines.slice(-mostLines);
}

async function lastLines(path: string): Promise<string[]> {
  try {
    const { size } = await stat(path);
    const from = Math.max(0, size - mostBytes);
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
      const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n');
      // Not a half of one.
      return (from > 0 ? lines.slice(1) : lines).filter((line) => line !== '');
    } finally {
      await file.close();
    }
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}
