import { z } from 'zod';
import { toSeconds } from './duration.ts';

/** The kinds of values that several parts of the configuration share. */

/** Forms of text in which nothing of a person, a place or a secret can stand: what is made for strangers may show them. */
export const openForms = z.registry<{ open: true }>();

const durationPattern = /^(0|[1-9]\d{0,5})(s|m|h|d)$/;

export function duration(minimumSeconds: number, maximumSeconds: number) {
  return z
    .string()
    .regex(durationPattern, { error: 'write a number and a unit: 90s, 15m, 8h or 90d', abort: true })
    .refine(
      (text) => {
        const seconds = toSeconds(text);
        return seconds >= minimumSeconds && seconds <= maximumSeconds;
      },
      `must be between ${describeSeconds(minimumSeconds)} and ${describeSeconds(maximumSeconds)}`,
    )
    .register(openForms, { open: true });
}

function describeSeconds(seconds: number): string {
  if (seconds % 86_400 === 0 && seconds > 86_400) return `${seconds / 86_400}d`;
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

export const caFile = z
  .string()
  .min(1)
  .optional()
  .describe("PEM file with the authority to trust instead of the system's.");

/** `20000-29999` */
export const portRange = z
  .string()
  .regex(/^\d{4,5}-\d{4,5}$/, { error: 'write the first port and the last one: 20000-29999', abort: true })
  .refine((text) => {
    const { first, last } = portsOf(text);
    return first >= 1024 && first <= last && last <= 65_535;
  }, 'must lie between 1024 and 65535, the lower port first')
  .register(openForms, { open: true });

/** The ends of a checked range of ports. */
export function portsOf(range: string): { first: number; last: number } {
  const [first, last] = range.split('-').map(Number);
  return { first: first ?? NaN, last: last ?? NaN };
}

export const name = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,62}$/,
    'use 1 to 63 lower-case letters, digits, "-" or "_", and begin with a letter or digit',
  );
