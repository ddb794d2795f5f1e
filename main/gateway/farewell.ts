import type { Connection } from './connection.ts';

/**
 * Sends the last bytes and closes. What the client still sends is read and dropped until it closes its side: a socket
 * closed over unread bytes is reset, and a reset may overtake the message on its way to the client.
 */
export function sayFarewell({ socket, receive }: Connection, bytes: Uint8Array, graceMs: number): void {
  if (socket.destroyed || socket.writableEnded) {
    socket.destroy();
    return;
  }
  const timer = setTimeout(() => socket.destroy(), graceMs);
  socket.once('end', () => socket.destroySoon()).once('close', () => clearTimeout(timer));
  receive(drop);
  socket.end(bytes);
}

function drop(): boolean {
  return true;
}
