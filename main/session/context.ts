import { LatchkeyError, toLogText, toProblem, type Problem } from '../contract/errors.ts';
import type { Clocks } from './deadline.ts';
import type { SessionEvents } from './events.ts';

/** What each part of the session needs. */
export interface SessionContext extends Clocks {
  events: SessionEvents;
  /** Writes to the log of the process what went wrong where nobody waits for the answer. */
  report(error: unknown): void;
  /** As a person may see it. */
  explain(error: unknown): Problem;
}

export function createContext(
  events: SessionEvents,
  clocks: Clocks,
  log: (line: string) => void,
): SessionContext {
  const report = (error: unknown): void => log(`sign-in: ${toLogText(error)}`);
  return {
    ...clocks,
    events,
    report,
    explain(error) {
      // Its text goes to the log only: a person must not be shown an error that is none of ours.
      if (!(error instanceof LatchkeyError)) report(error);
      return toProblem(error);
    },
  };
}
