import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * For so long one looks before all others of this thread have their turn: as long as they took before, within these bounds.
 * With the shortest alone, each piece of a look would wait for hundreds of connections where a crowd is at the door.
 */
const turnMs = { shortest: 0.5, longest: 5 };

export interface Turn {
  isOver(): boolean;
  /** Lets everybody else of this thread do their work. */
  next(): Promise<void>;
}

export function createTurn(): Turn {
  let began = performance.now();
  let length = turnMs.shortest;
  return {
    isOver: () => performance.now() - began >= length,
    async next() {
      const ended = performance.now();
      await nextTurn();
      began = performance.now();
      length = Math.min(turnMs.longest, Math.max(turnMs.shortest, began - ended));
    },
  };
}
