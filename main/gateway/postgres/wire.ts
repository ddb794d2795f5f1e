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

/** "String": the text in UTF-8 and a zero byte. A zero inside the text would end it early, so it is left out. */
export function cString(text: string): Buffer {
  return Buffer.from(`${text.replaceAll('\0', '')}\0`);
}

/** Reads one field after the other; every method throws ProtocolError where the bytes run out. */
export interface Cursor {
  byte(): number;
  int32(): number;
  cString(): string;
  bytes(length: number): Buffer;
  /** Everything that is left, possibly nothing. */
  rest(): Buffer;
  readonly left: number;
  /** @throws ProtocolError where bytes are left over. */
  end(): void;
}

export function createCursor(source: Uint8Array): Cursor {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  let offset = 0;
  const take = (length: number): number => {
    if (length < 0 || length > bytes.length - offset) throw new ProtocolError('a message ends too early');
    const start = offset;
    offset += length;
    return start;
  };
  return {
    byte: () => bytes.readUInt8(take(1)),
    int32: () => bytes.readInt32BE(take(4)),
    cString() {
      const end = bytes.indexOf(0, offset);
      if (end < 0) throw new ProtocolError('a text in a message has no end');
      const start = take(end - offset + 1);
      return bytes.toString('utf8', start, end);
    },
    bytes(length) {
      const start = take(length);
      return bytes.subarray(start, start + length);
    },
    rest() {
      return bytes.subarray(take(bytes.length - offset));
    },
    get left() {
      return bytes.length - offset;
    },
    end() {
      if (offset !== bytes.length) throw new ProtocolError('a message has bytes behind its end');
    },
  };
}
