import { timingSafeEqual } from 'node:crypto';
import { capabilities, has } from './capabilities.ts';
import { decodeName, encodeName } from './charsets.ts';
import type { ProofPlugin } from './client-authentication.ts';
import { commands } from './commands.ts';
import { cString, createCursor, int16, lengthEncodedBytes } from './wire.ts';

/**
 * COM_CHANGE_USER, a login within a session
 * (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_change_user.html).
 */
export interface ChangeUser {
  user: string;
  response: Buffer;
  /** Empty where none is named. */
  database: string;
  charset: number;
  /** Empty where the client names none. */
  plugin: string;
  attributes: Buffer;
}

/**
 * @param flags what both sides of the connection have said at the login, that of the login's own form included.
 * @param charset that of the login, where the packet has none.
 * @throws ProtocolError for a malformed packet.
 */
export function parseChangeUser(payload: Uint8Array, flags: number, charset: number): ChangeUser {
  const cursor = createCursor(payload);
  cursor.byte();
  const user = cursor.cBytes();
  const response = cursor.bytes(cursor.byte());
  const database = cursor.cBytes();
  const chosen = cursor.left > 0 ? cursor.int16() : charset;
  const plugin = has(flags, capabilities.pluginAuth) && cursor.left > 0 ? cursor.cString() : '';
  const hasAttributes = has(flags, capabilities.connectAttributes) && cursor.left > 0;
  return {
    user: decodeName(user, chosen),
    response,
    database: decodeName(database, chosen),
    charset: chosen,
    plugin,
    attributes: hasAttributes ? cursor.lengthEncodedBytes() : Buffer.alloc(0),
  };
}

/** Writes the fields that the flags have room for. */
export function encodeChangeUser(sent: ChangeUser, flags: number): Buffer {
  const name = (text: string): Buffer => cString(encodeName(text, sent.charset) ?? text);
  return Buffer.concat([
    Buffer.from([commands.changeUser]),
    name(sent.user),
    Buffer.from([sent.response.length]),
    sent.response,
    name(sent.database),
    int16(sent.charset),
    has(flags, capabilities.pluginAuth) ? cString(sent.plugin) : Buffer.alloc(0),
    has(flags, capabilities.connectAttributes) ? lengthEncodedBytes(sent.attributes) : Buffer.alloc(0),
  ]);
}

/** What a client has shown at its login; its method, its scramble and its token make the same again. */
export interface Shown {
  plugin: ProofPlugin;
  response: Uint8Array;
}

/** Whether this is the same proof, and so of the token that the session was opened with. */
export function isShownAgain(
  { plugin, response }: Shown,
  sent: Pick<ChangeUser, 'plugin' | 'response'>,
): boolean {
  const isSamePlugin = sent.plugin === plugin || (sent.plugin === '' && plugin === 'mysql_native_password');
  return isSamePlugin && sent.response.length === response.length && timingSafeEqual(sent.response, response);
}
