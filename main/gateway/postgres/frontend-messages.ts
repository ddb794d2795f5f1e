import { ProtocolError } from '../refused.ts';
import { cString, createCursor, int32, message } from './wire.ts';

/**
 * Messages that a client sends while it authenticates: "Message Formats", PasswordMessage, SASLInitialResponse and
 * SASLResponse (https://www.postgresql.org/docs/current/protocol-message-formats.html). All three have the type byte p;
 * which one is meant follows from what was asked for.
 */

export function encodePassword(password: string): Buffer {
  return message('p', cString(password));
}

/** @throws ProtocolError for a malformed body. */
export function parsePassword(body: Uint8Array): string {
  const cursor = createCursor(body);
  const password = cursor.cString();
  cursor.end();
  return password;
}

export interface SaslInitialResponse {
  mechanism: string;
  /** Absent where the client wants the server to speak first. */
  data?: string;
}

export function encodeSaslInitial({ mechanism, data }: SaslInitialResponse): Buffer {
  if (data === undefined) return message('p', cString(mechanism), int32(-1));
  const bytes = Buffer.from(data);
  return message('p', cString(mechanism), int32(bytes.length), bytes);
}

/** @throws ProtocolError for a malformed body. */
export function parseSaslInitial(body: Uint8Array): SaslInitialResponse {
  const cursor = createCursor(body);
  const mechanism = cursor.cString();
  const length = cursor.int32();
  if (length < -1) throw new ProtocolError('a length is negative');
  if (length === -1) {
    cursor.end();
    return { mechanism };
  }
  const data = cursor.bytes(length).toString();
  cursor.end();
  return { mechanism, data };
}

export function encodeSaslResponse(data: string): Buffer {
  return message('p', Buffer.from(data));
}
