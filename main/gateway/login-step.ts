import type { Socket } from 'node:net';
import { LatchkeyError } from '../contract/errors.ts';
import type { ByteReader } from './byte-reader.ts';
import { upstreamName } from './dial.ts';
import type { UpstreamAddress } from './ports.ts';

/**
 * Runs one step of a login. The reader ends with `upstream-unreachable` when the server closes the connection or takes
 * longer than the address allows, and with the signal's reason when that aborts. The socket is destroyed unless the
 * step succeeds.
 */
export async function loginStep<Result>(
  socket: Socket,
  reader: ByteReader,
  address: UpstreamAddress,
  signal: AbortSignal,
  step: () => Promise<Result>,
): Promise<Result> {
  const onClose = (): void => reader.end(ended(address, 'closed the connection during the login'));
  const onAbort = (): void => reader.end(signal.reason);
  const timer = setTimeout(
    () => reader.end(ended(address, 'did not finish the login in time')),
    address.connectTimeoutMs,
  );
  socket.on('end', onClose).on('close', onClose);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    return await step();
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    socket.off('end', onClose).off('close', onClose);
    signal.removeEventListener('abort', onAbort);
  }
}

function ended(address: UpstreamAddress, what: string): LatchkeyError {
  return new LatchkeyError(
    'upstream-unreachable',
    `The database server at ${upstreamName(address)} ${what}.`,
    {
      remedy: 'Try again; if it stays, look into the log of the database server.',
    },
  );
}
