import type { Socket } from 'node:net';
import { LatchkeyError } from '../contract/errors.ts';
import type { ByteReader } from './byte-reader.ts';
import { inSeconds, upstreamName } from './dial.ts';
import type { UpstreamAddress } from './ports.ts';
import { ProtocolError } from './refused.ts';
import { tlsFault } from './tls-faults.ts';
import { brokenProtocol } from './upstream-faults.ts';

/** An upstream on its way through a login. */
export interface LoginPlace {
  socket: Socket;
  reader: ByteReader;
  address: UpstreamAddress;
  /** Its name, for sentences. */
  protocol: string;
  /** What a person may do where the server closes or says nothing. */
  remedy?: string;
}

/**
 * Runs one step of a login. The reader ends with `upstream-unreachable` when the server closes the connection or takes
 * longer than the address allows, and with the signal's reason when that aborts. The socket is destroyed unless the
 * step succeeds.
 * @throws what the step throws; LatchkeyError `upstream-protocol` in place of a ProtocolError.
 */
export async function loginStep<Result>(
  place: LoginPlace,
  signal: AbortSignal,
  step: () => Promise<Result>,
): Promise<Result> {
  const { socket, reader, address, protocol, remedy = tryAgain } = place;
  let fault: NodeJS.ErrnoException | undefined;
  const onError = (error: Error): void => {
    fault = error;
  };
  const onClose = (): void =>
    reader.end(
      wayFailed(fault) ??
        tlsFault(address, fault) ??
        ended(address, 'closed the connection during the login', remedy),
    );
  const onAbort = (): void => reader.end(signal.reason);
  const timer = setTimeout(
    () =>
      reader.end(
        ended(address, `did not finish the login in time (${inSeconds(address.connectTimeoutMs)})`, remedy),
      ),
    address.connectTimeoutMs,
  );
  socket.on('error', onError).on('end', onClose).on('close', onClose);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  if (socket.destroyed) onClose();
  try {
    return await step();
  } catch (error) {
    socket.destroy();
    throw error instanceof ProtocolError ? brokenProtocol(address, protocol, error) : error;
  } finally {
    clearTimeout(timer);
    socket.off('error', onError).off('end', onClose).off('close', onClose);
    signal.removeEventListener('abort', onAbort);
  }
}

const tryAgain = 'Try again; if it stays, look into the log of the database server.';

/** A program that was to lead there says why it does not. */
function wayFailed(fault: Error | undefined): LatchkeyError | undefined {
  return fault instanceof LatchkeyError ? fault : undefined;
}

function ended(address: UpstreamAddress, what: string, remedy: string): LatchkeyError {
  return new LatchkeyError(
    'upstream-unreachable',
    `The database server at ${upstreamName(address)} ${what}.`,
    { remedy },
  );
}
