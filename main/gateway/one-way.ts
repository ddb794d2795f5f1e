import { LatchkeyError } from '../contract/errors.ts';
import type { Connection } from './connection.ts';

/**
 * Sends a request whose only answer is that the server closes the connection, and resolves then; what the server says
 * meanwhile is dropped. A reset is no such answer: nobody knows then whether the server has read the request.
 * @throws the signal's reason where it aborts first; LatchkeyError `upstream-unreachable` where the connection is gone before
 * the request is sent, or is reset. It is closed then, too.
 */
export async function sendOneWay(
  { socket, receive }: Connection,
  request: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  if (socket.destroyed) throw notSent();
  await new Promise<void>((resolve, reject) => {
    let failure: Error | undefined;
    const close = (): void => void socket.destroy();
    signal.addEventListener('abort', close);
    if (signal.aborted) close();
    socket.once('end', close);
    socket.once('error', (error) => (failure = error));
    socket.once('close', () => {
      signal.removeEventListener('abort', close);
      if (signal.aborted) reject(signal.reason as Error);
      else if (failure === undefined) resolve();
      else reject(notSent(failure));
    });
    receive(drop);
    socket.write(request, (error) => {
      failure ??= error ?? undefined;
    });
  });
}

function notSent(cause?: Error): LatchkeyError {
  return new LatchkeyError(
    'upstream-unreachable',
    'The connection to the database server was lost before it took the request to stop a statement.',
    { cause, remedy: 'Look on the server whether the statement still runs.' },
  );
}

function drop(): boolean {
  return true;
}
