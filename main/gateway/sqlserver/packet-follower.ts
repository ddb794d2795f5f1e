import { multiplexMark } from './multiplex.ts';
import { endOfMessage, packetHeaderLength } from './packets.ts';

export type PacketFollower = ReturnType<typeof createPacketFollower>;

/**
 * Follows packet headers in one direction of the stream, and nothing else, so that it is known where a packet of our own
 * may be put in: anywhere else it would become part of somebody's data. It has to watch all the time, as a boundary can
 * only be found from the one before.
 *
 * @param onLast called with its type when the last packet of a message has begun.
 */
export function createPacketFollower(onLast: (type: number) => void = () => undefined) {
  /** Where the next header begins, counted from the start of the next chunk. */
  let next = 0;
  /** The part of a header that the last chunk ended in. */
  const header = Buffer.alloc(packetHeaderLength);
  let headerBytes = 0;
  let messageEnded = true;
  let lost = false;
  let multiplexed: Buffer | undefined;

  return {
    /** @returns where the last packet that is complete by now ends in this chunk; 0 where none does. */
    watch(chunk: Buffer): number {
      const end = chunk.length;
      let offset = next;
      let boundary = headerBytes === 0 && offset <= end ? offset : 0;
      while (offset < end && !lost) {
        let length: number;
        let type: number;
        if (headerBytes === 0 && chunk[offset] === multiplexMark) {
          multiplexed = Buffer.from(chunk.subarray(offset, offset + packetHeaderLength));
          lost = true;
          break;
        }
        if (headerBytes === 0 && offset + packetHeaderLength <= end) {
          type = chunk[offset] as number;
          messageEnded = ((chunk[offset + 1] as number) & endOfMessage) !== 0;
          length = chunk.readUInt16BE(offset + 2);
          offset += length;
        } else {
          header[headerBytes] = chunk[offset] as number;
          headerBytes += 1;
          offset += 1;
          if (headerBytes < packetHeaderLength) continue;
          type = header.readUInt8(0);
          messageEnded = (header.readUInt8(1) & endOfMessage) !== 0;
          length = header.readUInt16BE(2);
          offset += length - packetHeaderLength;
          headerBytes = 0;
        }
        lost = length < packetHeaderLength;
        if (messageEnded) onLast(type);
        if (offset <= end) boundary = offset;
      }
      next = offset - end;
      return lost ? end : boundary;
    },
    /** True between two packets; false inside one, and for good once the stream made no sense. */
    get betweenPackets(): boolean {
      return !lost && next === 0 && headerBytes === 0;
    },
    /** The beginning of a packet of MARS ({@link multiplexMark}) that came in place of one of TDS; nothing is followed then. */
    get multiplexed(): Buffer | undefined {
      return multiplexed;
    },
    /** The same for messages. */
    get betweenMessages(): boolean {
      return !lost && next === 0 && headerBytes === 0 && messageEnded;
    },
  };
}

/**
 * Lets only whole packets through, and keeps the beginning of one until the rest has come. SQL Server closes a connection
 * when a packet lies in two TLS records
 * (https://github.com/dotnet/runtime/issues/95295), and a client's chunks end anywhere.
 */
export function createPacketGatherer(follower: PacketFollower) {
  let kept: Buffer[] = [];
  return (chunk: Buffer): Buffer => {
    const boundary = follower.watch(chunk);
    if (boundary === 0) {
      kept.push(chunk);
      return Buffer.alloc(0);
    }
    const whole = chunk.subarray(0, boundary);
    const packets = kept.length === 0 ? whole : Buffer.concat([...kept, whole]);
    kept = boundary < chunk.length ? [chunk.subarray(boundary)] : [];
    return packets;
  };
}

/**
 * Whole packets in pieces that TLS puts into records of a packet each: TLS cuts what is written after every `full` bytes, so
 * that nothing may follow a packet of another length.
 * @returns one piece, nearly always: clients fill all packets of a message but the last.
 */
export function inRecords(packets: Buffer, full: number): Buffer[] {
  const pieces: Buffer[] = [];
  let start = 0;
  let offset = 0;
  while (offset + packetHeaderLength <= packets.length) {
    const length = packets.readUInt16BE(offset + 2);
    if (length < packetHeaderLength) break;
    offset += length;
    if (length === full || offset >= packets.length) continue;
    pieces.push(packets.subarray(start, offset));
    start = offset;
  }
  pieces.push(start === 0 ? packets : packets.subarray(start));
  return pieces;
}
