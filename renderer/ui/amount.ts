import { common as t } from '../texts/en/common.ts';
const units = ['kB', 'MB', 'GB', 'TB'];

/** Bytes in decimal units with two figures at least: "312 bytes", "4.8 kB", "7.3 MB", "120 GB". */
export function amount(bytes: number): string {
  if (bytes < 1000) return t.bytes(bytes);
  let count = bytes;
  let unit = -1;
  // From there on, rounding would show 1000 of the smaller unit.
  while (count >= 999.5 && unit < units.length - 1) {
    count /= 1000;
    unit += 1;
  }
  return `${count < 9.95 ? count.toFixed(1) : Math.round(count)} ${units[unit] ?? ''}`;
}
