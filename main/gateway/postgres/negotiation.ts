import type { SecureContext } from 'node:tls';
import type { Handshake } from '../handshake.ts';
import { continueInside, layTls, tlsAlert } from '../client-tls.ts';
import { holdsTlsRecord, tlsHandshakeByte } from '../first-message.ts';
import { HungUp, ProtocolError, refused, sqlStates } from '../refused.ts';
import { maxStartupLength, type StartupPacket, parseStartupPacket, startupLength } from './startup.ts';

export type ClientRequest = Extract<StartupPacket, { kind: 'startup' | 'cancel' }>;

/** RFC 7301; named in "SSL Session Encryption" for clients that begin with TLS, and known to all since version 17. */
const applicationProtocol = 'postgresql';

/** Whether a client's first bytes hold a whole packet (or record of TLS), or are none. */
export function holdsClientRequest(bytes: Buffer): boolean {
  if (bytes[0] === tlsHandshakeByte) return holdsTlsRecord(bytes);
  if (bytes.length < 4) return false;
  const length = bytes.readUInt32BE(0);
  return length > maxStartupLength || bytes.length >= length;
}

/**
 * Reads packets until the client says what it wants. A client may ask for TLS first, or begin with it (version 17 and
 * later): "SSL Session Encryption" (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL). As the
 * server has it, there is none over a unix socket. GSSAPI is always declined.
 *
 * @param tls undefined where TLS is not offered.
 * @returns what it wants, and whether it has said so inside TLS.
 * @throws HungUp for bytes of another protocol, or a handshake that fails; Refused; ProtocolError for a malformed packet.
 */
export async function readClientRequest(
  handshake: Handshake,
  tls: SecureContext | undefined,
): Promise<{ request: ClientRequest; encrypted: boolean }> {
  const offered = handshake.peer.transport === 'tcp' ? tls : undefined;
  const asked = new Set<string>();
  let encrypted = false;
  for (;;) {
    const start = await handshake.reader.read(4);
    if (start[0] === tlsHandshakeByte && !encrypted && asked.size === 0) {
      await beginInside(handshake, offered, start);
      encrypted = true;
      asked.add('ssl-request');
      continue;
    }
    const packet = parseStartupPacket(await handshake.reader.read(lengthOf(start) - 4));
    switch (packet.kind) {
      case 'startup':
      case 'cancel':
        return { request: packet, encrypted };
      case 'other-version':
        throw refused(sqlStates.featureNotSupported, {
          code: 'protocol-unsupported',
          message: `The client speaks version ${packet.major}.${packet.minor} of the PostgreSQL protocol; this gateway speaks 3.0 to 3.2.`,
          remedy: 'Use a client that speaks version 3.',
        });
      default:
        // Whatever came before the answer would be taken for part of the encrypted stream, or for plain text that
        // an attacker has put in front of it: CVE-2021-23214.
        if (handshake.reader.buffered > 0)
          throw new ProtocolError('it sends more behind a request for encryption, before the answer');
        if (asked.has(packet.kind)) throw new ProtocolError('encryption is asked for twice');
        asked.add(packet.kind);
        if (packet.kind === 'ssl-request' && offered !== undefined) {
          handshake.client.socket.write('S');
          await continueInside(
            handshake,
            layTls(handshake, offered, handshake.reader.release(), applicationProtocol),
            'PostgreSQL',
          );
          encrypted = true;
        } else handshake.client.socket.write('N');
    }
  }
}

/** TLS before anything else. The client has to name the protocol then, so that none of another one can be led here. */
async function beginInside(
  handshake: Handshake,
  tls: SecureContext | undefined,
  start: Buffer,
): Promise<void> {
  if (tls === undefined) {
    handshake.client.socket.write(tlsAlert);
    throw otherProtocol('TLS without asking first');
  }
  const early = Buffer.concat([start, handshake.reader.release()]);
  const secure = layTls(handshake, tls, early, applicationProtocol);
  await continueInside(handshake, secure, 'PostgreSQL');
  if (secure.alpnProtocol !== applicationProtocol)
    throw otherProtocol('TLS without the name of its protocol');
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
