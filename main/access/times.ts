import { type Times, type TimesWindow, dayNames } from '../config/times.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** Windows that follow upon each other for longer have no end. */
const weekMs = 8 * dayMs;

/** A window as it falls on one day; ms since 1970. */
interface Opening {
  from: number;
  until: number;
}

/**
 * Until when it stays open, windows that join counted together; undefined where it is closed at that moment, Infinity
 * where it never closes.
 */
export function openUntil(times: Times, at: number): number | undefined {
  let until: number | undefined;
  for (let moment = at; moment - at < weekMs;) {
    const found = openings(times, moment).filter((one) => one.from <= moment && moment < one.until);
    if (found.length === 0) return until;
    until = Math.max(...found.map((one) => one.until));
    moment = until;
  }
  return Number.POSITIVE_INFINITY;
}

/** When it opens next, in ms since 1970. */
export function opensAt(times: Times, at: number): number {
  for (let day = at; day - at < weekMs; day += dayMs) {
    const next = openings(times, day).flatMap(({ from }) => (from > at ? [from] : []));
    if (next.length > 0) return Math.min(...next);
  }
  return Number.POSITIVE_INFINITY;
}

/** For people: `mon-fri 08:00-18:00 (Europe/Vienna)`. */
export function timesText(times: Times): string {
  return windowsOf(times)
    .map(({ days = 'every day', hours = '', zone }) =>
      [listed(days), listed(hours), `(${zone ?? 'local time'})`].filter((part) => part !== '').join(' '),
    )
    .join('; ');
}

function listed(value: string | string[]): string {
  return Array.isArray(value) ? value.join(', ') : value;
}

function windowsOf(times: Times): TimesWindow[] {
  return Array.isArray(times) ? times : [times];
}

/** Those that begin on the day before, on this one and on the next: all that matter at this moment. */
function openings(times: Times, at: number): Opening[] {
  return windowsOf(times).flatMap(({ days, hours = '00:00-24:00', zone }) => {
    const isDay = daysOf(days);
    const today = Math.floor(toLocal(at, zone) / dayMs) * dayMs;
    return [today - dayMs, today, today + dayMs]
      .filter((midnight) => isDay.has(new Date(midnight).getUTCDay()))
      .flatMap((midnight) =>
        (Array.isArray(hours) ? hours : [hours]).map((text) => {
          const from = minutes(text.slice(0, 5));
          const until = minutes(text.slice(6));
          const over = until <= from ? dayMs : 0;
          return {
            from: toInstant(midnight + from * minuteMs, zone),
            until: toInstant(midnight + over + until * minuteMs, zone),
          };
        }),
      );
  });
}

function minutes(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}

function daysOf(days: TimesWindow['days']): Set<number> {
  if (days === undefined) return new Set(dayNames.keys());
  const found = new Set<number>();
  for (const entry of Array.isArray(days) ? days : [days]) {
    const [first = 0, last = first] = entry
      .split('-')
      .map((name) => dayNames.indexOf(name as (typeof dayNames)[number]));
    for (let day = first; ; day = (day + 1) % 7) {
      found.add(day);
      if (day === last) break;
    }
  }
  return found;
}

/** What a clock on the wall shows, as if it were UTC. */
function toLocal(at: number, zone: string | undefined): number {
  return at + offset(at, zone);
}

/**
 * The moment at which a clock on the wall shows this. Where it shows it twice, the first one; where never, that at which
 * it is put forward past it: nothing opens before its time.
 */
function toInstant(local: number, zone: string | undefined): number {
  const before = offset(local - dayMs, zone);
  const after = offset(local + dayMs, zone);
  const found = [local - before, local - after].find((at) => toLocal(at, zone) === local);
  if (found !== undefined) return found;
  let [still, already] = [local - after, local - before];
  while (already - still > 1000) {
    const middle = Math.floor((still + already) / 2000) * 1000;
    if (offset(middle, zone) === before) still = middle;
    else already = middle;
  }
  return already;
}

function offset(at: number, zone: string | undefined): number {
  if (zone === undefined) return -new Date(at).getTimezoneOffset() * minuteMs;
  const part = new Map(
    formatOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const get = (type: Intl.DateTimeFormatPartTypes): number => part.get(type) ?? 0;
  const shown = Date.UTC(
    get('year'),
    get('month') - 1,
    get('day'),
    get('hour'),
    get('minute'),
    get('second'),
  );
  return shown - Math.floor(at / 1000) * 1000;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const numeric = 'numeric';
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  });
  formats.set(zone, made);
  return made;
}
