import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldedName, isSameDatabase } from '../../../main/gateway/sqlserver/client-login.ts';

test('case, blanks at the end, brackets and quotes make no difference', () => {
  for (const written of ['Sales', 'SALES', 'sales', 'Sales  ', '[Sales]', '[SALES] ', '"sales"', '[Sales ]'])
    expect(isSameDatabase(written, 'Sales')).toBe(true);
  for (const other of [' Sales', 'Sales]', '[Sales', '"Sales', 'Sale', 'Säles', '[[Sales]]', ''])
    expect(isSameDatabase(other, 'Sales')).toBe(false);
});

test('brackets and quotes inside of a name are doubled where it is delimited', () => {
  expect(isSameDatabase('[a]]b]', 'a]b')).toBe(true);
  expect(isSameDatabase('"a""b"', 'a"b')).toBe(true);
  expect(isSameDatabase('[a b]', 'A B')).toBe(true);
});

test('any name is known in its delimited form, in capitals and with blanks', () => {
  const names = fc.string({ minLength: 1, maxLength: 128 }).filter((name) => name.trimEnd() === name);
  fc.assert(
    fc.property(names, (name) => {
      const folded = foldedName(`[${name.replaceAll(']', ']]')}]  `);
      expect(folded).toBe(name.toLowerCase());
    }),
  );
});
