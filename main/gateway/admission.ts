import type { Socket } from 'node:net';
import { reset } from './connection.ts';

/** One connection that has not been let in yet, and how far it has got. */
export interface PendingConnection {
  /** How long ago it was accepted, in ms. */
  age(): number;
  /** The first message has come. */
  spoke(): void;
  /** The client has said who it is and what it wants. */
  introduced(): void;
  /** The broker has been asked: this connection is not sent away while it waits for the answer. */
  asked(): void;
  /** The answer is no, and is being held back. */
  refused(): void;
  /** It is over: let in, refused or gone. */
  leave(): void;
}

/**
 * Bounds the connections of one listener that have not authenticated, and ends those that never say a whole message.
 *
 * When there is no room, the oldest of the most crowded stage goes. A crowd stays behind at one stage, whether
 * it says nothing, half a packet or a false name; a client that gets on with its login is elsewhere or, among them,
 * the youngest.
 *
 * @param limit how many there may be.
 * @param silentMs how long one may take over its first message.
 */
export function createAdmission(limit: number, silentMs: number) {
  /** With the time of entering; insertion order is the order of time, here as in the other stages. */
  const silent = new Map<Socket, number>();
  const talking = new Set<Socket>();
  const introduced = new Set<Socket>();
  const waiting = new Set<Socket>();
  const refused = new Set<Socket>();
  const stages = [silent, talking, introduced, waiting, refused];
  const expendable = [silent, talking, introduced, refused];
  let sweepTimer: NodeJS.Timeout | undefined;

  const size = (): number => stages.reduce((sum, stage) => sum + stage.size, 0);

  function leave(socket: Socket): boolean {
    return stages.some((stage) => stage.delete(socket));
  }

  function makeRoom(): boolean {
    if (size() < limit) return true;
    const crowded = expendable.reduce((most, stage) => (stage.size > most.size ? stage : most));
    const [oldest] = crowded.keys();
    if (oldest === undefined) return false;
    leave(oldest);
    sendAway(oldest);
    return true;
  }

  /** One timer for all: the first entry is always the one that is due next. */
  function sweep(): void {
    sweepTimer = undefined;
    const now = performance.now();
    for (const [socket, since] of silent) {
      if (now - since < silentMs) {
        sweepTimer = setTimeout(sweep, since + silentMs - now);
        return;
      }
      silent.delete(socket);
      socket.destroy();
    }
  }

  return {
    /** @returns undefined where there is no room; the socket is destroyed then. */
    enter(socket: Socket): PendingConnection | undefined {
      if (!makeRoom()) {
        sendAway(socket);
        return undefined;
      }
      const entered = performance.now();
      silent.set(socket, entered);
      sweepTimer ??= setTimeout(sweep, silentMs);
      const move = (to: Set<Socket>): void => {
        if (leave(socket)) to.add(socket);
      };
      return {
        age: () => performance.now() - entered,
        spoke: () => move(talking),
        introduced: () => move(introduced),
        asked: () => move(waiting),
        refused: () => move(refused),
        leave: () => void leave(socket),
      };
    },
    /** Sends everybody away. */
    clear(): void {
      clearTimeout(sweepTimer);
      for (const stage of stages) for (const socket of stage.keys()) socket.destroy();
    },
    get size() {
      return size();
    },
  };
}

/**
 * With a reset: after an ordinary end the system keeps the connection for a minute (TIME_WAIT), and thousands of these make
 * the tables long in which the owner of the next client is looked up.
 */
function sendAway(socket: Socket): void {
  reset({ socket, raw: socket });
}
