import { fullPayload, headerLength } from './wire.ts';

/**
 * Looks at one packet: the length of its payload, and `bytes`, where the payload's first bytes begin at `start`, as many of
 * them as the follower was made for (less where the payload is shorter). They are good until it returns. It returns false
 * for a packet that must not pass.
 */
export type PacketVisitor = (length: number, bytes: Buffer, start: number) => boolean;

/**
 * Follows packets in a stream from header to header and shows the beginning of each. The continuation of a payload of 16
 * MB is not shown, as it belongs to the packet before. Costs some 20 ns for each packet that lies in one chunk, and
 * copies nothing but the beginnings that two chunks share.
 */
export function createPacketFollower(shownLength: number, visit: PacketVisitor) {
  /** Where the next header begins, counted from the start of the next chunk. */
  let next = 0;
  /** A beginning that the last chunk ended in. */
  const beginning = Buffer.alloc(headerLength + shownLength);
  let filled = 0;
  let continued = false;
  let lastSequence = 0;

  const passes = (length: number, sequence: number, bytes: Buffer, start: number): boolean => {
    if (!continued && !visit(length, bytes, start)) return false;
    continued = length === fullPayload;
    lastSequence = sequence;
    return true;
  };

  return {
    /**
     * @returns how much of the chunk may pass: all of it, or what lies in front of the first packet that must not. Of
     * that one, no more than an incomplete beginning has passed before.
     */
    watch(chunk: Buffer): number {
      const end = chunk.length;
      let offset = next;
      while (offset < end) {
        if (filled === 0 && offset + headerLength <= end) {
          const length = payloadLength(chunk, offset);
          const start = offset + headerLength;
          if (start + Math.min(length, shownLength) <= end) {
            if (!passes(length, chunk[offset + 3] as number, chunk, start)) return offset;
            offset = start + length;
            continue;
          }
        }
        const packetStart = Math.max(offset - filled, 0);
        const wanted = filled < headerLength ? headerLength : beginningLength();
        const copied = chunk.copy(beginning, filled, offset, Math.min(end, offset + wanted - filled));
        filled += copied;
        offset += copied;
        if (filled < headerLength || filled < beginningLength()) continue;
        const length = payloadLength(beginning, 0);
        if (!passes(length, beginning[3] as number, beginning, headerLength)) return packetStart;
        offset += length - (filled - headerLength);
        filled = 0;
      }
      next = offset - end;
      return end;
    },
    /** True between two payloads: inside one, also between its packets, whatever is put in becomes part of it. */
    get atBoundary(): boolean {
      return next === 0 && filled === 0 && !continued;
    },
    /** Number of the last packet that has begun to pass. */
    get lastSequence(): number {
      return lastSequence;
    },
  };

  function beginningLength(): number {
    return headerLength + Math.min(payloadLength(beginning, 0), shownLength);
  }
}

/** Several times as fast as readUIntLE, which checks what the handshake has checked already. */
function payloadLength(bytes: Buffer, offset: number): number {
  return (
    (bytes[offset] as number) | ((bytes[offset + 1] as number) << 8) | ((bytes[offset + 2] as number) << 16)
  );
}
