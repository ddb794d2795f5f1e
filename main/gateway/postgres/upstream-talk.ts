import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ByteReader } from '../byte-reader.ts';
import { isLoopback } from '../dial.ts';
import type { UpstreamAddress } from '../ports.ts';
import { upstreamRefusal } from './upstream-error.ts';
import { headerLength, parseHeader } from './wire.ts';

/** Messages from one upstream during its login. */
export interface UpstreamTalk {
  socket: Socket;
  /** The TLS connection, verified; undefined for plain sockets. */
  tls: TLSSocket | undefined;
  /** Whether it is known who the other side is: verified TLS, or this computer. */
  trusted: boolean;
  /** @throws Refused for an ErrorResponse, ProtocolError for what is no message. */
  next(): Promise<UpstreamMessage>;
}

export interface UpstreamMessage {
  type: string;
  body: Buffer;
  /** Header and body as they came. */
  raw: Buffer;
}

/** libpq allows no longer error either. */
const maxMessage = 30_000;

/** @param password what must never appear in an error that is passed on. */
export function createTalk(
  socket: Socket,
  reader: ByteReader,
  address: UpstreamAddress,
  password: string | undefined,
): UpstreamTalk {
  const tls = socket instanceof TLSSocket ? socket : undefined;
  const trusted = tls !== undefined || address.socketPath !== undefined || isLoopback(socket.remoteAddress);
  return {
    socket,
    tls,
    trusted,
    async next() {
      const header = await reader.read(headerLength);
      const { type, bodyLength } = parseHeader(header, maxMessage);
      const body = await reader.read(bodyLength);
      if (type === 'E') throw upstreamRefusal(body, address, trusted, password);
      return { type, body, raw: Buffer.concat([header, body]) };
    },
  };
}
