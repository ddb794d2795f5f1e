import type { Socket } from 'node:net';
import type { ByteReader } from '../byte-reader.ts';
import { ProtocolError } from '../refused.ts';
import { headerLength, packet } from './wire.ts';

/** Packets of one handshake, with the sequence number that both sides count together. */
export interface PacketChannel {
  /** @throws ProtocolError for a packet out of order or longer than a handshake needs. */
  read(): Promise<Buffer>;
  /** The same for a packet whose header has been read already. */
  readBehind(header: Buffer): Promise<Buffer>;
  write(payload: Uint8Array): void;
  /** The number that the next packet must have, whoever sends it. */
  readonly nextSequence: number;
}

/** The two halves may change while the channel is in use, where the connection turns to TLS. */
export interface ChannelEnd {
  readonly socket: Socket;
  readonly reader: ByteReader;
}

/**
 * Longer than any packet of a login: servers take 64 KB of connection attributes, and beside them names, a proof and a
 * certificate. An access token goes out only.
 */
export const maxHandshakePacket = 72_000;

export function createPacketChannel(end: ChannelEnd, firstSequence = 0): PacketChannel {
  let nextSequence = firstSequence;
  const advance = (): number => {
    const current = nextSequence;
    nextSequence = (nextSequence + 1) & 0xff;
    return current;
  };
  const readBehind = async (header: Buffer): Promise<Buffer> => {
    const length = header.readUIntLE(0, 3);
    if (length > maxHandshakePacket)
      throw new ProtocolError(`a packet is longer than ${maxHandshakePacket} bytes`);
    if (header.readUInt8(3) !== advance()) throw new ProtocolError('packets are out of order');
    return end.reader.read(length);
  };
  return {
    read: async () => readBehind(await end.reader.read(headerLength)),
    readBehind,
    write: (payload) => void end.socket.write(packet(advance(), payload)),
    get nextSequence() {
      return nextSequence;
    },
  };
}
