import fc from 'fast-check';
import { expect, test } from 'vitest';
import { amount } from '../../renderer/ui/amount.ts';

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1000, '1.0 kB'],
  [9949, '9.9 kB'],
  [9950, '10 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [7_340_032, '7.3 MB'],
  [120_000_000_000, '120 GB'],
  [5_000_000_000_000_000, '5000 TB'],
])('%d bytes are said as %s', (bytes, said) => {
  expect(amount(bytes)).toBe(said);
});

test('what is said is at most a tenth off, and never a thousand of a unit below the largest', () => {
  const units = ['kB', 'MB', 'GB', 'TB'];
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 900_000_000_000_000 }), (bytes) => {
      const [count = '', unit = ''] = amount(bytes).split(' ');
      const meant = Number(count) * 1000 ** (units.indexOf(unit) + 1);
      expect(Math.abs(meant - bytes) / bytes).toBeLessThan(0.1);
      expect(Number(count)).toBeLessThan(1000);
    }),
  );
});
