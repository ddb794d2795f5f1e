import type { EventEmitter } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type SecureContext, type TLSSocket, connect as connectTls } from 'node:tls';
import { LatchkeyError } from '../contract/errors.ts';
import type { Connection, Receiver } from './connection.ts';
import type { UpstreamAddress } from './ports.ts';

/** One libuv read at most; only the pages that traffic has touched take memory. */
const readBufferSize = 64 * 1024;
/** Node's own 250 ms for each address of a host gives up on far-away servers. */
const addressTimeoutMs = 2000;

/**
 * Opens a socket to the upstream that reads into one buffer for its whole life, which spares an allocation and some
 * CPU for each chunk.
 *
 * @param signal where it aborts first, its reason is thrown and the socket is gone.
 * @throws LatchkeyError `upstream-unreachable`.
 */
export async function dial(address: UpstreamAddress, signal: AbortSignal): Promise<Connection> {
  let receiver: Receiver = pauseAtOnce;
  const socket = connect({
    ...target(address),
    onread: {
      buffer: Buffer.allocUnsafeSlow(readBufferSize),
      callback: (length, buffer) => receiver(buffer.subarray(0, length) as Buffer),
    },
  });
  // Nothing is read before there is somebody to receive it.
  socket.pause();
  await connected(socket, address, signal);
  return {
    socket,
    reusesBuffer: true,
    receive(next) {
      receiver = next;
      socket.resume();
    },
  };
}

/** A plain socket that TLS will be laid over, which rules an own read buffer out. Throws as {@link dial} does. */
export async function dialForTls(address: UpstreamAddress, signal: AbortSignal): Promise<Socket> {
  const socket = connect(target(address));
  await connected(socket, address, signal);
  return socket;
}

/**
 * Lays TLS over the socket and verifies chain and name.
 * @throws LatchkeyError `upstream-tls-failed`; the socket is gone then.
 */
export async function secure(
  socket: Duplex,
  address: UpstreamAddress,
  secureContext: SecureContext,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const name = address.tls.serverName ?? address.host;
  const tls = connectTls({
    socket,
    host: name,
    // RFC 6066 section 3: an address is no server name.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    secureContext,
    rejectUnauthorized: true,
  });
  await settled(tls, 'secureConnect', address.connectTimeoutMs, signal, (fault) =>
    tlsFailed(address, name, fault),
  );
  return tls;
}

function target({ host, port, socketPath }: UpstreamAddress) {
  return {
    ...(socketPath === undefined
      ? { host, port, autoSelectFamilyAttemptTimeout: addressTimeoutMs }
      : { path: socketPath }),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    allowHalfOpen: true,
  };
}

function connected(socket: Socket, address: UpstreamAddress, signal: AbortSignal): Promise<void> {
  return settled(socket, 'connect', address.connectTimeoutMs, signal, (fault) => unreachable(address, fault));
}

type Fault = NodeJS.ErrnoException | 'timeout' | 'closed';

/** Waits for the event; on anything else the socket is destroyed and the fault, as an error of ours, thrown. */
function settled(
  socket: Duplex,
  event: 'connect' | 'secureConnect',
  timeoutMs: number,
  signal: AbortSignal,
  toError: (fault: Fault) => Error,
): Promise<void> {
  const events: EventEmitter = socket;
  return new Promise((resolve, reject) => {
    const finish = (outcome: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      events.off(event, onDone).off('error', onError).off('close', onClose);
      outcome();
    };
    const fail = (reason: unknown): void =>
      finish(() => {
        socket.destroy();
        reject(reason);
      });
    const onAbort = (): void => fail(signal.reason);
    const onDone = (): void => finish(resolve);
    const onError = (error: Error): void => fail(toError(error));
    const onClose = (): void => fail(toError('closed'));
    const timer = setTimeout(() => fail(toError('timeout')), timeoutMs);
    signal.addEventListener('abort', onAbort);
    // A later error always comes with 'close', which is what the users of the socket watch.
    events.on('error', ignore);
    events.on(event, onDone).on('error', onError).on('close', onClose);
    if (signal.aborted) onAbort();
  });
}

function ignore(): void {}

function pauseAtOnce(): boolean {
  return false;
}

/** Whether this is an address of this computer itself, whose traffic leaves it for nobody to see. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  return isIP(address) === 4 ? address.startsWith('127.') : address === '::1';
}

/** How messages call the upstream: host and port, or the path of its unix socket. */
export function upstreamName({ host, port, socketPath }: UpstreamAddress): string {
  return socketPath ?? (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
}

function unreachable(address: UpstreamAddress, fault: Fault): LatchkeyError {
  const where = upstreamName(address);
  const options = {
    cause: fault,
    remedy: 'Check that the server runs and that this computer reaches its network (VPN).',
  };
  const make = (text: string): LatchkeyError => new LatchkeyError('upstream-unreachable', text, options);
  if (fault === 'timeout') return make(`The database server at ${where} did not answer in time.`);
  if (fault === 'closed') return make(`The database server at ${where} closed the connection at once.`);
  // Where a host has several addresses, Node wraps the errors of all of them.
  const code = fault instanceof AggregateError ? (fault.errors[0] as NodeJS.ErrnoException).code : fault.code;
  switch (code) {
    case 'ECONNREFUSED':
      return make(`The database server at ${where} refused the connection.`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return make(`The name of the database server "${address.host}" is not known to the network.`);
    case 'ENOENT':
    case 'EACCES':
      return make(`The socket ${where} of the database server does not exist or may not be opened.`);
    case 'ETIMEDOUT':
      return make(`The database server at ${where} did not answer in time.`);
    default:
      return make(`The database server at ${where} cannot be reached (${code ?? 'unknown error'}).`);
  }
}

function tlsFailed(address: UpstreamAddress, name: string, fault: Fault): LatchkeyError {
  const where = upstreamName(address);
  const make = (text: string, remedy: string): LatchkeyError =>
    new LatchkeyError('upstream-tls-failed', text, { cause: fault, remedy });
  const retry = 'Check that the server and the network between allow TLS, and try again.';
  if (fault === 'timeout')
    return make(`The database server at ${where} did not finish the TLS handshake in time.`, retry);
  if (fault === 'closed')
    return make(`The database server at ${where} closed the connection during the TLS handshake.`, retry);
  switch (fault.code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return make(
        `The certificate of the database server at ${where} is not for the name "${name}".`,
        'Configure the host name that the certificate has, or set upstream.tls.serverName to it.',
      );
    case 'CERT_HAS_EXPIRED':
      return make(
        `The certificate of the database server at ${where} has expired.`,
        "Ask the database's administrator for a new certificate, or check this computer's clock.",
      );
    case 'CERT_NOT_YET_VALID':
      return make(
        `The certificate of the database server at ${where} is not valid yet.`,
        "Check this computer's clock.",
      );
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
      return make(
        `The certificate of the database server at ${where} was not issued by an authority that is trusted here.`,
        "Set upstream.tls.caFile to the authority's certificate; if you did, somebody may be in between.",
      );
    default:
      return make(
        `TLS with the database server at ${where} failed (${fault.code ?? 'unknown error'}).`,
        retry,
      );
  }
}
