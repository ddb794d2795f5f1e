import { connect } from 'node:net';

/** A socket for tests of a protocol's bytes: everything that was received is kept. */
export interface RawSocket {
  localPort: number;
  write(bytes: Uint8Array | string): void;
  /** Sends our FIN and goes on reading. */
  finish(): void;
  received(): Buffer;
  /** Resolves when `enough` says so of what has been received. Rejects when the other side closes before. */
  until(enough: (received: Buffer) => boolean): Promise<Buffer>;
  /** Resolves with everything received and the time in ms since connecting, when the other side closes or resets. */
  closed(): Promise<{ received: Buffer; afterMs: number; reset: boolean }>;
  destroy(): void;
}

/** Connects to a loopback port or a unix socket. */
export function rawSocket(target: number | string): Promise<RawSocket> {
  const socket = connect(
    typeof target === 'number' ? { host: '127.0.0.1', port: target, noDelay: true } : { path: target },
  );
  const started = performance.now();
  let room: Buffer = Buffer.alloc(0);
  let received: Buffer = room;
  let ended: { received: Buffer; afterMs: number; reset: boolean } | undefined;
  let reset = false;
  const watchers = new Set<() => void>();
  const notify = (): void => {
    for (const watcher of watchers) watcher();
  };
  socket.on('data', (chunk: Buffer) => {
    // The room is doubled: a copy for each chunk costs a long result seconds, and they would count as the gateway's.
    const length = received.length + chunk.length;
    if (length > room.length) room = Buffer.concat([received], Math.max(length, 2 * room.length));
    chunk.copy(room, received.length);
    received = room.subarray(0, length);
    notify();
  });
  socket.on('error', () => {
    reset = true;
  });
  const onEnd = (): void => {
    ended ??= { received, afterMs: performance.now() - started, reset };
    notify();
  };
  socket.on('end', onEnd).on('close', onEnd);

  const raw: RawSocket = {
    localPort: 0,
    write: (bytes) => void socket.write(bytes),
    finish: () => void socket.end(),
    received: () => received,
    until: (enough) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const done = enough(received);
          if (!done && ended === undefined) return;
          watchers.delete(check);
          if (done) resolve(received);
          else reject(new Error(`closed after ${received.length} bytes: ${received.toString('latin1')}`));
        };
        watchers.add(check);
        check();
      }),
    closed: () =>
      new Promise((resolve) => {
        const check = (): void => {
          if (ended === undefined) return;
          watchers.delete(check);
          resolve(ended);
        };
        watchers.add(check);
        check();
      }),
    destroy: () => void socket.destroy(),
  };
  return new Promise((resolve, reject) => {
    socket.once('connect', () => {
      raw.localPort = socket.localPort ?? 0;
      resolve(raw);
    });
    socket.once('error', reject);
  });
}
