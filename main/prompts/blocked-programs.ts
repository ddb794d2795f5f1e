import { LatchkeyError } from '../contract/errors.ts';
import type { Demand } from './board.ts';
import { programIdentity } from './program.ts';

const hourMs = 3600_000;
/** More are never blocked at a time: the oldest is let in again. */
const most = 100;

/** Programs that a person has sent away for an hour: whatever they would ask of anybody, nobody is asked. */
export function createBlockedPrograms({ now = Date.now }: { now?: () => number } = {}) {
  const until = new Map<string, number>();
  return {
    /** @throws LatchkeyError `request-invalid` for a program that would not be recognised when it comes again */
    block({ process }: Demand): void {
      const program = programIdentity(process);
      if (program === undefined)
        throw new LatchkeyError('request-invalid', 'The system does not tell which program this is.', {
          remedy: 'Deny it without a block: it would not be recognised when it comes again.',
        });
      until.delete(program);
      until.set(program, now() + hourMs);
      const [oldest] = until.keys();
      if (until.size > most && oldest !== undefined) until.delete(oldest);
    },

    /** @throws LatchkeyError `client-denied` */
    check({ process }: Demand): void {
      const program = programIdentity(process);
      const end = program === undefined ? undefined : until.get(program);
      if (program === undefined || end === undefined) return;
      if (now() >= end) {
        until.delete(program);
        return;
      }
      throw new LatchkeyError('client-denied', 'This program has been blocked.', {
        remedy: `It may ask again at ${new Date(end).toISOString()}, or after a restart of Latchkey.`,
      });
    },
  };
}
