import { createByteCursor } from '../cursor.ts';
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
export function cString(text: string | Uint8Array): Buffer {
  const bytes = Buffer.from(text as string);
  return Buffer.concat([bytes.filter((byte) => byte !== 0), Buffer.alloc(1)]);
}

/** Reads one field after the other; every method throws ProtocolError where the bytes run out. */
export function createCursor(source: Uint8Array) {
  const cursor = createByteCursor(source, 'packet');
  const { all, take, byte, bytes, rest, untilZero } = cursor;

  /** Values from 2^53 on are read as 2^53: no length here is near that. */
  function lengthEncoded(): number {
    const first = byte();
    switch (first) {
      case 0xfc:
        return all.readUInt16LE(take(2));
      case 0xfd:
        return all.readUIntLE(take(3), 3);
      case 0xfe: {
        const low = all.readUInt32LE(take(4));
        return Math.min(low + all.readUInt32LE(take(4)) * 2 ** 32, 2 ** 53);
      }
      case 0xfb:
      case 0xff:
        throw new ProtocolError('a length in a packet is none');
      default:
        return first;
    }
  }

  return {
    byte,
    bytes,
    rest,
    int16: (): number => all.readUInt16LE(take(2)),
    int32: (): number => all.readUInt32LE(take(4)),
    lengthEncoded,
    lengthEncodedBytes: (): Buffer => bytes(lengthEncoded()),
    cString: (): string => untilZero().toString(),
    /** The same for a text that is not UTF-8. */
    cBytes: untilZero,
    get left(): number {
      return cursor.left;
    },
  };
}
