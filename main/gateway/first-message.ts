import type { Socket } from 'node:net';

/** Content type of the TLS record that a handshake begins with: RFC 8446 section 5.1. */
export const tlsHandshakeByte = 0x16;
/** Type, version, length: RFC 8446 section 5.1, as is the most that a record holds. */
const recordHeaderLength = 5;
const maxRecordLength = 2 ** 14;

/** @param bytes what a client has sent, beginning with {@link tlsHandshakeByte} */
export function holdsTlsRecord(bytes: Buffer): boolean {
  if (bytes.length < recordHeaderLength) return false;
  const length = bytes.readUInt16BE(3);
  return length > maxRecordLength || bytes.length >= recordHeaderLength + length;
}

/**
 * Calls `begin` once a client's first message is there, with all bytes back in the socket. Until then the connection costs
 * little more than its socket, whether it says nothing or half a packet. One that ends before is closed.
 *
 * @param isThere whether these bytes hold it, or can be refused without the rest; false for a few bytes at most.
 */
export function whenFirstMessage(
  socket: Socket,
  isThere: (bytes: Buffer) => boolean,
  begin: () => void,
): void {
  let held: Buffer | undefined;
  const end = (): void => void socket.destroy();
  const look = (): void => {
    const more = socket.read() as Buffer | null;
    if (more === null) return;
    held = held === undefined ? more : Buffer.concat([held, more]);
    if (!isThere(held)) return;
    socket.off('readable', look).off('end', end);
    socket.unshift(held);
    begin();
  };
  socket.on('readable', look).once('end', end);
}
