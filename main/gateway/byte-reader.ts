import type { Connection } from './connection.ts';

/** Reads a handshake from a connection, some bytes at a time. */
export interface ByteReader {
  /**
   * Exactly this many bytes. One read at a time.
   * @throws what `end` was called with, once the bytes that came before are used up.
   */
  read(length: number): Promise<Buffer>;
  /** Bytes that have come and have not been read. */
  readonly buffered: number;
  /** Stops reading and hands out what is left; whoever takes the connection over must see these bytes first. */
  release(): Buffer;
  /** Fails the waiting read and every later one that would have to wait. */
  end(reason: unknown): void;
}

/** More than this is not read ahead of what is asked for: a handshake's messages are asked for one by one. */
const readAhead = 16 * 1024;

/** Takes the connection's bytes over; they are copied, so that a reused buffer is no danger. */
export function createByteReader({ socket, receive }: Connection): ByteReader {
  let chunks: Buffer[] = [];
  let buffered = 0;
  let ended: { reason: unknown } | undefined;
  let waiting: { length: number; resolve(bytes: Buffer): void; reject(reason: unknown): void } | undefined;

  const takeAll = (): Buffer => {
    const all = Buffer.concat(chunks);
    chunks = [];
    buffered = 0;
    return all;
  };
  const take = (length: number): Buffer => {
    const all = takeAll();
    if (all.length > length) {
      chunks = [all.subarray(length)];
      buffered = all.length - length;
    }
    return all.subarray(0, length);
  };

  receive((chunk) => {
    chunks.push(Buffer.from(chunk));
    buffered += chunk.length;
    if (waiting !== undefined && buffered >= waiting.length) {
      const { length, resolve } = waiting;
      waiting = undefined;
      resolve(take(length));
    }
    return buffered < Math.max(readAhead, waiting?.length ?? 0);
  });

  return {
    read(length) {
      if (buffered >= length) return Promise.resolve(take(length));
      if (ended !== undefined) return Promise.reject(ended.reason);
      socket.resume();
      return new Promise((resolve, reject) => {
        waiting = { length, resolve, reject };
      });
    },
    get buffered() {
      return buffered;
    },
    release() {
      receive(() => false);
      socket.pause();
      return takeAll();
    },
    end(reason) {
      ended ??= { reason };
      waiting?.reject(reason);
      waiting = undefined;
    },
  };
}
