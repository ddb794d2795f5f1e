import { type Socket, connect } from 'node:net';
import { LatchkeyError } from '../contract/errors.ts';
import { type Connection, type Receiver, socketConnection } from './connection.ts';
import type { UpstreamAddress, Via } from './ports.ts';
import { type Target, reach } from './reach.ts';
import { Refused } from './refused.ts';
import { openVia } from './via.ts';

/** One libuv read at most; only the pages that traffic has touched take memory. */
const readBufferSize = 64 * 1024;

/**
 * Opens a socket to the upstream that reads into one buffer for its whole life, which spares an allocation and some
 * CPU for each chunk. For connections without TLS: a server of this computer must have an owner that is trusted.
 *
 * @param signal where it aborts first, its reason is thrown and the socket is gone.
 * @throws LatchkeyError `upstream-unreachable`, `upstream-owner-refused`.
 */
export async function dial(address: UpstreamAddress, signal: AbortSignal): Promise<Connection> {
  if (address.via !== undefined) return socketConnection(await dialVia(address, address.via, signal));
  return reached(address, signal, true, (target) => {
    let receiver: Receiver = pauseAtOnce;
    const socket = connect({
      ...target,
      ...socketOptions,
      onread: {
        buffer: Buffer.allocUnsafeSlow(readBufferSize),
        callback: (length, buffer) => receiver(buffer.subarray(0, length) as Buffer),
      },
    });
    // Nothing is read before there is somebody to receive it.
    socket.pause();
    return {
      socket,
      raw: socket,
      reusesBuffer: true,
      receive(next: Receiver) {
        receiver = next;
        socket.resume();
      },
    };
  });
}

/** A plain socket that TLS will be laid over, which rules an own read buffer out. Throws as {@link dial} does. */
export async function dialForTls(address: UpstreamAddress, signal: AbortSignal): Promise<Socket> {
  if (address.via !== undefined) return dialVia(address, address.via, signal);
  const open = (target: Target) => ({ socket: connect({ ...target, ...socketOptions }) });
  return (await reached(address, signal, false, open)).socket;
}

const socketOptions = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
  allowHalfOpen: true,
};

function dialVia(address: UpstreamAddress, via: Via, signal: AbortSignal): Promise<Socket> {
  return inTime(address, signal, (limited) => openVia(via, address, limited));
}

async function reached<Opened extends { socket: Socket }>(
  address: UpstreamAddress,
  signal: AbortSignal,
  checkOwner: boolean,
  open: (target: Target) => Opened,
): Promise<Opened> {
  return inTime(address, signal, (limited) => reach(address, { open, checkOwner, signal: limited }));
}

async function inTime<Opened>(
  address: UpstreamAddress,
  signal: AbortSignal,
  attempt: (signal: AbortSignal) => Promise<Opened>,
): Promise<Opened> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), address.connectTimeoutMs);
  try {
    return await attempt(AbortSignal.any([signal, limit.signal]));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof LatchkeyError || error instanceof Refused) throw error;
    throw unreachable(address, limit.signal.aborted ? 'timeout' : (error as NodeJS.ErrnoException));
  } finally {
    clearTimeout(timer);
  }
}

function pauseAtOnce(): boolean {
  return false;
}

/** For sentences. */
export function inSeconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

/** How messages call the upstream: host and port, or the path of its unix socket. */
export function upstreamName({ host, port, instance, socketPath }: UpstreamAddress): string {
  if (instance !== undefined) return `${host}\\${instance}`;
  return socketPath ?? (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
}

function unreachable(address: UpstreamAddress, fault: NodeJS.ErrnoException | 'timeout'): LatchkeyError {
  const where = upstreamName(address);
  const options = {
    cause: fault,
    remedy: 'Check that the server runs and that this computer reaches its network (VPN).',
  };
  const make = (text: string): LatchkeyError => new LatchkeyError('upstream-unreachable', text, options);
  if (fault === 'timeout')
    return make(
      `The database server at ${where} did not answer in time (${inSeconds(address.connectTimeoutMs)}).`,
    );
  const { code } = fault;
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
      return make(
        `The database server at ${where} did not answer in time (${inSeconds(address.connectTimeoutMs)}).`,
      );
    default:
      return make(`The database server at ${where} cannot be reached (${code ?? 'unknown error'}).`);
  }
}
