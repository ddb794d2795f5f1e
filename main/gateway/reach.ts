import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { type Socket, isIP } from 'node:net';
import { orAborted } from '../base/abort.ts';
import type { UpstreamAddress } from './ports.ts';
import { connectToOwned } from './upstream-owner.ts';

/** Where one attempt goes. */
export type Target = { host: string; port: number } | { path: string };

/** After this long without an answer the next address is tried beside: RFC 8305 section 8. */
const staggerMs = 250;

interface Reach<Opened extends { socket: Socket }> {
  /** Begins to connect. */
  open(target: Target): Opened;
  /** Without TLS: whoever listens on this computer must have an owner that is trusted. */
  checkOwner: boolean;
  /** Where it aborts first, its reason is thrown and every socket is gone. */
  signal: AbortSignal;
}

/**
 * Connects to the upstream. All addresses of its name are tried, the next one as soon as one fails or is slow: of a
 * listener in several networks only one answers. The first connection wins, and the others are closed.
 *
 * @throws the error of the first address that failed; LatchkeyError `upstream-owner-refused`; the signal's reason.
 */
export async function reach<Opened extends { socket: Socket }>(
  address: UpstreamAddress,
  { open, checkOwner, signal }: Reach<Opened>,
): Promise<Opened> {
  const targets = await orAborted(targetsOf(address), signal);
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const attempt = (target: Target): Promise<Opened> => {
    const connect = async (): Promise<Opened> => {
      if (stop.aborted) throw stop.reason;
      const opened = open(target);
      await connected(opened.socket, stop);
      return opened;
    };
    return checkOwner ? connectToOwned(address, target, connect) : connect();
  };
  try {
    return await orAborted(first(targets, attempt), signal);
  } finally {
    over.abort();
  }
}

async function targetsOf({ host, port, socketPath, address }: UpstreamAddress): Promise<Target[]> {
  if (socketPath !== undefined) return [{ path: socketPath }];
  const known = address ?? (isIP(host) === 0 ? undefined : host);
  if (known !== undefined) return [{ host: known, port }];
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => ({ host: address, port }));
}

/** Resolves with the first that succeeds; one that succeeds later is closed. */
function first<Opened extends { socket: Socket }>(
  targets: Target[],
  attempt: (target: Target) => Promise<Opened>,
): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const waiting = [...targets];
    const failures: unknown[] = [];
    let won = false;
    let timer: NodeJS.Timeout | undefined;
    const tryOne = async (target: Target): Promise<void> => {
      try {
        const opened = await attempt(target);
        clearTimeout(timer);
        if (won) opened.socket.destroy();
        won = true;
        resolve(opened);
      } catch (error) {
        failures.push(error);
        if (failures.length === targets.length) reject(failures[0] as Error);
        else tryNext();
      }
    };
    const tryNext = (): void => {
      clearTimeout(timer);
      const target = waiting.shift();
      if (won || target === undefined) return;
      if (waiting.length > 0) timer = setTimeout(tryNext, staggerMs);
      void tryOne(target);
    };
    tryNext();
  });
}

/** @throws the socket's error; the signal's reason. The socket is gone then. */
async function connected(socket: Socket, signal: AbortSignal): Promise<void> {
  // A later error always comes with 'close', which is what the users of the socket watch.
  socket.on('error', ignore);
  try {
    await once(socket, 'connect', { signal });
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? signal.reason : error;
  }
}

function ignore(): void {}
