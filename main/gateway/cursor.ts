import { ProtocolError } from './refused.ts';

/**
 * Reads one part of a message after the other. Every method throws ProtocolError where the bytes run out.
 * @param what the protocol's own word for the message
 */
export function createByteCursor(source: Uint8Array, what = 'message') {
  const all = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  let offset = 0;

  /** Goes on by so many bytes, and tells where in `all` they begin. */
  function take(length: number): number {
    if (length < 0 || length > all.length - offset) throw new ProtocolError(`a ${what} ends too early`);
    const start = offset;
    offset += length;
    return start;
  }

  function bytes(length: number): Buffer {
    const start = take(length);
    return all.subarray(start, start + length);
  }

  return {
    all,
    take,
    bytes,
    byte: (): number => all.readUInt8(take(1)),
    /** A text that ends with a zero, without it. */
    untilZero(): Buffer {
      const end = all.indexOf(0, offset);
      if (end < 0) throw new ProtocolError(`a text in a ${what} has no end`);
      const start = take(end - offset + 1);
      return all.subarray(start, end);
    },
    /** Everything that is left, possibly nothing. */
    rest: (): Buffer => bytes(all.length - offset),
    get left(): number {
      return all.length - offset;
    },
    get offset(): number {
      return offset;
    },
  };
}
