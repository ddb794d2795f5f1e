import { createHash } from 'node:crypto';

/**
 * What is inside a sealed file: the secret with the name and the kind of seal it was stored under, so that a file
 * that was renamed, swapped or copied from another folder is noticed. The digest is for seals that do not authenticate
 * (on Linux and macOS, Chromium's OSCrypt is plain AES-CBC); behind AES-GCM it costs nothing.
 *
 * version (1 byte, 1) | digest of all that follows (SHA-256, 32) | length of kind (1) | kind | length of name (1) | name | secret
 */
export interface Envelope {
  kind: string;
  /** 1 to 255 bytes of UTF-8. */
  name: string;
  secret: Uint8Array;
}

const version = 1;
const digestLength = 32;

export function encodeEnvelope({ kind, name, secret }: Envelope): Uint8Array {
  const content = Buffer.concat([label(kind), label(name), secret]);
  return Buffer.concat([Buffer.from([version]), digest(content), content]);
}

/** Undefined where the bytes are not an envelope or do not match their digest. */
export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const content = all.subarray(1 + digestLength);
  if (all[0] !== version || !digest(content).equals(all.subarray(1, 1 + digestLength))) return undefined;
  const kind = readLabel(content, 0);
  const name = kind && readLabel(content, kind.end);
  if (kind === undefined || name === undefined) return undefined;
  return { kind: kind.text, name: name.text, secret: Uint8Array.from(content.subarray(name.end)) };
}

function digest(content: Uint8Array): Buffer {
  return createHash('sha256').update(content).digest();
}

function label(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length === 0 || bytes.length > 255) throw new RangeError('a label has 1 to 255 bytes');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function readLabel(content: Buffer, start: number): { text: string; end: number } | undefined {
  const length = content[start];
  if (length === undefined || start + 1 + length > content.length) return undefined;
  const end = start + 1 + length;
  return { text: content.toString('utf8', start + 1, end), end };
}
