import { ProtocolError } from '../refused.ts';
import { type Capabilities, capabilities, has } from './capabilities.ts';
import { decodeName, encodeName, utf8mb4 } from './charsets.ts';
import { cString, createCursor, int32, lengthEncodedBytes } from './wire.ts';

/**
 * Protocol::HandshakeResponse41, the first packet of a client, or its first half, with which it asks for TLS
 * (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_response.html,
 * MariaDB: https://mariadb.com/kb/en/connection/#client-handshake-response).
 */
export interface HandshakeResponse {
  capabilities: Capabilities;
  maxPacket: number;
  charset: number;
  user: string;
  /** What the plugin makes of scramble and password. */
  response: Buffer;
  /** Empty where none is named. */
  database: string;
  /** The client's authentication plugin; empty where it names none. */
  plugin: string;
  /** Key and value pairs as they came, without the length in front; empty where there are none. */
  attributes: Buffer;
}

/** Everything up to the user name; the packet ends here where the client asks for TLS. */
export type SslRequest = Pick<HandshakeResponse, 'capabilities' | 'maxPacket' | 'charset'>;

export const sslRequestLength = 32;

/** @throws ProtocolError for a client that is older than MySQL 4.1, or bytes of another protocol. */
export function parseSslRequest(payload: Uint8Array): SslRequest {
  const cursor = createCursor(payload);
  const flags = cursor.int32();
  if (!has(flags, capabilities.protocol41)) throw new ProtocolError('it is older than MySQL 4.1');
  const maxPacket = cursor.int32();
  const charset = cursor.byte();
  const reserved = cursor.bytes(23);
  const extended = has(flags, capabilities.longPassword) ? 0 : reserved.readUInt32LE(19);
  return { capabilities: { flags, extended }, maxPacket, charset };
}

/**
 * @param start the packet's beginning, or that of the request for TLS before it: servers do not read it a second time,
 * and so clients may leave anything there.
 * @param offered what the client was offered: flags that it sets beyond that mean nothing.
 * @throws ProtocolError for a malformed packet.
 */
export function parseHandshakeResponse(
  payload: Uint8Array,
  start: SslRequest,
  offered: number,
): HandshakeResponse {
  const flags = (start.capabilities.flags & offered) >>> 0;
  const cursor = createCursor(payload.subarray(sslRequestLength));
  const user = decodeName(cursor.cBytes(), start.charset);
  let response: Buffer;
  if (has(flags, capabilities.pluginAuthLengthEncoded)) response = cursor.lengthEncodedBytes();
  else if (has(flags, capabilities.secureConnection)) response = cursor.bytes(cursor.byte());
  else throw new ProtocolError('it is older than MySQL 4.1');
  const namesDatabase = has(flags, capabilities.connectWithDatabase) && cursor.left > 0;
  const database = namesDatabase ? decodeName(cursor.cBytes(), start.charset) : '';
  const plugin = has(flags, capabilities.pluginAuth) && cursor.left > 0 ? cursor.cString() : '';
  const attributes =
    has(flags, capabilities.connectAttributes) && cursor.left > 0
      ? cursor.lengthEncodedBytes()
      : Buffer.alloc(0);
  return { ...start, user, response, database, plugin, attributes };
}

export function encodeSslRequest({
  capabilities: { flags, extended },
  maxPacket,
  charset,
}: SslRequest): Buffer {
  return Buffer.concat([
    int32(flags),
    int32(maxPacket),
    Buffer.from([charset]),
    Buffer.alloc(19),
    int32(extended),
  ]);
}

/** Writes the fields that the flags have room for, and names in the character set that is announced. */
export function encodeHandshakeResponse(sent: HandshakeResponse): Buffer {
  const { flags } = sent.capabilities;
  const name = (text: string): Buffer => cString(encodeName(text, sent.charset) ?? text);
  const lengthEncodedResponse = has(flags, capabilities.pluginAuthLengthEncoded);
  return Buffer.concat([
    encodeSslRequest(sent),
    name(sent.user),
    lengthEncodedResponse
      ? lengthEncodedBytes(sent.response)
      : Buffer.concat([Buffer.from([sent.response.length]), sent.response]),
    has(flags, capabilities.connectWithDatabase) ? name(sent.database) : Buffer.alloc(0),
    has(flags, capabilities.pluginAuth) ? cString(sent.plugin) : Buffer.alloc(0),
    has(flags, capabilities.connectAttributes) ? lengthEncodedBytes(sent.attributes) : Buffer.alloc(0),
  ]);
}

/**
 * Connection attributes by name; the first of a name counts. They are in the character set of the login.
 * @throws ProtocolError where they are not pairs.
 */
export function parseAttributes(attributes: Uint8Array, charset = utf8mb4): Map<string, string> {
  const cursor = createCursor(attributes);
  const found = new Map<string, string>();
  while (cursor.left > 0) {
    const name = decodeName(cursor.lengthEncodedBytes(), charset);
    const value = decodeName(cursor.lengthEncodedBytes(), charset);
    if (!found.has(name)) found.set(name, value);
  }
  return found;
}
