import { hash as digest } from 'node:crypto';
import { z } from 'zod';
import type { AuditEvent } from './events.ts';

/**
 * One record is one line of JSON (see format.md):
 *
 *   {"v":1,"seq":7,"time":"…","event":"…", the event's own members, "prev":"<hash of record 6>","hash":"<64 hex digits>"}
 *
 * `hash` is the SHA-256 of the line's bytes without its last member: without `,"hash":"…"`, up to and with the `}`.
 */
const frame = z.looseObject({
  /** The version of the form; the first records have none. */
  v: z.literal(1).optional(),
  seq: z.number().int().positive(),
  time: z.iso.datetime(),
  event: z.string(),
  prev: z.string().regex(/^[0-9a-f]{64}$/),
});

export type AuditRecord = z.infer<typeof frame> & { hash: string };

/** Where the chain is: the record that the next one follows. */
export interface ChainEnd {
  seq: number;
  hash: string;
}

/** What the first record follows. */
export const genesis: ChainEnd = { seq: 0, hash: '0'.repeat(64) };

const version = 1;
const prevMemberLength = 74;
const hashMemberLength = 75;
const comma = 0x2c;
const closingBrace = 0x7d;
const longestString = 1000;
const longestList = 500;

/** The line with its newline, and the chain's new end. */
export function encodeRecord(
  event: AuditEvent,
  after: ChainEnd,
  time: Date,
): { line: Buffer; end: ChainEnd } {
  const seq = after.seq + 1;
  const record = { v: version, seq, time: time.toISOString(), ...event, prev: after.hash };
  const body = escapeInvisible(JSON.stringify(record, bounded));
  const hash = sha256(Buffer.from(body));
  return { line: Buffer.from(`${body.slice(0, -1)},"hash":"${hash}"}\n`), end: { seq, hash } };
}

/** What the chain needs of a record. */
export type Link = ChainEnd & { prev: string };

/** The record of a line without its newline; undefined where the bytes are not what `encodeRecord` wrote. */
export function decodeRecord(line: Buffer): AuditRecord | undefined {
  const link = decodeLink(line);
  if (link === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
  const { data } = frame.safeParse(parsed);
  const isSame = data?.seq === link.seq && data.prev === link.prev;
  return data && isSame ? { ...data, hash: link.hash } : undefined;
}

/**
 * Number and hashes of a record, by the places where `encodeRecord` writes them, without reading what is between: a
 * million of them take seconds.
 */
export function decodeLink(line: Buffer): Link | undefined {
  const hashes = hashesOf(line);
  const seq = hashes === undefined ? undefined : seqOf(line);
  return hashes === undefined || seq === undefined ? undefined : { seq, ...hashes };
}

/** `prev` and `hash` at the end of a line whose hash is that of its body. */
function hashesOf(line: Buffer): { prev: string; hash: string } | undefined {
  const bodyEnd = line.length - hashMemberLength;
  const linkStart = bodyEnd - prevMemberLength;
  if (linkStart < 1) return undefined;
  const members = line.toString('latin1', linkStart);
  const isWellFormed =
    members.startsWith(',"prev":"') && members.startsWith('","hash":"', 73) && members.endsWith('"}');
  if (!isWellFormed) return undefined;
  const [prev, hash] = [members.slice(9, 73), members.slice(83, 147)];
  // In place of the comma, for the moment of hashing, so that nothing has to be copied.
  line[bodyEnd] = closingBrace;
  const found = sha256(line.subarray(0, bodyEnd + 1));
  line[bodyEnd] = comma;
  return found === hash ? { prev, hash } : undefined;
}

/** The number at the beginning, behind `{"v":1,` or, in the first records, without it. */
function seqOf(line: Buffer): number | undefined {
  const start = line[2] === 0x76 ? 13 : 7;
  if (line.toString('latin1', 0, start) !== (start === 13 ? '{"v":1,"seq":' : '{"seq":')) return undefined;
  let seq = 0;
  let at = start;
  for (let digit = line[at]; digit !== undefined && digit >= 0x30 && digit <= 0x39; digit = line[at]) {
    seq = seq * 10 + digit - 0x30;
    at += 1;
  }
  const isNumber = at > start && at <= start + 15 && line[start] !== 0x30 && line[at] === comma;
  return isNumber ? seq : undefined;
}

/**
 * Whether a newer Latchkey wrote the line: whatever else is in it is not for this one to judge. Its hash is, which every
 * version keeps where it is: else a single digit that somebody changes would hide behind a version.
 */
export function isNewerLine(line: Buffer): boolean {
  // Quick: the first bytes of nearly every line say version 1, and "{" is 0x7b, "1" is 0x31, "," is 0x2c.
  if (line[5] === 0x31 && line[6] === 0x2c) return false;
  const [, found] = /^\{"v":(\d{1,6}),/.exec(line.toString('latin1', 0, 16)) ?? [];
  return Number(found ?? 1) > version && hashesOf(line) !== undefined;
}

function sha256(bytes: Uint8Array): string {
  return digest('sha256', bytes, 'hex');
}

/** For JSON.stringify: no event from outside can make a record of any size. */
function bounded(_key: string, value: unknown): unknown {
  if (typeof value === 'string' && value.length > longestString) return `${value.slice(0, longestString)}…`;
  if (Array.isArray(value) && value.length > longestList) return value.slice(0, longestList);
  return value;
}

/**
 * JSON leaves some characters as they are that change what a terminal or an editor shows: C1 controls, direction
 * marks, line separators. They can be inside strings only, so that writing them as \uXXXX keeps the same JSON value.
 */
function escapeInvisible(json: string): string {
  return json.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, n) => character.charCodeAt(n).toString(16).padStart(4, '0'))
      .map((hex) => `\\u${hex}`)
      .join(''),
  );
}
