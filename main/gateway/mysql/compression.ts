import { constants, inflateSync, zstdDecompressSync } from 'node:zlib';
import { ProtocolError } from '../refused.ts';
import { headerLength } from './wire.ts';

/** A packet's header, and the length that its payload has uncompressed; 0 = it is not compressed. */
const frameHeaderLength = headerLength + 3;
const maxFrame = 0xff_ff_ff;
const zlibMethod = 0x78;
/** Little-endian: RFC 8878 section 3.1.1. */
const zstdMagic = 0xfd_2f_b5_28;

export interface Framing {
  /** What the client has said, without frames. @throws ProtocolError for what is no frame. */
  fromClient(chunk: Buffer): Buffer;
  /** The same bytes as the client expects them. */
  toClient(chunk: Buffer): Buffer;
}

export const plain: Framing = { fromClient: (chunk) => chunk, toClient: (chunk) => chunk };

/**
 * For a client that has announced compression which was not offered. Whether it goes on to compress is seen by its first
 * command; then it gets its answers in frames too, as they are: "Compressed Packet"
 * (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_compression_packet.html). What it sends goes on
 * uncompressed.
 */
export function createFraming(): Framing {
  let isCompressed: boolean | undefined;
  let held: Buffer = Buffer.alloc(0);
  let nextFrame = 0;

  function readFrames(): Buffer {
    const out: Buffer[] = [];
    let offset = 0;
    while (held.length - offset >= frameHeaderLength) {
      const end = offset + frameHeaderLength + held.readUIntLE(offset, 3);
      if (end > held.length) break;
      nextFrame = (held.readUInt8(offset + 3) + 1) & 0xff;
      out.push(payloadOf(held.subarray(offset, end)));
      offset = end;
    }
    held = Buffer.from(held.subarray(offset));
    return Buffer.concat(out);
  }

  return {
    fromClient(chunk) {
      if (isCompressed === false) return chunk;
      held = Buffer.concat([held, chunk]);
      isCompressed ??= looksCompressed(held);
      if (isCompressed === true) return readFrames();
      if (isCompressed === undefined) return Buffer.alloc(0);
      const said = held;
      held = Buffer.alloc(0);
      return said;
    },
    toClient(chunk) {
      if (isCompressed !== true || chunk.length === 0) return chunk;
      const out: Buffer[] = [];
      for (let offset = 0; offset < chunk.length; offset += maxFrame) {
        const payload = chunk.subarray(offset, offset + maxFrame);
        const header = Buffer.alloc(frameHeaderLength);
        header.writeUIntLE(payload.length, 0, 3);
        header.writeUInt8(nextFrame, 3);
        nextFrame = (nextFrame + 1) & 0xff;
        out.push(header, payload);
      }
      return Buffer.concat(out);
    },
  };
}

/**
 * Whether the first command of a session is in a frame. Behind the first four bytes a plain one has the number of the
 * command, which is never 0; a frame has a length, and what zlib or zstd has made behind it unless that length is 0.
 * @returns undefined where too few bytes have come to tell.
 */
function looksCompressed(bytes: Buffer): boolean | undefined {
  if (bytes.length <= headerLength) return undefined;
  if (bytes[headerLength] === 0) return true;
  const length = bytes.readUIntLE(0, 3);
  // So short a packet may be all that comes; no method makes as little.
  if (length < shortestFrame - headerLength) return false;
  if (bytes.length < shortestFrame) return undefined;
  if (bytes.readUIntLE(headerLength, 3) <= length) return false;
  const payload = bytes.subarray(frameHeaderLength);
  const method = methodOf(payload);
  if (method !== inflateSync) return method !== undefined;
  // A plain packet has no more bytes than this; of a frame, only some of zlib's checksum can be missing then.
  return inflatesToCommand(payload) ?? (bytes.length < headerLength + length ? undefined : false);
}

/**
 * The two bytes that tell zlib are also those of a statement that begins with a comment such as `/*x *\/`.
 * @returns undefined where too few bytes have come to tell.
 */
function inflatesToCommand(payload: Buffer): boolean | undefined {
  try {
    const start = inflateSync(payload.subarray(0, 512), { finishFlush: constants.Z_SYNC_FLUSH });
    return start.length > headerLength
      ? start[headerLength - 1] === 0 && start[headerLength] !== 0
      : undefined;
  } catch {
    return false;
  }
}

/** What tells zstd; zlib says it in less. */
const magicLength = 4;
const shortestFrame = frameHeaderLength + magicLength;

type Decompress = (payload: Buffer, options: { maxOutputLength: number }) => Buffer;

function methodOf(payload: Buffer): Decompress | undefined {
  if (payload.length < magicLength) return undefined;
  if (payload.readUInt32LE(0) === zstdMagic) return zstdDecompressSync;
  const start = payload.readUInt16BE(0);
  return start >>> 8 === zlibMethod && start % 31 === 0 ? inflateSync : undefined;
}

function payloadOf(frame: Buffer): Buffer {
  const length = frame.readUIntLE(headerLength, 3);
  const payload = frame.subarray(frameHeaderLength);
  if (length === 0) return payload;
  try {
    const whole = methodOf(payload)?.(payload, { maxOutputLength: length });
    if (whole?.length === length) return whole;
  } catch {
    // Said below.
  }
  throw new ProtocolError('a compressed packet is broken');
}
