import type { Socket } from 'node:net';

/** One connection that has not been let in yet. */
export interface Visit {
  /** The first byte has come. */
  spoke(): void;
  /** The broker has been asked: this visit is not sent away to make room while it waits for the answer. */
  asked(): void;
  /** The answer is no, and is being held back: this visit is the first to go. */
  refused(): void;
  /** The visit is over: let in, refused or gone. */
  leave(): void;
}

export type Admission = ReturnType<typeof createAdmission>;

/**
 * Bounds the connections of one listener that have not authenticated. When there is no room, the one that has been
 * silent longest goes, then the one that has talked longest: a crowd of idle sockets cannot keep out a client that
 * gets on with its login.
 */
export function createAdmission(limit: number) {
  const silent = new Set<Socket>();
  const talking = new Set<Socket>();
  const waiting = new Set<Socket>();

  function leave(socket: Socket): boolean {
    return silent.delete(socket) || talking.delete(socket) || waiting.delete(socket);
  }

  function makeRoom(): boolean {
    if (silent.size + talking.size + waiting.size < limit) return true;
    const [oldest] = silent.size > 0 ? silent : talking;
    if (oldest === undefined) return false;
    leave(oldest);
    oldest.destroy();
    return true;
  }

  return {
    /** @returns undefined where there is no room; the socket is destroyed then. */
    enter(socket: Socket): Visit | undefined {
      if (!makeRoom()) {
        socket.destroy();
        return undefined;
      }
      silent.add(socket);
      const move = (to: Set<Socket>): void => {
        if (leave(socket)) to.add(socket);
      };
      return {
        spoke() {
          if (silent.has(socket)) move(talking);
        },
        asked: () => move(waiting),
        refused: () => move(silent),
        leave: () => void leave(socket),
      };
    },
    /** Sends everybody away. */
    clear(): void {
      for (const socket of [...silent, ...talking, ...waiting]) socket.destroy();
    },
    get size() {
      return silent.size + talking.size + waiting.size;
    },
  };
}
