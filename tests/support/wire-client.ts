import { randomBytes } from 'node:crypto';
import type { RawSocket } from './raw-socket.ts';

/**
 * A PostgreSQL client made of raw bytes, written apart from the gateway's own codecs so that a mistake in those is not
 * repeated here.
 */
export interface Frame {
  type: string;
  body: Buffer;
}

/** Splits what a server sent into complete messages; what is left over is ignored. */
export function frames(bytes: Buffer): Frame[] {
  const found: Frame[] = [];
  let offset = 0;
  while (offset + 5 <= bytes.length) {
    const end = offset + 1 + bytes.readInt32BE(offset + 1);
    if (end > bytes.length) break;
    found.push({ type: bytes.toString('latin1', offset, offset + 1), body: bytes.subarray(offset + 5, end) });
    offset = end;
  }
  return found;
}

/** Fields of an ErrorResponse by their code: C is the SQLSTATE, M the message, H the hint. */
export function errorFields(bytes: Buffer): Record<string, string> {
  const error = frames(bytes).find(({ type }) => type === 'E');
  const parts = (error?.body.toString() ?? '').split('\0').filter((part) => part !== '');
  return Object.fromEntries(parts.map((part) => [part.slice(0, 1), part.slice(1)]));
}

export function startupPacket(parameters: Record<string, string>, version = 0x30000): Buffer {
  const pairs = Object.entries(parameters).flat();
  const body = Buffer.from(`${pairs.map((text) => `${text}\0`).join('')}\0`);
  const header = Buffer.alloc(8);
  header.writeInt32BE(body.length + 8, 0);
  header.writeInt32BE(version, 4);
  return Buffer.concat([header, body]);
}

/** A packet that is a length and a code only: SSLRequest 80877103, GSSENCRequest 80877104. */
export function requestPacket(code: number, ...rest: Uint8Array[]): Buffer {
  const header = Buffer.alloc(8);
  header.writeInt32BE(8 + rest.reduce((sum, part) => sum + part.length, 0), 0);
  header.writeInt32BE(code, 4);
  return Buffer.concat([header, ...rest]);
}

export const sslRequest = requestPacket(80_877_103);
export const gssRequest = requestPacket(80_877_104);

export function typed(type: string, body: Uint8Array | string): Buffer {
  const bytes = Buffer.from(body as string);
  const header = Buffer.alloc(5);
  header.write(type, 0, 'latin1');
  header.writeInt32BE(bytes.length + 4, 1);
  return Buffer.concat([header, bytes]);
}

export const query = (sql: string): Buffer => typed('Q', `${sql}\0`);

export function saslInitial(mechanism: string, data: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(Buffer.byteLength(data));
  return typed('p', Buffer.concat([Buffer.from(`${mechanism}\0`), length, Buffer.from(data)]));
}

const subtle = globalThis.crypto.subtle;

async function hmac(key: Uint8Array, data: string): Promise<Uint8Array> {
  const imported = await subtle.importKey(
    'raw',
    Uint8Array.from(key),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  return new Uint8Array(await subtle.sign('HMAC', imported, Buffer.from(data)));
}

/** Plays the client's side of SCRAM-SHA-256 (RFC 7677) and resolves when ReadyForQuery or an error has come. */
export async function scramLogin(raw: RawSocket, password: string, gs2Flag = 'n'): Promise<Buffer> {
  const skip = raw.received().length;
  const fresh = (): Frame[] => frames(raw.received().subarray(skip));
  const authentication = (code: number): Buffer | undefined =>
    fresh()
      .find(({ type, body }) => type === 'R' && body.readInt32BE(0) === code)
      ?.body.subarray(4);
  const over = (): boolean => fresh().some(({ type }) => type === 'E' || type === 'Z');

  await raw.until(() => authentication(10) !== undefined || over());
  if (over()) return raw.received().subarray(skip);
  const bare = `n=,r=${randomBytes(18).toString('base64')}`;
  raw.write(saslInitial('SCRAM-SHA-256', `${gs2Flag},,${bare}`));
  await raw.until(() => authentication(11) !== undefined || over());
  const serverFirst = authentication(11)?.toString();
  if (serverFirst === undefined) return raw.received().subarray(skip);
  const fields = Object.fromEntries(
    serverFirst.split(',').map((field) => [field.slice(0, 1), field.slice(2)]),
  );
  const withoutProof = `c=${Buffer.from(`${gs2Flag},,`).toString('base64')},r=${fields['r'] ?? ''}`;
  const authMessage = `${bare},${serverFirst},${withoutProof}`;
  const material = await subtle.importKey('raw', Buffer.from(password), 'PBKDF2', false, ['deriveBits']);
  const salted = await subtle.deriveBits(
    {
      name: 'PBKDF2',
      hash: 'SHA-256',
      salt: Buffer.from(fields['s'] ?? '', 'base64'),
      iterations: Number(fields['i']),
    },
    material,
    256,
  );
  const clientKey = await hmac(new Uint8Array(salted), 'Client Key');
  const storedKey = new Uint8Array(await subtle.digest('SHA-256', Uint8Array.from(clientKey)));
  const signature = await hmac(storedKey, authMessage);
  const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
  raw.write(typed('p', `${withoutProof},p=${Buffer.from(proof).toString('base64')}`));
  await raw.until(over);
  return raw.received().subarray(skip);
}
