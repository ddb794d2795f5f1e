import { ProtocolError } from '../refused.ts';

/**
 * Framing and field types of the MySQL client/server protocol: "MySQL Packets" and "Protocol Data Types"
 * (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basics.html). MariaDB's are the same
 * (https://mariadb.com/kb/en/0-packet/). Pure: bytes in, values out.
 */

/** Length of the payload in 3 bytes, little-endian, and a sequence number that wraps at 256. */
export const headerLength = 4;
/** A payload of this length is continued in the next packet: "Sending More Than 16Mb". */
export const fullPayload = 0xff_ff_ff;

/** One packet. The payload must be shorter than 16 MB. */
export function packet(sequence: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(headerLength);
  header.writeUIntLE(payload.length, 0, 3);
  header.writeUInt8(sequence & 0xff, 3);
  return Buffer.concat([header, payload]);
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** "int<lenenc>", for values below 2^24; nothing that is written here is longer. */
export function lengthEncoded(value: number): Buffer {
  if (value < 0xfb) return Buffer.from([value]);
  if (value <= 0xff_ff) return Buffer.concat([Buffer.from([0xfc]), int16(value)]);
  return Buffer.concat([Buffer.from([0xfd]), int32(value).subarray(0, 3)]);
}

/** "string<lenenc>". */
export function lengthEncodedBytes(bytes: Uint8Array): Buffer {
  return Buffer.concat([lengthEncoded(bytes.length), bytes]);
}

/** "string<NUL>": a zero inside the text would end it early, so it is left out. */
export function cString(text: string): Buffer {
  return Buffer.from(`${text.replaceAll('\0', '')}\0`);
}

/** Reads one field after the other; every method throws ProtocolError where the bytes run out. */
export interface Cursor {
  byte(): number;
  int16(): number;
  int32(): number;
  /** Values from 2^53 on are read as 2^53: no length here is near that. */
  lengthEncoded(): number;
  lengthEncodedBytes(): Buffer;
  cString(): string;
  bytes(length: number): Buffer;
  /** Everything that is left, possibly nothing. */
  rest(): Buffer;
  readonly left: number;
}

export function createCursor(source: Uint8Array): Cursor {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  let offset = 0;
  const take = (length: number): number => {
    if (length > bytes.length - offset) throw new ProtocolError('a packet ends too early');
    const start = offset;
    offset += length;
    return start;
  };
  const slice = (length: number): Buffer => {
    const start = take(length);
    return bytes.subarray(start, start + length);
  };
  const lengthEncodedInt = (): number => {
    const first = bytes.readUInt8(take(1));
    switch (first) {
      case 0xfc:
        return bytes.readUInt16LE(take(2));
      case 0xfd:
        return bytes.readUIntLE(take(3), 3);
      case 0xfe: {
        const low = bytes.readUInt32LE(take(4));
        return Math.min(low + bytes.readUInt32LE(take(4)) * 2 ** 32, 2 ** 53);
      }
      case 0xfb:
      case 0xff:
        throw new ProtocolError('a length in a packet is none');
      default:
        return first;
    }
  };
  return {
    byte: () => bytes.readUInt8(take(1)),
    int16: () => bytes.readUInt16LE(take(2)),
    int32: () => bytes.readUInt32LE(take(4)),
    lengthEncoded: lengthEncodedInt,
    lengthEncodedBytes: () => slice(lengthEncodedInt()),
    cString() {
      const end = bytes.indexOf(0, offset);
      if (end < 0) throw new ProtocolError('a text in a packet has no end');
      const start = take(end - offset + 1);
      return bytes.toString('utf8', start, end);
    },
    bytes: slice,
    rest: () => slice(bytes.length - offset),
    get left() {
      return bytes.length - offset;
    },
  };
}
