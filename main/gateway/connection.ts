import type { Socket } from 'node:net';

/**
 * One end of a gateway session: a socket, and one receiver at a time for what it reads. The receiver is replaced when the
 * handshake ends and the pipe begins.
 */
export interface Connection {
  socket: Socket;
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
export function socketConnection(socket: Socket): Connection {
  let receiver: Receiver | undefined;
  return {
    socket,
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
