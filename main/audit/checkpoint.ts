import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, writeDurably } from '../store/durable-file.ts';
import { newerThanThis, versionOf } from '../store/versioned.ts';
import { isSigned, type AuditKey } from './audit-key.ts';
import type { ChainEnd } from './record-line.ts';

/**
 * Where the chain goes on after files were taken away: the last record of the last of them, signed with the audit's key.
 * What was before it can be forged or lost without a trace here; that it ended with this record cannot.
 */
export interface Checkpoint extends ChainEnd {
  /** Number of the last file that was taken away. */
  file: number;
  /** When, ISO 8601. */
  time: string;
  /** The public key that signed it. */
  key: string;
}

const stored = z.strictObject({
  version: z.literal(1),
  seq: z.number().int().positive(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  file: z.number().int().positive(),
  time: z.iso.datetime(),
  key: z.string(),
  signature: z.string(),
});

/** That of the audit in this folder. */
export function checkpointPath(folder: string): string {
  return join(folder, 'checkpoint.json');
}

/** In an archive, which may keep several. */
export function archivedCheckpointPath(folder: string, file: number): string {
  return join(folder, `checkpoint-${file.toString().padStart(6, '0')}.json`);
}

/**
 * @returns `forged` for what its key did not sign; undefined where there is none
 * @throws LatchkeyError `store-failed`, `stored-newer`
 */
export async function readCheckpoint(path: string): Promise<Checkpoint | 'forged' | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch {
    return 'forged';
  }
  if (versionOf(parsed) > 1) throw newerThanThis(`The checkpoint ${path}`);
  const { data } = stored.safeParse(parsed);
  if (data === undefined) return 'forged';
  const { version: _, signature, ...checkpoint } = data;
  return isSigned(textOf(checkpoint), signature, checkpoint.key) ? checkpoint : 'forged';
}

/** Throws LatchkeyError `store-failed`. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint, key: AuditKey): Promise<void> {
  const signature = key.sign(textOf(checkpoint));
  await writeDurably(path, Buffer.from(`${JSON.stringify({ version: 1, ...checkpoint, signature })}\n`));
}

function textOf({ seq, hash, file, time }: Checkpoint): string {
  return `latchkey audit checkpoint, version 1\n${seq}\n${hash}\n${file}\n${time}\n`;
}
