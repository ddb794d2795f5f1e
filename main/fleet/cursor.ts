import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { ChainEnd } from '../audit/record-line.ts';
import { jsonBytes, jsonOf } from '../base/json-bytes.ts';
import { readIfThere, writeDurably } from '../store/durable-file.ts';
import { newerThanThis, versionOfJson } from '../store/versioned.ts';

const stored = z.object({
  version: z.literal(1),
  seq: z.number().int().nonnegative(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  failingSince: z.iso.datetime().optional(),
});

/** How far a sink has come, over restarts. */
export interface Cursor {
  /** The last record that the sink has. */
  sent: ChainEnd;
  /** Since when it takes none, in ms since 1970. */
  failingSince: number | undefined;
}

/**
 * @returns undefined where there is none; `damaged` for what cannot be read as one
 * @throws LatchkeyError `store-failed`, `stored-newer`
 */
export async function readCursor(path: string): Promise<Cursor | 'damaged' | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  if (versionOfJson(bytes) > 1) throw newerThanThis(`The note ${path}`);
  const { data } = stored.safeParse(jsonOf(bytes));
  if (data === undefined) return 'damaged';
  const { seq, hash, failingSince } = data;
  return {
    sent: { seq, hash },
    failingSince: failingSince === undefined ? undefined : Date.parse(failingSince),
  };
}

/** @throws LatchkeyError `store-failed` */
export async function writeCursor(path: string, { sent, failingSince }: Cursor): Promise<void> {
  const value: z.input<typeof stored> = {
    version: 1,
    seq: sent.seq,
    hash: sent.hash,
    failingSince: failingSince === undefined ? undefined : new Date(failingSince).toISOString(),
  };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeDurably(path, jsonBytes(value));
}
