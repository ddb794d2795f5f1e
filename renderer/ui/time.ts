import { useEffect, useState } from 'react';
import { common as t } from '../texts/en/common.ts';
import { locale } from '../texts/language.ts';

/** The time now, in ms since 1970, renewed every `everyMs` while the component is shown. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** 14:05 left to go, for deadlines within the hour; never below 0:00. */
export function clockLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${String(seconds % 60).padStart(2, '0')}`;
}

/** "7 h 12 min", "12 min", "less than a minute". */
export function roughly(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return t.lessThanAMinute;
  if (minutes < 60) return t.minutes(minutes);
  const rest = minutes % 60;
  return rest === 0 ? t.hours(Math.floor(minutes / 60)) : t.hoursAndMinutes(Math.floor(minutes / 60), rest);
}

/** "just now", "12 min ago". */
export function ago(ms: number): string {
  return ms < 60_000 ? t.justNow : t.ago(roughly(ms));
}

/** Time of day in the person's own format, with the day where it is not today. */
export function timeOfDay(iso: string, now: number): string {
  const date = new Date(iso);
  const time = date.toLocaleTimeString(locale(), { timeStyle: 'short' });
  if (date.toDateString() === new Date(now).toDateString()) return time;
  return `${date.toLocaleDateString(locale(), { weekday: 'short', day: 'numeric', month: 'short' })}, ${time}`;
}

/** The day in the person's own format, such as "3 Feb 2026". */
export function day(iso: string): string {
  return new Date(iso).toLocaleDateString(locale(), { dateStyle: 'medium' });
}

/** A lifetime out of the configuration: "15 minutes", "90 seconds", "1 hour". */
export function lifetime(seconds: number): string {
  const [count, unit] =
    seconds % 3600 === 0
      ? ([seconds / 3600, 'hour'] as const)
      : seconds % 60 === 0
        ? ([seconds / 60, 'minute'] as const)
        : ([seconds, 'second'] as const);
  return count.toLocaleString(locale(), { style: 'unit', unit, unitDisplay: 'long' });
}
