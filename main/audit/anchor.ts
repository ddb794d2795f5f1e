import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, writeDurably } from '../store/durable-file.ts';
import { systemCode } from '../store/system-reason.ts';
import { newerThanThis, versionOf } from '../store/versioned.ts';
import { isSigned, type AuditKey } from './audit-key.ts';
import type { ChainEnd } from './record-line.ts';

/**
 * Notes beside the audit of the last record that is surely on the disk, renewed about once a second while records come,
 * and on close. A chain alone cannot show that its newest records were cut off; with a note it can, up to the record
 * that the note names. What it cannot show: records cut off behind the note, and an older note put back together with
 * the records of its time.
 *
 * `anchor.json` has no signature: whoever may edit the audit may edit it too, and it only shows accidents and careless
 * hands. `anchor-<kind of the seal>.json` is signed with the audit's key, and nobody without it can write one that fits.
 */
export type Anchor =
  | { kind: 'absent' }
  /** Not a note, or not signed with this key. `text` is what is there. */
  | { kind: 'forged'; text: string }
  /** `ends`: what each note names. */
  | { kind: 'valid'; ends: ChainEnd[] };

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const seq = z.number().int().nonnegative();
/** `mac` was written by nobody but tests of the first version; it is not looked at. */
const plainNote = z.strictObject({ version: z.literal(1).optional(), seq, hash: hex, mac: hex.optional() });
const signedNote = z.strictObject({
  version: z.literal(1),
  seq,
  hash: hex,
  key: z.string(),
  signature: z.string(),
});

type Note =
  { kind: 'absent' } | { kind: 'forged'; text: string } | { kind: 'valid'; end: ChainEnd; key?: string };

/**
 * @throws LatchkeyError `store-failed` for a note that cannot be read, `stored-newer` for one of a later version
 * @param key the audit's own: its note must then be there, unless it has not signed one yet
 */
export async function readAnchor(
  folder: string,
  key: AuditKey | undefined,
  isKeyNew: boolean,
): Promise<Anchor> {
  const plain = await readNote(join(folder, 'anchor.json'));
  if (plain.kind !== 'valid') return plain;
  if (key === undefined) return { kind: 'valid', ends: [plain.end] };
  const path = signedPath(folder, key.kind);
  const signed = await readNote(path, key.publicKey);
  if (signed.kind === 'valid') return { kind: 'valid', ends: [plain.end, signed.end] };
  if (isKeyNew) return { kind: 'valid', ends: [plain.end] };
  return signed;
}

/**
 * The same for whoever checks from outside.
 * @param publicKey must have signed one of the notes; without it each signed note is held against the key in it
 * @returns with the keys that have signed
 */
export async function readAllAnchors(
  folder: string,
  publicKey: string | undefined,
): Promise<{ anchor: Anchor; signedBy: string[] }> {
  const plain = await readNote(join(folder, 'anchor.json'));
  if (plain.kind !== 'valid') return { anchor: plain, signedBy: [] };
  const ends = [plain.end];
  const signedBy: string[] = [];
  let forged: Anchor | undefined;
  for (const name of await namesOf(folder)) {
    const signed = await readNote(join(folder, name), 'its own');
    if (signed.kind === 'forged') forged ??= signed;
    if (signed.kind !== 'valid') continue;
    ends.push(signed.end);
    signedBy.push(signed.key ?? '');
  }
  if (publicKey === undefined) return { anchor: forged ?? { kind: 'valid', ends }, signedBy };
  if (signedBy.includes(publicKey)) return { anchor: { kind: 'valid', ends }, signedBy };
  const text = 'no note is signed with this key';
  return {
    anchor: signedBy.length > 0 ? { kind: 'forged', text } : (forged ?? { kind: 'absent' }),
    signedBy,
  };
}

export async function writeAnchor(folder: string, end: ChainEnd, key: AuditKey | undefined): Promise<void> {
  const write = (path: string, note: object): Promise<void> =>
    writeDurably(path, Buffer.from(`${JSON.stringify(note)}\n`));
  // Without a version, as it always was: the first Latchkey takes no member that it does not know.
  await write(join(folder, 'anchor.json'), { seq: end.seq, hash: end.hash });
  if (key === undefined) return;
  const signature = key.sign(textOf(end));
  await write(signedPath(folder, key.kind), {
    version: 1,
    seq: end.seq,
    hash: end.hash,
    key: key.publicKey,
    signature,
  });
}

/** @param signer a public key, or `its own` for the one in the note; undefined for the note without a signature */
async function readNote(path: string, signer?: string): Promise<Note> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return { kind: 'absent' };
  const text = bytes.toString('utf8');
  const forged = { kind: 'forged' as const, text };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return forged;
  }
  if (versionOf(parsed) > 1) throw newerThanThis(`The audit's anchor ${path}`);
  if (signer === undefined) {
    const { data } = plainNote.safeParse(parsed);
    return data === undefined ? forged : { kind: 'valid', end: { seq: data.seq, hash: data.hash } };
  }
  const { data } = signedNote.safeParse(parsed);
  if (data === undefined) return forged;
  const end = { seq: data.seq, hash: data.hash };
  const isRight = signer === 'its own' || data.key === signer;
  if (!isRight || !isSigned(textOf(end), data.signature, data.key)) return forged;
  return { kind: 'valid', end, key: data.key };
}

async function namesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => /^anchor-[a-z-]+\.json$/.test(name)).toSorted();
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}

const signedPath = (folder: string, kind: string): string => join(folder, `anchor-${kind}.json`);

function textOf({ seq: number, hash }: ChainEnd): string {
  return `latchkey audit anchor, version 1\n${number}\n${hash}\n`;
}
