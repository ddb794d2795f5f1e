import { assertNever } from '../../main/contract/errors.ts';
import type { ConnectionState } from '../../main/contract/state.ts';

export interface Availability {
  word: string;
  tone: 'good' | 'waiting' | 'bad';
}

/** Whether a connection can be used now, in a word. */
export function availabilityOf({ listener, grants, ready, lacks }: ConnectionState): Availability {
  switch (listener.kind) {
    case 'starting':
      return { word: 'Starting', tone: 'waiting' };
    case 'listening':
      if (grants.length === 0) return { word: 'No access', tone: 'waiting' };
      if (ready) return { word: 'Ready', tone: 'good' };
      return { word: lacks.length > 0 ? 'Not ready' : 'Not looked at yet', tone: 'waiting' };
    case 'failed':
      return { word: 'Not available', tone: 'bad' };
    default:
      return assertNever(listener);
  }
}
