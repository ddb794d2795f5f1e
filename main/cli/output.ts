import { toProblem, type ErrorCode, type Problem } from '../contract/errors.ts';
import type { Printed, PrintedName } from './printed.ts';

/** Where a command writes: results to `out`, everything that is not the result to `err`. */
export interface Output {
  /** With `--json`: what makes a line of a result, as it is documented for its command. */
  json: ((command: string, value: unknown) => string) | false;
  out(text: string): void;
  err(text: string): void;
}

/** Exit codes, for scripts. Every code that is not listed is 1. */
const exitCodes: Partial<Record<ErrorCode, number>> = {
  'config-invalid': 2,
  'config-unreadable': 2,
  'organisation-untrusted': 2,
  'request-invalid': 2,
  'sign-in-required': 3,
  'sign-in-declined': 3,
  'sign-in-cancelled': 3,
  'sign-in-blocked': 3,
  'sign-in-refused': 3,
  'code-expired': 3,
  'sign-in-expired': 3,
  'account-disabled': 3,
  'not-allowed': 4,
  'organisation-locked': 4,
  'role-not-allowed': 4,
  'groups-unknown': 4,
  'broker-not-running': 5,
};

/** What `--short` says, wherever a token or a handle is asked for. */
export const shortOption = 'of 28 characters, for clients whose password field ends at 30 (Sybase libraries)';

/** Prints one line of JSON as it is documented for this command, or the sentences for people. */
export function result<Name extends PrintedName>(
  output: Output,
  command: Name,
  value: Printed<Name>,
  human: string,
): void {
  output.out(output.json === false ? human : output.json(command, value));
}

/** Tells a failure on stderr (with `--json` also as `{"problem": …}` on stdout) and answers with the exit code. */
export function failed(output: Output, thrown: unknown): number {
  const problem = toProblem(thrown);
  if (output.json !== false) output.out(output.json('problem', { problem }));
  output.err(`latchkey: ${sentences(problem)}`);
  if (problem.code === 'internal' && thrown instanceof Error && process.env['LATCHKEY_DEBUG'] !== undefined)
    output.err(thrown.stack ?? '');
  return exitCodes[problem.code] ?? 1;
}

function sentences({ message, remedy, entra }: Problem): string {
  const trace = entra?.traceId === undefined ? '' : `\n  Trace id for support: ${entra.traceId}`;
  return `${message}${remedy === undefined ? '' : `\n  ${remedy}`}${trace}`;
}

/**
 * A local time of day, with the date where it is not today: the month in letters, as 12/2 is read one way or the other, and
 * a server's language (LANG=C) is nobody's.
 */
export function clock(iso: string): string {
  const when = new Date(iso);
  const today = new Date().toDateString() === when.toDateString();
  return today
    ? when.toLocaleTimeString()
    : when.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/**
 * Text from the directory or a client for a terminal: control characters could move the cursor or recolour a line,
 * and direction marks could make one name look like another.
 */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\u{fffd}');
}
