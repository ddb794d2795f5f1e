import type { Socket } from 'node:net';
import { type Connection, reset } from './connection.ts';
import { sayFarewell } from './farewell.ts';
import type { OpenUpstream } from './protocol.ts';

export interface Traffic {
  bytesFromClient: number;
  bytesFromUpstream: number;
}

export interface SpliceEnd extends Traffic {
  /** `upstream-lost`: its connection broke, or was given up, and nobody had closed it. */
  reason: 'client-closed' | 'upstream-closed' | 'upstream-lost' | 'cut';
}

/** What a protocol wants of the pipe; the bytes pass untouched otherwise. */
export type SpliceHooks = Pick<OpenUpstream, 'watchToClient' | 'translate'> & {
  /** What the client gets when the upstream is lost; undefined where nothing may be put in. */
  farewellLost(): Uint8Array | undefined;
};

export interface Splice {
  /** Resolves when both sockets are gone; never rejects. */
  ended: Promise<SpliceEnd>;
  /** What has gone through until now. */
  traffic(): Traffic;
  /**
   * Nothing passes any more, either way. `farewell` is the last thing that the client gets, and it has 100 ms to take it;
   * it must be given only where its stream stands between two messages. The upstream is still followed by the hooks, and
   * has to be ended by whoever has called this.
   */
  cut(farewell: Uint8Array | undefined): void;
  /** The way to the upstream is gone, and the system has not noticed. */
  lose(): void;
}

const farewellMs = 100;

/**
 * Joins the two connections, first with what each reader still held. From here on nobody but the protocol's hooks looks
 * at the bytes. Costs nothing while both sides are silent: there is no timer.
 */
export function splice(
  client: Connection,
  upstream: Connection,
  leftovers: { fromClient: Buffer; fromUpstream: Buffer },
  { watchToClient, translate, farewellLost }: SpliceHooks,
): Splice {
  const clientSocket = client.socket;
  const upstreamSocket = upstream.socket;
  let reason: SpliceEnd['reason'] | undefined;
  const readBefore = clientSocket.bytesRead - leftovers.fromClient.length;
  const writtenBefore = clientSocket.bytesWritten;
  const count = (): Traffic => ({
    bytesFromClient: clientSocket.bytesRead - readBefore,
    bytesFromUpstream: clientSocket.bytesWritten - writtenBefore,
  });
  let countAtCut: Traffic | undefined;

  const ended = new Promise<SpliceEnd>((resolve) => {
    let open = 2;
    const onClose = (): void => {
      open -= 1;
      if (open === 0) resolve({ reason: reason ?? 'client-closed', ...(countAtCut ?? count()) });
    };
    onceClosed(clientSocket, onClose);
    onceClosed(upstreamSocket, onClose);
  });

  // The client's half-close is passed on, so that a client that has said its last still gets every row. A server never
  // reads on after its own, so there the client gets what is still on its way, and both are done.
  clientSocket.once('end', () => {
    if (reason === 'cut' || reason === 'upstream-lost') return;
    reason ??= 'client-closed';
    upstreamSocket.end();
  });
  onceClosed(clientSocket, () => {
    if (reason === 'cut') return;
    reason ??= 'client-closed';
    upstreamSocket.destroy();
  });
  const upstreamGone = (): void => {
    if (reason === undefined && isBroken) lose();
    if (reason === 'cut' || reason === 'upstream-lost') return;
    reason ??= 'upstream-closed';
    clientSocket.destroySoon();
  };
  function lose(): void {
    if (reason !== undefined) return;
    reason = 'upstream-lost';
    reset(upstream);
    sayOrClose(farewellLost());
  }
  /** The last thing that the client gets. */
  function sayOrClose(farewell: Uint8Array | undefined): void {
    if (farewell === undefined) clientSocket.destroy();
    else sayFarewell(client, farewell, farewellMs);
  }
  let isBroken = false;
  const onError = (): void => {
    isBroken = true;
  };
  upstreamSocket.once('error', onError);
  if (upstream.raw !== upstreamSocket) upstream.raw.once('error', onError);
  upstreamSocket.once('end', upstreamGone);
  onceClosed(upstreamSocket, upstreamGone);

  const toUpstream = (chunk: Buffer): boolean => {
    if (reason === 'cut') return true;
    const bytes = translate === undefined ? chunk : translate(chunk);
    return bytes.length === 0 || upstreamSocket.write(bytes);
  };
  upstreamSocket.on('drain', () => clientSocket.resume());

  // Where the buffer is reused, each write must be through before the next read. 'drain' cannot tell: it comes only
  // after a write that crossed the high-water mark, and would be waited for in vain below it.
  let flushing = false;
  const onWritten = (): void => {
    if (!flushing || clientSocket.writableLength > 0) return;
    flushing = false;
    upstreamSocket.resume();
  };
  const toClient = (chunk: Buffer): boolean => {
    watchToClient(chunk);
    if (reason === 'cut') return true;
    if (!upstream.reusesBuffer) return clientSocket.write(chunk);
    clientSocket.write(chunk, onWritten);
    flushing = clientSocket.writableLength > 0;
    return !flushing;
  };
  if (!upstream.reusesBuffer) clientSocket.on('drain', () => upstreamSocket.resume());

  if (leftovers.fromClient.length > 0) toUpstream(leftovers.fromClient);
  if (leftovers.fromUpstream.length > 0) toClient(leftovers.fromUpstream);
  client.receive(toUpstream);
  upstream.receive(toClient);

  return {
    ended,
    traffic: count,
    cut(farewell) {
      if (reason === 'cut') return;
      reason = 'cut';
      countAtCut = count();
      // What the client is still to get may lie in the buffer that the next read overwrites.
      if (flushing) clientSocket.once('close', () => upstreamSocket.resume());
      else upstreamSocket.resume();
      sayOrClose(farewell);
    },
    lose,
  };
}

function onceClosed(socket: Socket, then: () => void): void {
  if (socket.closed) queueMicrotask(then);
  else socket.once('close', then);
}
