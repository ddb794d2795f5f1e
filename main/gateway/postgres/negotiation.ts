import type { Socket } from 'node:net';
import type { ByteReader } from '../byte-reader.ts';
import { HungUp, refused, sqlStates } from '../refused.ts';
import { type StartupPacket, parseStartupPacket, startupLength } from './startup.ts';
import { ProtocolError } from '../refused.ts';

export type ClientRequest = Extract<StartupPacket, { kind: 'startup' | 'cancel' }>;

/** TLS record: alert, version 1.2, two bytes, fatal, handshake_failure (RFC 5246 sections 6.2.1 and 7.2). */
const tlsAlert = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28]);
const tlsHandshakeByte = 0x16;

/**
 * Reads packets until the client says what it wants. Requests for encryption are answered with "no", once each: the
 * gateway listens on loopback only, and SCRAM keeps the token off the wire. Client TLS would take the socket over
 * where the `N` for an SSLRequest is sent.
 *
 * @throws HungUp for bytes of another protocol; Refused; ProtocolError for a malformed packet.
 */
export async function readClientRequest(socket: Socket, reader: ByteReader): Promise<ClientRequest> {
  const declined = new Set<string>();
  for (;;) {
    const start = await reader.read(4);
    if (start[0] === tlsHandshakeByte) {
      socket.write(tlsAlert);
      throw otherProtocol('TLS without asking first');
    }
    const packet = parseStartupPacket(await reader.read(lengthOf(start) - 4));
    switch (packet.kind) {
      case 'startup':
      case 'cancel':
        return packet;
      case 'other-version':
        throw refused(sqlStates.featureNotSupported, {
          code: 'protocol-unsupported',
          message: `The client speaks version ${packet.major}.${packet.minor} of the PostgreSQL protocol; this gateway speaks 3.0 to 3.2.`,
          remedy: 'Use a client that speaks version 3.',
        });
      default:
        // Whatever came before the answer would be taken for part of the encrypted stream, or for plain text that
        // an attacker has put in front of it: CVE-2021-23214.
        if (reader.buffered > 0) throw new HungUp();
        if (declined.has(packet.kind)) throw new ProtocolError('encryption is asked for twice');
        declined.add(packet.kind);
        socket.write('N');
    }
  }
}

function lengthOf(start: Buffer): number {
  try {
    return startupLength(start);
  } catch {
    throw otherProtocol('another protocol');
  }
}

function otherProtocol(what: string): HungUp {
  return new HungUp({
    code: 'protocol-unsupported',
    message: `A program spoke ${what} to the port of a PostgreSQL gateway, and was disconnected.`,
    remedy: 'Find out which program that is; a PostgreSQL client may need sslnegotiation=postgres.',
  });
}
