import type { ByteReader } from '../byte-reader.ts';
import { ProtocolError } from '../refused.ts';

/**
 * Packets and messages of the Tabular Data Stream protocol: [MS-TDS] 2.2.3 "Packets". A message is one or more packets of
 * one type; the status bit "end of message" marks the last.
 * https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-tds/
 */
export const packetTypes = {
  batch: 0x01,
  /** The login of Sybase and of SQL Server before 7.0. */
  oldLogin: 0x02,
  /** Everything that a server says, its answer to PRELOGIN included. */
  response: 0x04,
  attention: 0x06,
  login7: 0x10,
  prelogin: 0x12,
} as const;

/** Type, status, length, SPID, packet number, window: 2.2.3.1. */
export const packetHeaderLength = 8;
/** 2.2.3.1.2: this packet is the last of its message. */
export const endOfMessage = 0x01;
/** What both sides use until the server's login response has named another size: 2.2.3.1.3. */
export const firstPacketSize = 4096;
/** Handed to the reader at once, at most: it does not read further ahead than a little more than this. */
const pieceLength = 8192;

export interface Message {
  type: number;
  payload: Buffer;
  /** The server's process id in the header, which clients show; 0 in requests. */
  spid: number;
}

/** A message in packets of 4,096 bytes. `spid` goes into every header. */
export function encodeMessage(type: number, payload: Uint8Array, spid = 0): Buffer {
  const room = firstPacketSize - packetHeaderLength;
  const packets: Uint8Array[] = [];
  let offset = 0;
  do {
    const body = payload.subarray(offset, offset + room);
    offset += body.length;
    const header = Buffer.alloc(packetHeaderLength);
    header.writeUInt8(type, 0);
    header.writeUInt8(offset < payload.length ? 0 : endOfMessage, 1);
    header.writeUInt16BE(packetHeaderLength + body.length, 2);
    header.writeUInt16BE(spid, 4);
    header.writeUInt8((packets.length / 2 + 1) % 256, 6);
    packets.push(header, body);
  } while (offset < payload.length);
  return Buffer.concat(packets);
}

/**
 * Length of the packet's body.
 * @throws ProtocolError for a length that does not even hold the header.
 */
export function bodyLength(header: Buffer): number {
  const length = header.readUInt16BE(2);
  if (length < packetHeaderLength) throw new ProtocolError('a packet has an impossible length');
  return length - packetHeaderLength;
}

/**
 * Reads one whole message.
 * @param limit payload bytes at most.
 * @param first the header of its first packet, where that has been read already.
 * @throws ProtocolError where it is longer, or its packets do not belong together; what the reader ends with.
 */
export async function readMessage(reader: ByteReader, limit: number, first?: Buffer): Promise<Message> {
  const pieces: Buffer[] = [];
  let size = 0;
  let header = first ?? (await reader.read(packetHeaderLength));
  const type = header.readUInt8(0);
  const spid = header.readUInt16BE(4);
  for (;;) {
    let left = bodyLength(header);
    size += left;
    if (size > limit) throw new ProtocolError(`a message is longer than ${limit} bytes`);
    while (left > 0) {
      const piece = await reader.read(Math.min(left, pieceLength));
      pieces.push(piece);
      left -= piece.length;
    }
    if ((header.readUInt8(1) & endOfMessage) !== 0) break;
    header = await reader.read(packetHeaderLength);
    if (header.readUInt8(0) !== type) throw new ProtocolError('the packets of a message differ in type');
    // Else a message of empty packets would never end.
    size += packetHeaderLength;
  }
  return { type, payload: Buffer.concat(pieces), spid };
}
