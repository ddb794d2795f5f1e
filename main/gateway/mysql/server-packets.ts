import { ProtocolError } from '../refused.ts';
import { cString, createCursor, int16 } from './wire.ts';

/**
 * What a server may answer during the login, told apart by its first byte: "Generic Response Packets" and "Connection
 * Phase Packets" (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basics.html).
 */
export type LoginAnswer =
  | { kind: 'ok' }
  | ({ kind: 'error' } & ServerError)
  /** `data` may have a zero behind the scramble. */
  | { kind: 'switch'; plugin: string; data: Buffer }
  /** A switch to the method from before MySQL 4.1, which names no plugin. */
  | { kind: 'old-password' }
  | { kind: 'more'; data: Buffer };

export interface ServerError {
  number: number;
  /** Empty for errors from before the greeting. */
  sqlState: string;
  message: string;
}

export const firstBytes = { ok: 0x00, more: 0x01, localInfile: 0xfb, eof: 0xfe, error: 0xff } as const;

/** @throws ProtocolError for what does not belong to a login. */
export function parseLoginAnswer(payload: Uint8Array): LoginAnswer {
  const cursor = createCursor(payload);
  switch (cursor.byte()) {
    case firstBytes.ok:
      return { kind: 'ok' };
    case firstBytes.error:
      return { kind: 'error', ...parseServerError(payload) };
    case firstBytes.more:
      return { kind: 'more', data: cursor.rest() };
    case firstBytes.eof: {
      if (cursor.left === 0) return { kind: 'old-password' };
      return { kind: 'switch', plugin: cursor.cString(), data: cursor.rest() };
    }
    default:
      throw new ProtocolError('it sends a packet that does not belong to a login');
  }
}

/** ERR_Packet. @throws ProtocolError for anything else. */
export function parseServerError(payload: Uint8Array): ServerError {
  const cursor = createCursor(payload);
  if (cursor.byte() !== firstBytes.error) throw new ProtocolError('an error is none');
  const number = cursor.int16();
  const rest = cursor.rest();
  const marked = rest[0] === 0x23 && rest.length >= 6;
  return {
    number,
    sqlState: marked ? rest.toString('latin1', 1, 6) : '',
    message: rest.toString('utf8', marked ? 6 : 0),
  };
}

/** @param sqlState five characters; empty before the greeting, when the client would read it as text. */
export function encodeServerError({ number, sqlState, message }: ServerError): Buffer {
  return Buffer.concat([
    Buffer.from([firstBytes.error]),
    int16(number),
    Buffer.from(sqlState === '' ? '' : `#${sqlState}`),
    Buffer.from(message),
  ]);
}

/** Protocol::AuthSwitchRequest. */
export function encodeAuthSwitch(plugin: string, scramble: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([firstBytes.eof]), cString(plugin), scramble, Buffer.alloc(1)]);
}

/** Protocol::AuthMoreData of caching_sha2_password: the password was right, and an OK follows. */
export const fastAuthSuccess = Buffer.from([firstBytes.more, 0x03]);
