import { describe, expect, it } from 'vitest';
import { openUntil, opensAt, timesText } from '../../main/access/times.ts';

const vienna = 'Europe/Vienna';
const at = (text: string): number => Date.parse(text);
const iso = (ms: number | undefined): string | undefined =>
  ms === undefined || ms === Number.POSITIVE_INFINITY ? String(ms) : new Date(ms).toISOString();

describe('the times of a rule', () => {
  const office = { days: 'mon-fri', hours: '08:00-18:00', zone: vienna };

  it.each([
    ['before it opens', '2026-11-30T06:59:59Z', 'undefined', '2026-11-30T07:00:00.000Z'],
    ['as it opens', '2026-11-30T07:00:00Z', '2026-11-30T17:00:00.000Z', '2026-12-01T07:00:00.000Z'],
    ['before it closes', '2026-11-30T16:59:59Z', '2026-11-30T17:00:00.000Z', '2026-12-01T07:00:00.000Z'],
    ['as it closes', '2026-11-30T17:00:00Z', 'undefined', '2026-12-01T07:00:00.000Z'],
    ['on a Friday evening', '2026-11-27T20:00:00Z', 'undefined', '2026-11-30T07:00:00.000Z'],
    ['on a Sunday', '2026-11-29T12:00:00Z', 'undefined', '2026-11-30T07:00:00.000Z'],
    ['in summer', '2026-07-01T06:30:00Z', '2026-07-01T16:00:00.000Z', '2026-07-02T06:00:00.000Z'],
  ])('are those of the zone: %s', (_when, moment, until, next) => {
    expect(iso(openUntil(office, at(moment)))).toBe(until);
    expect(iso(opensAt(office, at(moment)))).toBe(next);
  });

  it('go over midnight, and belong to the day on which they begin', () => {
    const night = { days: ['fri'], hours: '22:00-06:00', zone: 'UTC' };
    expect(iso(openUntil(night, at('2026-11-28T05:59:00Z')))).toBe('2026-11-28T06:00:00.000Z');
    expect(openUntil(night, at('2026-11-27T05:59:00Z'))).toBeUndefined();
    expect(openUntil(night, at('2026-11-28T22:30:00Z'))).toBeUndefined();
  });

  it('that join are one, and may have no end', () => {
    const days = { days: ['sat', 'sun'], zone: 'UTC' };
    expect(iso(openUntil(days, at('2026-11-28T12:00:00Z')))).toBe('2026-11-30T00:00:00.000Z');
    const shifts = [
      { hours: '06:00-14:00', zone: 'UTC' },
      { hours: ['14:00-22:00', '22:00-23:00'], zone: 'UTC' },
    ];
    expect(iso(openUntil(shifts, at('2026-11-28T07:00:00Z')))).toBe('2026-11-28T23:00:00.000Z');
    expect(openUntil({ zone: 'UTC' }, at('2026-11-28T07:00:00Z'))).toBe(Number.POSITIVE_INFINITY);
    expect(openUntil({ days: 'wed-tue' }, at('2026-11-28T07:00:00Z'))).toBe(Number.POSITIVE_INFINITY);
  });

  it('keep to the clock on the wall when it is put forward and back', () => {
    const hours = { hours: '01:00-04:00', zone: vienna };
    // 29 March 2026: 02:00 becomes 03:00. 25 October: 03:00 becomes 02:00.
    expect(iso(openUntil(hours, at('2026-03-29T00:30:00Z')))).toBe('2026-03-29T02:00:00.000Z');
    expect(iso(openUntil(hours, at('2026-10-24T23:30:00Z')))).toBe('2026-10-25T03:00:00.000Z');
  });

  it.each([
    // 02:00 to 03:00 is left out in New York, 00:00 to 01:00 in Santiago: nothing opens before, nor the evening before.
    ['02:30-04:00', undefined, 'America/New_York', '2026-03-08T06:45:00Z', '2026-03-08T07:00:00.000Z'],
    ['02:15-02:45', undefined, vienna, '2026-03-29T01:20:00Z', '2026-03-30T00:15:00.000Z'],
    ['00:00-24:00', 'sun', 'America/Santiago', '2026-09-06T03:30:00Z', '2026-09-06T04:00:00.000Z'],
    // 02:00 to 03:00 comes twice: over is over.
    ['01:30-02:30', undefined, vienna, '2026-10-25T01:15:00Z', '2026-10-26T00:30:00.000Z'],
  ] as const)(
    'open and close by the clock on the wall where it changes: %s %s in %s',
    (hours, days, zone, moment, next) => {
      const times = { hours, zone, ...(days === undefined ? {} : { days }) };
      expect(openUntil(times, at(moment))).toBeUndefined();
      expect(iso(opensAt(times, at(moment)))).toBe(next);
    },
  );

  it('are those of this computer where no zone is named', () => {
    const noon = new Date(2026, 10, 30, 12, 0).getTime();
    expect(openUntil({ hours: '11:00-13:00' }, noon)).toBe(noon + 3_600_000);
    expect(opensAt({ hours: '13:00-14:00' }, noon)).toBe(noon + 3_600_000);
  });

  it('are told', () => {
    expect(timesText(office)).toBe('mon-fri 08:00-18:00 (Europe/Vienna)');
    expect(timesText([{ days: ['sat', 'sun'] }, { hours: '22:00-06:00' }])).toBe(
      'sat, sun (local time); every day 22:00-06:00 (local time)',
    );
  });
});
