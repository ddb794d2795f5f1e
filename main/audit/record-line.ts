import { hash as digest } from 'node:crypto';
import { z } from 'zod';
import type { AuditEvent } from './events.ts';

/**
 * One record is one line of JSON (see format.md):
 *
 *   {"seq":7,"time":"…","event":"…", the event's own members, "prev":"<hash of record 6>","hash":"<64 hex digits>"}
 *
 * `hash` is the SHA-256 of the line's bytes without its last member: without `,"hash":"…"`, up to and with the `}`.
 */
const frame = z.looseObject({
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

const hashMember = /^,"hash":"([0-9a-f]{64})"\}$/;
const hashMemberLength = 75;
const longestString = 1000;
const longestList = 500;

/** The line with its newline, and the chain's new end. */
export function encodeRecord(
  event: AuditEvent,
  after: ChainEnd,
  time: Date,
): { line: Buffer; end: ChainEnd } {
  const seq = after.seq + 1;
  const record = { seq, time: time.toISOString(), ...event, prev: after.hash };
  const body = escapeInvisible(JSON.stringify(record, bounded));
  const hash = sha256(Buffer.from(body));
  return { line: Buffer.from(`${body.slice(0, -1)},"hash":"${hash}"}\n`), end: { seq, hash } };
}

/** The record of a line without its newline; undefined where the bytes are not what `encodeRecord` wrote. */
export function decodeRecord(line: Buffer): AuditRecord | undefined {
  const memberStart = line.length - hashMemberLength;
  if (memberStart < 1) return undefined;
  const [, hash] = hashMember.exec(line.toString('latin1', memberStart)) ?? [];
  const body = Buffer.concat([line.subarray(0, memberStart), Buffer.from('}')]);
  if (hash === undefined || sha256(body) !== hash) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  const { data } = frame.safeParse(parsed);
  return data && { ...data, hash };
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
