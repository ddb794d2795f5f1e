import { assertNever } from '../../main/contract/errors.ts';
import type { ConnectionState } from '../../main/contract/state.ts';
import { access as t } from '../texts/en/access.ts';

export interface Availability {
  word: string;
  tone: 'good' | 'waiting' | 'bad';
}

/** Whether a connection can be used now, in a word. */
export function availabilityOf({ listener, grants, ready, lacks }: ConnectionState): Availability {
  switch (listener.kind) {
    case 'starting':
      return { word: t.starting, tone: 'waiting' };
    case 'listening':
      if (grants.length === 0) return { word: t.noAccess, tone: 'waiting' };
      if (ready) return { word: t.ready, tone: 'good' };
      return { word: lacks.length > 0 ? t.notReady : t.notLookedAtYet, tone: 'waiting' };
    case 'failed':
      return { word: t.notAvailable, tone: 'bad' };
    default:
      return assertNever(listener);
  }
}
