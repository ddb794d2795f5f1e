import type { Connection } from './connection.ts';

/**
 * Sends a request whose only answer is that the server closes the connection, and resolves then; what the server says
 * meanwhile is dropped. Where the signal aborts first, the connection is closed from here.
 */
export async function sendOneWay(
  { socket, receive }: Connection,
  request: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const close = (): void => void socket.destroy();
    signal.addEventListener('abort', close);
    socket.once('end', close);
    socket.once('close', () => {
      signal.removeEventListener('abort', close);
      resolve();
    });
    receive(drop);
    socket.write(request);
  });
}

function drop(): boolean {
  return true;
}
