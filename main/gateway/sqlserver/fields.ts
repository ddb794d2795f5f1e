import { createByteCursor } from '../cursor.ts';

/**
 * Reads one field after the other, as [MS-TDS] 2.2.5.1 writes them: little-endian numbers, texts in UTF-16 behind their
 * length in characters. Every method throws ProtocolError where the bytes run out.
 */
export function createFields(source: Buffer) {
  const cursor = createByteCursor(source);
  const { all, take, byte, bytes } = cursor;
  const uint16 = (): number => all.readUInt16LE(take(2));
  return {
    bytes,
    uint8: byte,
    uint16,
    uint32: (): number => all.readUInt32LE(take(4)),
    /** B_VARCHAR: one byte of length. */
    shortText: (): string => bytes(byte() * 2).toString('utf16le'),
    /** US_VARCHAR: two bytes of length. */
    text: (): string => bytes(uint16() * 2).toString('utf16le'),
    get left(): number {
      return cursor.left;
    },
    get offset(): number {
      return cursor.offset;
    },
  };
}

export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}
