import { randomBytes } from 'node:crypto';
import { ProtocolError } from '../refused.ts';
import { type Capabilities, capabilities, has } from './capabilities.ts';
import { cString, createCursor, int16, int32 } from './wire.ts';

/**
 * Protocol::HandshakeV10, the first packet of a server
 * (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html;
 * MariaDB's extended capabilities: https://mariadb.com/kb/en/connection/#initial-handshake-packet).
 */
export interface Greeting {
  version: string;
  threadId: number;
  /** 20 bytes as a rule. */
  scramble: Buffer;
  capabilities: Capabilities;
  charset: number;
  status: number;
  /** The authentication plugin that the server would like; empty where it names none. */
  plugin: string;
}

const protocolVersion = 10;
/** Longer than any server calls itself. */
const maxVersionLength = 100;
export const scrambleLength = 20;

/** @throws ProtocolError for bytes that are no such greeting. */
export function parseGreeting(payload: Uint8Array): Greeting {
  const cursor = createCursor(payload);
  if (cursor.byte() !== protocolVersion) throw new ProtocolError('its greeting is of another version');
  const version = cursor.cString();
  if (version.length > maxVersionLength || !/^[\u0020-\u007e]*$/.test(version))
    throw new ProtocolError('its version is no text');
  const threadId = cursor.int32();
  const scrambleStart = cursor.bytes(8);
  cursor.bytes(1);
  const low = cursor.int16();
  const charset = cursor.byte();
  const status = cursor.int16();
  const flags = low + cursor.int16() * 2 ** 16;
  const scrambleBytes = cursor.byte();
  const reserved = cursor.bytes(10);
  const mariadb = !has(flags, capabilities.longPassword);
  if (!has(flags, capabilities.protocol41) || !has(flags, capabilities.secureConnection))
    throw new ProtocolError('it is older than MySQL 4.1');
  // "Rest of the plugin provided data": at least 13 bytes, of which the last is a zero.
  const scrambleEnd = cursor.bytes(Math.max(13, scrambleBytes - 8));
  const plugin = has(flags, capabilities.pluginAuth) ? untilZero(cursor.rest()) : '';
  return {
    version,
    threadId,
    scramble: Buffer.concat([scrambleStart, scrambleEnd]).subarray(0, scrambleLength),
    capabilities: { flags, extended: mariadb ? reserved.readUInt32LE(6) : 0 },
    charset,
    status,
    plugin,
  };
}

/** Servers before 5.5.10 leave the zero out. */
function untilZero(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** The payload of a greeting with a scramble of 20 bytes. */
export function encodeGreeting(greeting: Greeting): Buffer {
  const { flags, extended } = greeting.capabilities;
  return Buffer.concat([
    Buffer.from([protocolVersion]),
    cString(greeting.version),
    int32(greeting.threadId),
    greeting.scramble.subarray(0, 8),
    Buffer.alloc(1),
    int16(flags & 0xff_ff),
    Buffer.from([greeting.charset]),
    int16(greeting.status),
    int16(flags >>> 16),
    Buffer.from([scrambleLength + 1]),
    Buffer.alloc(6),
    int32(extended),
    greeting.scramble.subarray(8, scrambleLength),
    Buffer.alloc(1),
    cString(greeting.plugin),
  ]);
}

/** A new one. Clients read it up to the first zero, and `$` ends a salt in old servers' tables: neither is in it. */
export function createScramble(): Buffer {
  return randomBytes(scrambleLength).map((byte) => {
    const seven = byte & 0x7f;
    return seven === 0 || seven === 0x24 ? seven + 1 : seven;
  }) as Buffer;
}
