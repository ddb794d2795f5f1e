import { createHmac, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, writeDurably } from '../store/durable-file.ts';
import type { ChainEnd } from './record-line.ts';

/**
 * A note beside the audit of the last record that is surely on the disk, renewed about once a second while records
 * come, and on close. A chain alone cannot show that its newest records were cut off; with the note it can, up to the
 * record that the note names. What it cannot show: records cut off behind the note, and an older note put back
 * together with the records of its time. With a key (HMAC-SHA-256) nobody without the key can write a fitting note;
 * without one, whoever may edit the audit may edit the note too, and it only shows accidents and careless hands.
 */
export type Anchor =
  | { kind: 'absent' }
  /** Not a note, or (where a key is given) not signed with this key. `text` is what is there. */
  | { kind: 'forged'; text: string }
  | ({ kind: 'valid' } & ChainEnd);

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const note = z.strictObject({ seq: z.number().int().nonnegative(), hash: hex, mac: hex.optional() });

const anchorPath = (folder: string): string => join(folder, 'anchor.json');

/** Throws LatchkeyError `store-failed` where the note cannot be read: that is not the same as no note. */
export async function readAnchor(folder: string, key: Uint8Array | undefined): Promise<Anchor> {
  const bytes = await readIfThere(anchorPath(folder));
  if (bytes === undefined) return { kind: 'absent' };
  const text = bytes.toString('utf8');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { kind: 'forged', text };
  }
  const { data } = note.safeParse(parsed);
  if (data === undefined) return { kind: 'forged', text };
  const { seq, hash, mac } = data;
  if (key !== undefined) {
    const given = Buffer.from(mac ?? '', 'hex');
    const expected = macOf({ seq, hash }, key);
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      return { kind: 'forged', text };
  }
  return { kind: 'valid', seq, hash };
}

/** Throws LatchkeyError `store-failed`. */
export async function writeAnchor(folder: string, end: ChainEnd, key: Uint8Array | undefined): Promise<void> {
  const mac = key === undefined ? {} : { mac: macOf(end, key).toString('hex') };
  await writeDurably(anchorPath(folder), Buffer.from(`${JSON.stringify({ ...end, ...mac })}\n`));
}

function macOf({ seq, hash }: ChainEnd, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(`latchkey audit anchor, version 1\n${seq}\n${hash}\n`).digest();
}
