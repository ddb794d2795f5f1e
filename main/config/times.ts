import { z } from 'zod';
import { openForms } from './values.ts';

/** When a rule opens: days and hours of a time zone. */

export const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

const day = z
  .string()
  .toLowerCase()
  .regex(
    new RegExp(`^(${dayNames.join('|')})(-(${dayNames.join('|')}))?$`),
    'must be a day or a range of days: mon, tue, wed, thu, fri, sat, sun, mon-fri',
  )
  .register(openForms, { open: true });

const hours = z
  .string()
  .regex(
    /^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/,
    'must be two times of the day, such as 08:00-18:00 or 22:00-06:00',
  )
  .refine((text) => text.slice(0, 5) !== text.slice(6), 'begins when it ends; leave it out for the whole day')
  .register(openForms, { open: true });

const zone = z
  .string()
  .min(1)
  .refine(isZone, 'is no time zone that this computer knows; write one such as Europe/Vienna or UTC');

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const window = z.strictObject({
  days: z
    .union([day, z.array(day).min(1).max(7)])
    .optional()
    .describe(
      'Days or ranges of days, such as mon-fri; by default all. Hours over midnight belong to the day on which they begin.',
    ),
  hours: z
    .union([hours, z.array(hours).min(1).max(10)])
    .optional()
    .describe('Such as 08:00-18:00; by default the whole day.'),
  zone: zone.optional().describe("Time zone such as Europe/Vienna; by default this computer's."),
});

export const times = z.union([window, z.array(window).min(1).max(20)]);

export type Times = z.output<typeof times>;
export type TimesWindow = z.output<typeof window>;
