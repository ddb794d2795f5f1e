import type { AuditEvent, RefusalEvent, RefusalSource } from './events.ts';

/** As many refusals of one reason and source in a minute have a record each; those after them are counted. */
const recordsOfLogins = 10;
/** The API's guard cannot tell sources: all that it refuses for one reason is one. */
const recordsOfRequests = 5;
const minuteMs = 60_000;
/** Whoever has endless names to come under must not fill the memory: beyond this they count as one source. */
const mostSources = 200;

const refusals: ReadonlySet<AuditEvent['event']> = new Set<RefusalEvent['event']>([
  'login-refused',
  'request-refused',
  'token-refused',
  'sign-in-failed',
  'mfa-refused',
]);

interface Counted {
  source: RefusalSource;
  /** Milliseconds since 1970. */
  minuteBegan: number;
  written: number;
  /** Since the last statement. */
  suppressed: number;
  first: number;
  last: number;
}

/** Refusals that are only counted, by reason and source. */
export function createSuppressed(now: () => Date) {
  const sources = new Map<string, Counted>();

  function countedOf(source: RefusalSource, at: number): Counted {
    const own = JSON.stringify(source);
    const known = sources.get(own);
    if (known !== undefined) return known;
    for (const [key, { suppressed, minuteBegan }] of sources) {
      if (sources.size < mostSources) break;
      if (suppressed === 0 && at - minuteBegan >= minuteMs) sources.delete(key);
    }
    const kept = sources.size < mostSources ? source : { of: source.of, code: source.code, many: true };
    const key = JSON.stringify(kept);
    const nothing = { written: 0, suppressed: 0, first: at, last: at };
    const counted = sources.get(key) ?? { source: kept, minuteBegan: at, ...nothing };
    sources.set(key, counted);
    return counted;
  }

  return {
    /** @returns whether the refusal only counts, and whether what was counted in the minute before is to be stated now. */
    count(event: RefusalEvent): { isCounted: boolean; isMinuteOver: boolean } {
      const at = now().getTime();
      const counted = countedOf(sourceOf(event), at);
      // A clock that was set back begins a new minute too.
      const isNewMinute = Math.abs(at - counted.minuteBegan) >= minuteMs;
      if (isNewMinute) Object.assign(counted, { minuteBegan: at, written: 0 });
      const isMinuteOver = isNewMinute && counted.suppressed > 0;
      if (counted.written < (event.event === 'request-refused' ? recordsOfRequests : recordsOfLogins)) {
        counted.written += 1;
        return { isCounted: false, isMinuteOver };
      }
      if (counted.suppressed === 0) counted.first = at;
      counted.last = at;
      counted.suppressed += 1 + ('unreported' in event ? (event.unreported ?? 0) : 0);
      return { isCounted: true, isMinuteOver };
    },
    /** @throws what `append` throws; what could not be stated stays counted. */
    async state(append: (event: AuditEvent) => Promise<void>): Promise<void> {
      for (const [key, counted] of sources) {
        const { source, suppressed: count, first, last } = counted;
        if (count > 0) {
          const [since, until] = [new Date(first).toISOString(), new Date(last).toISOString()];
          await append({ event: 'refusals-suppressed', ...source, count, since, until });
          counted.suppressed -= count;
          counted.first = counted.last;
        }
        if (counted.suppressed === 0 && now().getTime() - counted.minuteBegan >= minuteMs)
          sources.delete(key);
      }
    },
    isEmpty: (): boolean => ![...sources.values()].some(({ suppressed }) => suppressed > 0),
  };
}

export function isRefusal(event: AuditEvent): event is RefusalEvent {
  return refusals.has(event.event);
}

/** Why, and from where as the system tells it. */
function sourceOf(event: RefusalEvent): RefusalSource {
  const of = event.event;
  if (event.event === 'request-refused') return { of, code: event.reason };
  const { code } = event;
  const account = event.account && { username: event.account.username };
  if (event.event === 'sign-in-failed') return { of, code, provider: event.provider, ...account };
  const { connection } = event;
  if (event.event !== 'login-refused') return { of, code, connection, ...account };
  const { address, uid, process, handleId } = event;
  return {
    of,
    code,
    connection,
    address: address.replace(/:\d+$/, ''),
    ...(uid === undefined ? {} : { uid }),
    ...(process && { process: process.path ?? process.program }),
    ...account,
    ...(handleId === undefined ? {} : { handleId }),
  };
}
