import { z } from 'zod';

/** The kinds of values that several parts of the configuration share. */

const durationPattern = /^(0|[1-9]\d{0,5})(s|m|h)$/;
const unitSeconds = { s: 1, m: 60, h: 3600 } as const;

export function duration(minimumSeconds: number, maximumSeconds: number) {
  return z
    .string()
    .regex(durationPattern, { error: 'write a number and a unit: 90s, 15m or 8h', abort: true })
    .refine(
      (text) => {
        const seconds = toSeconds(text);
        return seconds >= minimumSeconds && seconds <= maximumSeconds;
      },
      `must be between ${describeSeconds(minimumSeconds)} and ${describeSeconds(maximumSeconds)}`,
    );
}

/** Seconds of a checked duration such as `15m`. */
export function toSeconds(text: string): number {
  const unit = text.slice(-1) as keyof typeof unitSeconds;
  return Number(text.slice(0, -1)) * unitSeconds[unit];
}

function describeSeconds(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

export const name = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,62}$/,
    'use 1 to 63 lower-case letters, digits, "-" or "_", and begin with a letter or digit',
  );
