import { Duplex } from 'node:stream';
import type { Connection } from '../connection.ts';
import { bodyLength, encodeMessage, packetHeaderLength, packetTypes } from './packets.ts';

/** Content types of TLS records: RFC 5246 section 6.2.1. */
const changeCipherSpec = 20;
const recordHeaderLength = 5;

/**
 * Lies between TLS and the socket while SQL Server's way of TLS is spoken: the records of the handshake travel in PRELOGIN
 * packets, everything behind it as it is ([MS-TDS] 2.2.6.5 and 3.2.5.2). Good for both sides, with TLS 1.2: version 1.3
 * hides where its handshake ends.
 *
 * The socket is this stream's from now on: it ends, closes and is destroyed with it.
 *
 * @param early what has been read of the socket already.
 */
export function createTlsInTds({ socket, receive }: Connection, early: Buffer): Duplex {
  const unwrap = createUnwrapper();
  const wrap = createWrapper();
  let readable = true;
  const take = (chunk: Buffer): boolean => {
    if (!readable) return true;
    try {
      const records = unwrap(chunk);
      return records.length === 0 || stream.push(records);
    } catch (error) {
      stream.destroy(error as Error);
      return false;
    }
  };
  const finish = (): void => {
    if (readable) stream.push(null);
    readable = false;
  };
  const stream: Duplex = new Duplex({
    read: () => void socket.resume(),
    write(chunk: Buffer, _encoding, done) {
      socket.write(wrap(chunk), done);
    },
    // One flight of a handshake has to be one message: clients read one for each that they send.
    writev(chunks, done) {
      socket.write(wrap(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer))), done);
    },
    final(done) {
      socket.end(() => done());
    },
    destroy(error, done) {
      readable = false;
      // Whoever wanted the last bytes sent has ended the stream before, and `final` has waited for them.
      socket.destroy();
      done(error);
    },
  });
  socket.once('end', finish).once('close', () => {
    finish();
    stream.destroy();
  });
  if (early.length > 0) take(early);
  receive(take);
  return stream;
}

/**
 * Takes the records out of PRELOGIN packets. From the first byte on that is no packet of the handshake, bytes pass as they
 * are; what they are worth is for TLS to say.
 * @throws ProtocolError for a packet of impossible length.
 */
export function createUnwrapper(): (chunk: Buffer) => Buffer {
  const header = Buffer.alloc(packetHeaderLength);
  let headerBytes = 0;
  let left = 0;
  let done = false;
  return (chunk) => {
    if (done) return chunk;
    const records: Buffer[] = [];
    let offset = 0;
    while (offset < chunk.length) {
      if (left > 0) {
        const piece = chunk.subarray(offset, offset + left);
        records.push(piece);
        left -= piece.length;
        offset += piece.length;
        continue;
      }
      const type = chunk[offset] as number;
      if (headerBytes === 0 && type !== packetTypes.prelogin && type !== packetTypes.response) {
        done = true;
        records.push(chunk.subarray(offset));
        break;
      }
      header[headerBytes] = type;
      headerBytes += 1;
      offset += 1;
      if (headerBytes < packetHeaderLength) continue;
      headerBytes = 0;
      left = bodyLength(header);
    }
    return Buffer.concat(records);
  };
}

/** Puts records into PRELOGIN packets, up to and with the one behind ChangeCipherSpec: our "Finished" (RFC 5246 7.4.9). */
export function createWrapper(): (chunk: Buffer) => Buffer {
  const header = Buffer.alloc(recordHeaderLength);
  let headerBytes = 0;
  let left = 0;
  let changed = false;
  let finished = false;

  /** Where the handshake ends in this chunk. */
  const endOfHandshake = (chunk: Buffer): number => {
    let offset = 0;
    while (offset < chunk.length) {
      if (headerBytes < recordHeaderLength) {
        header[headerBytes] = chunk[offset] as number;
        headerBytes += 1;
        offset += 1;
        if (headerBytes === recordHeaderLength) left = header.readUInt16BE(3);
      } else {
        const step = Math.min(left, chunk.length - offset);
        left -= step;
        offset += step;
      }
      if (headerBytes < recordHeaderLength || left > 0) continue;
      headerBytes = 0;
      if (changed) {
        finished = true;
        return offset;
      }
      changed = header.readUInt8(0) === changeCipherSpec;
    }
    return chunk.length;
  };

  return (chunk) => {
    if (finished) return chunk;
    const end = endOfHandshake(chunk);
    const handshake = encodeMessage(packetTypes.prelogin, chunk.subarray(0, end));
    return end === chunk.length ? handshake : Buffer.concat([handshake, chunk.subarray(end)]);
  };
}
