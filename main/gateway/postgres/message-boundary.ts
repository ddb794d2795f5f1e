import { headerLength } from './wire.ts';

/**
 * Follows message lengths in the stream to the client, and nothing else, so that it is known whether a message of our
 * own may be put in: inside a forwarded message it would become part of somebody's data. Jumps from header to header,
 * which costs a few nanoseconds for each message; there is no cheaper way to know, as a boundary can only be found
 * from the one before.
 */
export function createMessageBoundary() {
  /** Bytes of the current message's body still to come. */
  let left = 0;
  /** Bytes of a header that the last chunk ended in, and the length read so far. */
  let headerBytes = 0;
  let length = 0;
  let lost = false;

  function byByte(byte: number): void {
    headerBytes += 1;
    if (headerBytes > 1) length = (length << 8) | byte;
    if (headerBytes < headerLength) return;
    left = length - 4;
    lost ||= left < 0;
    headerBytes = 0;
    length = 0;
  }

  return {
    watch(chunk: Uint8Array): void {
      const end = chunk.length;
      let offset = 0;
      while (offset < end && !lost) {
        if (left > 0) {
          const step = Math.min(left, end - offset);
          left -= step;
          offset += step;
        } else if (headerBytes === 0 && end - offset >= headerLength) {
          left =
            (((chunk[offset + 1] as number) << 24) |
              ((chunk[offset + 2] as number) << 16) |
              ((chunk[offset + 3] as number) << 8) |
              (chunk[offset + 4] as number)) -
            4;
          lost = left < 0;
          offset += headerLength;
        } else {
          byByte(chunk[offset] as number);
          offset += 1;
        }
      }
    },
    /** True between two messages; false inside one, and for good once the stream made no sense. */
    get atBoundary(): boolean {
      return !lost && left === 0 && headerBytes === 0;
    },
  };
}
