import { ProtocolError } from '../refused.ts';
import { cString, createCursor, int32, message } from './wire.ts';

/**
 * Messages that a server sends before the first query: "Message Formats", those marked (B)
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html). The gateway writes them to clients and reads
 * them from upstreams.
 */

export type AuthenticationRequest =
  | { kind: 'ok' }
  | { kind: 'cleartext-password' }
  | { kind: 'md5-password'; salt: Buffer }
  | { kind: 'sasl'; mechanisms: string[] }
  | { kind: 'sasl-continue'; data: string }
  | { kind: 'sasl-final'; data: string }
  /** Kerberos, GSSAPI, SSPI and what may come: the request's number. */
  | { kind: 'other'; code: number };

const authenticationCodes = {
  ok: 0,
  'cleartext-password': 3,
  'md5-password': 5,
  sasl: 10,
  'sasl-continue': 11,
  'sasl-final': 12,
} as const;

/** The messages named Authentication…; all have the type byte R. */
export function encodeAuthentication(request: AuthenticationRequest): Buffer {
  const code = int32(request.kind === 'other' ? request.code : authenticationCodes[request.kind]);
  switch (request.kind) {
    case 'md5-password':
      return message('R', code, request.salt);
    case 'sasl':
      return message('R', code, ...request.mechanisms.map(cString), Buffer.alloc(1));
    case 'sasl-continue':
    case 'sasl-final':
      return message('R', code, Buffer.from(request.data));
    default:
      return message('R', code);
  }
}

/** @throws ProtocolError for a body that does not fit its number. */
export function parseAuthentication(body: Uint8Array): AuthenticationRequest {
  const cursor = createCursor(body);
  const code = cursor.int32();
  switch (code) {
    case authenticationCodes.ok:
      cursor.end();
      return { kind: 'ok' };
    case authenticationCodes['cleartext-password']:
      cursor.end();
      return { kind: 'cleartext-password' };
    case authenticationCodes['md5-password']: {
      const salt = Buffer.from(cursor.bytes(4));
      cursor.end();
      return { kind: 'md5-password', salt };
    }
    case authenticationCodes.sasl: {
      const mechanisms: string[] = [];
      for (let name = cursor.cString(); name !== ''; name = cursor.cString()) mechanisms.push(name);
      cursor.end();
      return { kind: 'sasl', mechanisms };
    }
    case authenticationCodes['sasl-continue']:
      return { kind: 'sasl-continue', data: cursor.rest().toString() };
    case authenticationCodes['sasl-final']:
      return { kind: 'sasl-final', data: cursor.rest().toString() };
    default:
      return { kind: 'other', code };
  }
}

/** The fields of an ErrorResponse that a login needs: "Error and Notice Message Fields". */
export interface ErrorFields {
  severity: string;
  sqlState: string;
  message: string;
  hint?: string;
}

export function encodeError({ severity, sqlState, message: text, hint }: ErrorFields): Buffer {
  const fields: [string, string][] = [
    ['S', severity],
    ['V', severity],
    ['C', sqlState],
    ['M', text],
  ];
  if (hint !== undefined) fields.push(['H', hint]);
  const encoded = fields.flatMap(([code, value]) => [Buffer.from(code), cString(value)]);
  return message('E', ...encoded, Buffer.alloc(1));
}

/** @throws ProtocolError for a body that is not a list of fields, or that lacks severity, SQLSTATE or message. */
export function parseError(body: Uint8Array): ErrorFields {
  const cursor = createCursor(body);
  const fields = new Map<string, string>();
  for (let code = cursor.byte(); code !== 0; code = cursor.byte())
    fields.set(String.fromCharCode(code), cursor.cString());
  cursor.end();
  const severity = fields.get('V') ?? fields.get('S');
  const sqlState = fields.get('C');
  const text = fields.get('M');
  const hint = fields.get('H');
  if (severity === undefined || sqlState === undefined || text === undefined)
    throw new ProtocolError('an error message lacks a field');
  return { severity, sqlState, message: text, ...(hint === undefined ? {} : { hint }) };
}

export interface BackendKey {
  processId: number;
  /** 4 bytes in protocol 3.0, up to 256 in 3.2. */
  secret: Buffer;
}

export function encodeBackendKey({ processId, secret }: BackendKey): Buffer {
  return message('K', int32(processId), secret);
}

/** @throws ProtocolError for a key of impossible length. */
export function parseBackendKey(body: Uint8Array): BackendKey {
  const cursor = createCursor(body);
  const processId = cursor.int32();
  const secret = Buffer.from(cursor.rest());
  if (secret.length < 4 || secret.length > 256)
    throw new ProtocolError('a cancel key has an impossible length');
  return { processId, secret };
}

/**
 * NegotiateProtocolVersion: the newest version we speak, and the options we do not know. The documentation calls the
 * number a minor version; servers send, and libpq checks, the whole one (SendNegotiateProtocolVersion in
 * backend_startup.c).
 */
export function encodeNegotiateVersion(minor: number, unknownOptions: string[]): Buffer {
  const version = int32((3 << 16) | minor);
  return message('v', version, int32(unknownOptions.length), ...unknownOptions.map(cString));
}

/** @throws ProtocolError for a malformed body. */
export function parseNegotiateVersion(body: Uint8Array): { minor: number; unknownOptions: string[] } {
  const cursor = createCursor(body);
  const minor = cursor.int32() & 0xffff;
  const count = cursor.int32();
  // Each option takes a byte at least: a count beyond that is a lie, and must not size a loop.
  if (count < 0 || count > cursor.left) throw new ProtocolError('an option count is impossible');
  const unknownOptions = Array.from({ length: count }, () => cursor.cString());
  cursor.end();
  return { minor, unknownOptions };
}

export function encodeParameterStatus(name: string, value: string): Buffer {
  return message('S', cString(name), cString(value));
}

/** @throws ProtocolError for a malformed body. */
export function parseParameterStatus(body: Uint8Array): { name: string; value: string } {
  const cursor = createCursor(body);
  const name = cursor.cString();
  const value = cursor.cString();
  cursor.end();
  return { name, value };
}
