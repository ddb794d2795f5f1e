import { ProtocolError } from '../refused.ts';

/**
 * Reads one field after the other, as [MS-TDS] 2.2.5.1 writes them: little-endian numbers, texts in UTF-16 behind their
 * length in characters. Every method throws ProtocolError where the bytes run out.
 */
export interface Fields {
  uint8(): number;
  uint16(): number;
  uint32(): number;
  bytes(length: number): Buffer;
  /** B_VARCHAR: one byte of length. */
  shortText(): string;
  /** US_VARCHAR: two bytes of length. */
  text(): string;
  readonly left: number;
  readonly offset: number;
}

export function createFields(source: Buffer): Fields {
  let offset = 0;
  const take = (length: number): number => {
    if (length > source.length - offset) throw new ProtocolError('a message ends too early');
    const start = offset;
    offset += length;
    return start;
  };
  const bytes = (length: number): Buffer => {
    const start = take(length);
    return source.subarray(start, start + length);
  };
  const uint8 = (): number => source.readUInt8(take(1));
  const uint16 = (): number => source.readUInt16LE(take(2));
  return {
    uint8,
    uint16,
    uint32: () => source.readUInt32LE(take(4)),
    bytes,
    shortText: () => bytes(uint8() * 2).toString('utf16le'),
    text: () => bytes(uint16() * 2).toString('utf16le'),
    get left() {
      return source.length - offset;
    },
    get offset() {
      return offset;
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
