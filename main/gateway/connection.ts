import type { Socket } from 'node:net';

/**
 * One end of a gateway session: a socket, and one receiver at a time for what it reads. The receiver is replaced when the
 * handshake ends and the pipe begins.
 */
export interface Connection {
  socket: Socket;
  /** The system's socket below, where `socket` is TLS; else the same. */
  raw: Socket;
  /**
   * True where every chunk lies in one buffer that the next read overwrites: such a chunk is only good until the
   * receiver returns, unless it returns false; then until `socket.resume()`.
   */
  reusesBuffer: boolean;
  /** Chunks go to this function from now on. It returns false to be sent nothing until `socket.resume()`. */
  receive(receiver: Receiver): void;
}

export type Receiver = (chunk: Buffer) => boolean;

/** A socket that reads into fresh buffers: accepted ones and TLS, for which Node has no other way. */
export function socketConnection(socket: Socket, raw = socket): Connection {
  let receiver: Receiver | undefined;
  return {
    socket,
    raw,
    reusesBuffer: false,
    receive(next) {
      if (receiver === undefined) {
        socket.on('data', (chunk: Buffer) => {
          if (receiver?.(chunk) === false) socket.pause();
        });
      }
      receiver = next;
      socket.resume();
    },
  };
}

/**
 * Ends a connection so that the other side also forgets what it has received and not read yet: a server that gets a FIN
 * still reads, executes and commits everything that was sent to it before. TLS is passed by, as its own goodbye would be
 * such a FIN.
 *
 * A unix socket has no reset. There a server's next write fails at once, and it stops by that.
 */
export function reset({ socket, raw }: Pick<Connection, 'socket' | 'raw'>): void {
  const isTcp = raw.remoteAddress !== undefined;
  // libuv cannot reset a socket whose FIN is still waiting to be sent, and would never close it.
  const isEnding = socket.writableEnded && !socket.writableFinished;
  if (isTcp && !isEnding && !raw.destroyed) raw.resetAndDestroy();
  socket.destroy();
}
