import { toSeconds } from '../config/duration.ts';
import type { RuleSettings } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import type { SessionLimits, UpstreamLogin } from '../gateway/ports.ts';
import { isSameRule } from './standing.ts';
import { openUntil, opensAt, timesText } from './times.ts';

/** What a rule limits of the sessions that it opens. */

/** @param at the time of the login, from which a session's length counts; in ms since 1970. */
export function sessionLimits(
  { idleTimeout, maxDuration, times }: RuleSettings,
  connection: string,
  at: number,
): SessionLimits {
  const limits: SessionLimits = {};
  if (idleTimeout !== undefined) {
    limits.idle = {
      afterMs: toSeconds(idleTimeout) * 1000,
      reason: 'idle-timeout',
      problem: {
        code: 'limit-reached',
        message: `No statement has run in this session for ${idleTimeout}, as long as "${connection}" keeps idle sessions (idleTimeout).`,
        remedy: 'Connect again when it is needed.',
      },
    };
  }
  if (maxDuration !== undefined) {
    limits.last = {
      at: at + toSeconds(maxDuration) * 1000,
      reason: 'max-duration',
      problem: {
        code: 'limit-reached',
        message: `This session has lasted ${maxDuration}, as long as "${connection}" allows (maxDuration).`,
        remedy: 'Connect again.',
      },
    };
  }
  if (times === undefined) return limits;
  // Closed by now: the window has ended while the login was under way.
  const closes = openUntil(times, at) ?? at;
  if (closes >= (limits.last?.at ?? Number.POSITIVE_INFINITY)) return limits;
  const problem = {
    code: 'outside-times' as const,
    message: `The time is over in which "${connection}" is open: ${timesText(times)}.`,
    remedy: `Connect again when it is; that is next at ${localTime(opensAt(times, closes))}.`,
  };
  return { ...limits, last: { at: closes, reason: 'outside-times', problem } };
}

/** What the server is asked to limit. */
export function serverLimits({
  readOnly,
  statementTimeout,
}: RuleSettings): Pick<UpstreamLogin, 'readOnly' | 'statementTimeoutMs'> {
  return {
    ...(readOnly ? { readOnly } : {}),
    ...(statementTimeout === undefined ? {} : { statementTimeoutMs: toSeconds(statementTimeout) * 1000 }),
  };
}

export function isOpen({ times }: Pick<RuleSettings, 'times'>, at: number): boolean {
  return times === undefined || openUntil(times, at) !== undefined;
}

/** @param rules all of which are closed at that moment. */
export function closedNow(
  connection: string,
  rules: readonly Pick<RuleSettings, 'times'>[],
  at: number,
): LatchkeyError {
  const times = rules.flatMap((rule) => rule.times ?? []);
  return new LatchkeyError('outside-times', `"${connection}" is not open now, but ${timesText(times)}.`, {
    remedy: `Connect again at ${localTime(opensAt(times, at))}.`,
  });
}

/** What a rule limits, in the words of the configuration; empty where it limits nothing. */
export function limitsText(rule: RuleSettings): string {
  const { readOnly, statementTimeout, idleTimeout, maxDuration, times } = rule;
  const { person, handle } = mostSessions(rule);
  return [
    readOnly ? 'readOnly' : '',
    named('statementTimeout', statementTimeout),
    named('idleTimeout', idleTimeout),
    named('maxDuration', maxDuration),
    named('maxSessions of a person', person),
    named('maxSessions of a saved password', handle),
    named('times', times && timesText(times)),
  ]
    .filter((text) => text !== '')
    .join(', ');
}

function named(name: string, value: string | number | undefined): string {
  return value === undefined ? '' : `${name} ${value}`;
}

function mostSessions({ maxSessions }: Pick<RuleSettings, 'maxSessions'>): {
  person?: number | undefined;
  handle?: number | undefined;
} {
  return typeof maxSessions === 'number' ? { person: maxSessions } : (maxSessions ?? {});
}

/** By this computer's clock and zone. */
function localTime(at: number): string {
  const date = new Date(at);
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Who takes one of the sessions that a rule allows. */
interface Seat {
  /** Its name. */
  connection: string;
  rule: RuleSettings;
  account: Account;
  handleId: string | undefined;
}

/** Counts the sessions of rules that limit their number, those included that are just being opened. */
export function createSeats() {
  const taken = new Set<Seat>();
  const isSame = (left: Account, right: Account): boolean =>
    left.provider === right.provider && left.tenantId === right.tenantId && left.objectId === right.objectId;
  return {
    /**
     * @returns call it once, when the session has ended or came to nothing.
     * @throws LatchkeyError `limit-reached`
     */
    take(seat: Seat): () => void {
      const { person, handle } = mostSessions(seat.rule);
      const count = (which: (other: Seat) => boolean): number =>
        // The rule may have been read anew meanwhile, and is the same all the same.
        [...taken].filter(
          (other) =>
            other.connection === seat.connection && isSameRule(other.rule, seat.rule) && which(other),
        ).length;
      if (person !== undefined && count(({ account }) => isSame(account, seat.account)) >= person)
        throw full(`${seat.account.username} already has the ${person} sessions`);
      const { handleId } = seat;
      if (
        handle !== undefined &&
        handleId !== undefined &&
        count((other) => other.handleId === handleId) >= handle
      )
        throw full(`This saved password already has the ${handle} sessions`);
      taken.add(seat);
      return () => void taken.delete(seat);
    },
  };
}

function full(what: string): LatchkeyError {
  return new LatchkeyError('limit-reached', `${what} that the rule allows (maxSessions).`, {
    remedy: 'Close one that is not needed: latchkey sessions',
  });
}
