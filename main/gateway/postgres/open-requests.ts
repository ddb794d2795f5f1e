import { headerLength } from './wire.ts';

/**
 * Counts what a server has been asked and has not answered: it says ReadyForQuery once for each Query, FunctionCall and
 * Sync ("Message Flow", https://www.postgresql.org/docs/current/protocol-flow.html). Clients may send many of them at once.
 */
export function createOpenRequests() {
  let expected = 0;
  /** Something of the extended protocol has been sent that no Sync stands behind yet. */
  let unsynced = false;
  /** Sent since the last Execute. */
  let syncs = 0;
  let clientLeft = false;

  const fromClient = createMessageFollower('QFSPBEDCHcfX', (type) => {
    switch (type) {
      case 'X':
        clientLeft = true;
        break;
      case 'S':
        expected += 1;
        syncs += 1;
        unsynced = false;
        break;
      case 'Q':
      case 'F':
        expected += 1;
        syncs = 0;
        break;
      case 'c':
      case 'f':
        // A server passes over a Sync while data comes in: "COPY Operations".
        expected = Math.max(0, expected - syncs);
        syncs = 0;
        break;
      default:
        if (type === 'E') syncs = 0;
        unsynced = true;
    }
  });
  const toClient = createMessageFollower('Z', () => {
    expected = Math.max(0, expected - 1);
  });

  return {
    watchFromClient: fromClient.watch,
    watchToClient: toClient.watch,
    /** Between two of the server's messages: one of our own may be put in. */
    get atBoundary(): boolean {
      return toClient.atBoundary;
    },
    /** Whether the client has sent its Terminate. */
    get clientLeft(): boolean {
      return clientLeft;
    },
    /** 0 only where the server has nothing to do. */
    get count(): number {
      return expected + Number(unsynced);
    },
  };
}

/**
 * Follows message lengths in one direction of the stream, and nothing else, so that it is known whether a message of our
 * own may be put in: inside a forwarded message it would become part of somebody's data. Of the types in `marked`, `see`
 * hears as soon as one has begun.
 *
 * It has to watch all the time, as a boundary can only be found from the one before. Jumping from header to header costs
 * about 50 ns for the answer to a small query and 5 µs for 64 KiB of rows of 100 bytes, which is under one and under
 * three percent of what passing them on costs.
 */
export function createMessageFollower(marked: string, see: (type: string) => void) {
  /** Where the next header begins, counted from the start of the next chunk. */
  let next = 0;
  /** The part of a header that the last chunk ended in. */
  const header = Buffer.alloc(headerLength);
  let headerBytes = 0;
  let lost = false;
  const marks = new Uint8Array(256);
  for (const type of marked) marks[type.charCodeAt(0)] = 1;

  return {
    watch(chunk: Buffer): void {
      const end = chunk.length;
      let offset = next;
      while (offset < end && !lost) {
        let type: number;
        let length: number;
        if (headerBytes === 0 && offset + headerLength <= end) {
          type = chunk[offset] as number;
          length = chunk.readInt32BE(offset + 1);
          offset += 1 + length;
        } else {
          header[headerBytes] = chunk[offset] as number;
          headerBytes += 1;
          offset += 1;
          if (headerBytes < headerLength) continue;
          type = header[0] as number;
          length = header.readInt32BE(1);
          offset += length - 4;
          headerBytes = 0;
        }
        lost = length < 4;
        if (marks[type] === 1) see(String.fromCharCode(type));
      }
      next = offset - end;
    },
    /** True between two messages; false inside one, and for good once the stream made no sense. */
    get atBoundary(): boolean {
      return !lost && next === 0 && headerBytes === 0;
    },
  };
}
