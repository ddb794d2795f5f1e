import type { Refusal } from '../ports.ts';
import { inOneText, sqlStates } from '../refused.ts';
import { encodeMessage, packetTypes } from './packets.ts';
import { type ErrorInfo, encodeError } from './tokens.ts';

type Numbers = Pick<ErrorInfo, 'number' | 'severity'> & Partial<Pick<ErrorInfo, 'state'>>;

/** A refusal that keeps the number which the upstream gave it: drivers decide by it whether to try again. */
export interface SqlServerRefusal extends Refusal {
  upstream?: Numbers;
}

/**
 * The server's own number where the meaning is the same; else 50000, which is for errors that an application raises
 * (https://learn.microsoft.com/en-us/sql/relational-databases/errors-events/database-engine-events-and-errors).
 * 40613 is what drivers try again after, so that it is only for what may pass.
 */
const numbers: Record<string, Numbers> = {
  [sqlStates.unauthorized]: { number: 18_456, severity: 14 },
  [sqlStates.wrongPassword]: { number: 18_456, severity: 14 },
  [sqlStates.undefinedDatabase]: { number: 4060, severity: 11 },
  [sqlStates.insufficientPrivilege]: { number: 4060, severity: 11 },
  [sqlStates.tooManyConnections]: { number: 17_809, severity: 16 },
  [sqlStates.unreachable]: { number: 40_613, severity: 17 },
  [sqlStates.connectionFailure]: { number: 40_613, severity: 17 },
  [sqlStates.terminated]: { number: 50_000, severity: 20 },
  [sqlStates.idle]: { number: 50_000, severity: 20 },
};
const others: Numbers = { number: 50_000, severity: 16 };

/** Leaves room for everything else in one packet of 4,096 bytes. */
const maxMessageLength = 1900;

/** The client's error for a refusal: the problem's two sentences. */
export function encodeRefusal({ sqlState, problem, upstream }: SqlServerRefusal, tdsVersion: number): Buffer {
  const error = {
    state: 1,
    ...(upstream ?? numbers[sqlState] ?? others),
    message: inOneText(problem).slice(0, maxMessageLength),
  };
  return encodeMessage(packetTypes.response, encodeError(error, tdsVersion));
}
