import type { Socket } from 'node:net';
import type { Connection } from './connection.ts';
import { sayFarewell } from './farewell.ts';
import type { OpenUpstream } from './protocol.ts';

export interface Traffic {
  bytesFromClient: number;
  bytesFromUpstream: number;
}

export interface SpliceEnd extends Traffic {
  reason: 'client-closed' | 'upstream-closed' | 'cut';
}

/** What a protocol wants of the pipe; the bytes pass untouched otherwise. */
export type SpliceHooks = Pick<OpenUpstream, 'watchToClient' | 'translate'>;

export interface Splice {
  /** Resolves when both sockets are gone; never rejects. */
  ended: Promise<SpliceEnd>;
  /** What has gone through until now. */
  traffic(): Traffic;
  /**
   * Ends both sides now. `farewell` is the last thing that the client gets, `lastWords` what the upstream gets; each has
   * 100 ms to take it. Either must be given only where its stream stands between two messages.
   */
  cut(farewell: Uint8Array | undefined, lastWords?: Uint8Array): void;
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
  { watchToClient, translate }: SpliceHooks,
): Splice {
  const near = client.socket;
  const far = upstream.socket;
  let reason: SpliceEnd['reason'] | undefined;
  const readBefore = near.bytesRead - leftovers.fromClient.length;
  const writtenBefore = near.bytesWritten;
  const count = (): Traffic => ({
    bytesFromClient: near.bytesRead - readBefore,
    bytesFromUpstream: near.bytesWritten - writtenBefore,
  });
  let countAtCut: Traffic | undefined;

  const ended = new Promise<SpliceEnd>((resolve) => {
    let open = 2;
    const onClose = (): void => {
      open -= 1;
      if (open === 0) resolve({ reason: reason ?? 'client-closed', ...(countAtCut ?? count()) });
    };
    onceClosed(near, onClose);
    onceClosed(far, onClose);
  });

  // The client's half-close is passed on, so that a client that has said its last still gets every row. A server never
  // reads on after its own, so there the client gets what is still on its way, and both are done.
  near.once('end', () => {
    reason ??= 'client-closed';
    far.end();
  });
  onceClosed(near, () => {
    reason ??= 'client-closed';
    far.destroy();
  });
  const upstreamGone = (): void => {
    if (reason === 'cut') return;
    reason ??= 'upstream-closed';
    near.destroySoon();
  };
  far.once('end', upstreamGone);
  onceClosed(far, upstreamGone);

  const toUpstream = (chunk: Buffer): boolean => {
    const bytes = translate === undefined ? chunk : translate(chunk);
    return bytes.length === 0 || far.write(bytes);
  };
  far.on('drain', () => near.resume());

  // Where the buffer is reused, each write must be through before the next read. 'drain' cannot tell: it comes only
  // after a write that crossed the high-water mark, and would be waited for in vain below it.
  let flushing = false;
  const onWritten = (): void => {
    if (!flushing || near.writableLength > 0) return;
    flushing = false;
    far.resume();
  };
  const toClient = (chunk: Buffer): boolean => {
    watchToClient(chunk);
    if (!upstream.reusesBuffer) return near.write(chunk);
    near.write(chunk, onWritten);
    flushing = near.writableLength > 0;
    return !flushing;
  };
  if (!upstream.reusesBuffer) near.on('drain', () => far.resume());

  if (leftovers.fromClient.length > 0) toUpstream(leftovers.fromClient);
  if (leftovers.fromUpstream.length > 0) toClient(leftovers.fromUpstream);
  client.receive(toUpstream);
  upstream.receive(toClient);

  return {
    ended,
    traffic: count,
    cut(farewell, lastWords) {
      if (reason === 'cut') return;
      reason = 'cut';
      countAtCut = count();
      if (lastWords === undefined) far.destroy();
      else sayFarewell(upstream, lastWords, farewellMs);
      if (farewell === undefined) near.destroy();
      else sayFarewell(client, farewell, farewellMs);
    },
  };
}

function onceClosed(socket: Socket, then: () => void): void {
  if (socket.closed) queueMicrotask(then);
  else socket.once('close', then);
}
