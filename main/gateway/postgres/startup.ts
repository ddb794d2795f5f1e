import { ProtocolError } from '../refused.ts';
import { cString, createCursor, int32 } from './wire.ts';

/** Names and values; bytes that are no UTF-8 are kept, see {@link createCursor}. */
export type StartupParameters = readonly (readonly [name: string, value: string])[];

/**
 * The packets that come before any message with a type byte: "Message Formats", StartupMessage, SSLRequest,
 * GSSENCRequest, CancelRequest (https://www.postgresql.org/docs/current/protocol-message-formats.html).
 */
export type StartupPacket =
  | { kind: 'ssl-request' }
  | { kind: 'gss-request' }
  | { kind: 'cancel'; processId: number; secret: Buffer }
  | {
      kind: 'startup';
      /** Minor version of protocol 3: 0 for nearly all clients, 2 since PostgreSQL 18. */
      minor: number;
      /** Names and values in the order sent, without the protocol options. Of a repeated name the last counts. */
      parameters: StartupParameters;
      /** Names that start with `_pq_.`: extensions of the protocol, not settings of the server. */
      protocolOptions: string[];
    }
  /** A version of this protocol that is not 3. */
  | { kind: 'other-version'; major: number; minor: number };

/** The server's own limit for a startup packet (MAX_STARTUP_PACKET_LENGTH in libpq/pqcomm.h), length field included. */
export const maxStartupLength = 10_000;
/** A secret key has 4 bytes up to protocol 3.0, and up to 256 in 3.2 (BackendKeyData). */
const maxSecretLength = 256;

const cancelCode = 80_877_102;
const sslCode = 80_877_103;
const gssCode = 80_877_104;

/**
 * The length that a startup packet announces, itself included.
 * @throws ProtocolError outside of 8 to 10,000: bytes of another protocol nearly always are.
 */
export function startupLength(firstFour: Uint8Array): number {
  const length = createCursor(firstFour).int32();
  if (length < 8 || length > maxStartupLength) throw new ProtocolError('not a startup packet');
  return length;
}

/**
 * @param body the packet behind its length field.
 * @throws ProtocolError for a packet that is malformed or of another protocol.
 */
export function parseStartupPacket(body: Uint8Array): StartupPacket {
  const cursor = createCursor(body);
  const code = cursor.int32();
  switch (code) {
    case sslCode:
      cursor.end();
      return { kind: 'ssl-request' };
    case gssCode:
      cursor.end();
      return { kind: 'gss-request' };
    case cancelCode: {
      const processId = cursor.int32();
      const secret = Buffer.from(cursor.rest());
      if (secret.length < 4 || secret.length > maxSecretLength)
        throw new ProtocolError('a cancel request has a key of impossible length');
      return { kind: 'cancel', processId, secret };
    }
    default:
      return parseStartupMessage(code >>> 16, code & 0xffff, cursor.rest());
  }
}

function parseStartupMessage(major: number, minor: number, rest: Uint8Array): StartupPacket {
  if (major !== 3) {
    // Versions 1 and 2 existed, and a 4 may come; anything else is not a version number at all.
    if (major === 0 || major > 9) throw new ProtocolError('not a startup packet');
    return { kind: 'other-version', major, minor };
  }
  const cursor = createCursor(rest);
  const parameters: [string, string][] = [];
  const protocolOptions: string[] = [];
  for (let name = cursor.cString(); name !== ''; name = cursor.cString()) {
    const value = cursor.cString();
    if (name.startsWith('_pq_.')) protocolOptions.push(name);
    else parameters.push([name, value]);
  }
  cursor.end();
  return { kind: 'startup', minor, parameters, protocolOptions };
}

export function encodeStartupPacket(packet: StartupPacket): Buffer {
  switch (packet.kind) {
    case 'ssl-request':
      return framed(int32(sslCode));
    case 'gss-request':
      return framed(int32(gssCode));
    case 'cancel':
      return framed(int32(cancelCode), int32(packet.processId), packet.secret);
    case 'other-version':
      return framed(int32((packet.major << 16) | packet.minor));
    case 'startup': {
      const options = packet.protocolOptions.flatMap((name) => [cString(name), cString('')]);
      const parameters = packet.parameters.flatMap(([name, value]) => [cString(name), cString(value)]);
      return framed(int32((3 << 16) | packet.minor), ...options, ...parameters, Buffer.alloc(1));
    }
  }
}

function framed(...parts: Uint8Array[]): Buffer {
  return Buffer.concat([int32(parts.reduce((sum, part) => sum + part.length, 4)), ...parts]);
}
