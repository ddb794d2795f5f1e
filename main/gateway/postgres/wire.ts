import { isUtf8 } from 'node:buffer';
import { createByteCursor } from '../cursor.ts';
import { ProtocolError } from '../refused.ts';

/**
 * Framing and field types of the PostgreSQL frontend/backend protocol, version 3: "Message Data Types" and "Overview"
 * (https://www.postgresql.org/docs/current/protocol-message-types.html). Pure: bytes in, values out.
 */

/** Type byte and Int32 length, which counts itself but not the type. */
export const headerLength = 5;

/** One message: type byte, Int32 length, body. */
export function message(type: string, ...body: Uint8Array[]): Buffer {
  const header = Buffer.alloc(headerLength);
  header.write(type, 0, 1, 'latin1');
  header.writeInt32BE(
    body.reduce((sum, part) => sum + part.length, 4),
    1,
  );
  return Buffer.concat([header, ...body]);
}

export interface MessageHeader {
  /** One character. */
  type: string;
  /** Bytes that follow the header. */
  bodyLength: number;
}

/**
 * @param maxBodyLength what the receiver is ready to hold of this message.
 * @throws ProtocolError for a length that is negative, too small to count itself, or above the limit.
 */
export function parseHeader(header: Uint8Array, maxBodyLength: number): MessageHeader {
  const cursor = createCursor(header);
  const type = String.fromCharCode(cursor.byte());
  const bodyLength = cursor.int32() - 4;
  if (bodyLength < 0) throw new ProtocolError('a message has an impossible length');
  if (bodyLength > maxBodyLength) throw new ProtocolError(`a message is longer than ${maxBodyLength} bytes`);
  return { type, bodyLength };
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/**
 * "String": the text in UTF-8 and a zero byte. A zero inside the text would end it early, so it is left out. Bytes that
 * {@link createCursor} could not read as UTF-8 are written as they came.
 */
export function cString(text: string): Buffer {
  const parts = `${text.replaceAll('\0', '')}\0`.split(kept);
  if (parts.length === 1) return Buffer.from(parts[0] ?? '');
  return Buffer.concat(parts.map((part) => (kept.test(part) ? keptBytes(part) : Buffer.from(part))));
}

/** Halves of surrogate pairs, which no text in UTF-8 has: each stands for a byte from 0x80 on. */
const kept = /([\uDC80-\uDCFF]+)/u;

function keptBytes(text: string): Buffer {
  return Buffer.from(Array.from(text, (character) => character.charCodeAt(0) & 0xff));
}

/**
 * Bytes in the encoding that the client has named or means. Until it is known, those that are no UTF-8 are kept one by
 * one, so that what is only passed on arrives as it came.
 */
function readText(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  return Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join('');
}

/**
 * A text of {@link createCursor} once its encoding is known.
 * @param decoder undefined for an encoding that is not known.
 */
export function textIn(decoder: TextDecoder | undefined, text: string): string {
  if (!kept.test(text)) return text;
  return (decoder ?? new TextDecoder()).decode(cString(text).subarray(0, -1));
}

/** Reads one field after the other; every method throws ProtocolError where the bytes run out. */
export function createCursor(source: Uint8Array) {
  const cursor = createByteCursor(source);
  const { all, take, byte, bytes, rest, untilZero } = cursor;
  return {
    byte,
    bytes,
    rest,
    int32: (): number => all.readInt32BE(take(4)),
    cString: (): string => readText(untilZero()),
    get left(): number {
      return cursor.left;
    },
    /** @throws ProtocolError where bytes are left over. */
    end(): void {
      if (cursor.left > 0) throw new ProtocolError('a message has bytes behind its end');
    },
  };
}
