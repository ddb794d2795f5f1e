import fc from 'fast-check';
import { HOTP, Secret } from 'otpauth';
import { describe, expect, test } from 'vitest';
import { newRecoveryCodes } from '../../main/second-factor/recovery-codes.ts';
import { codeAt, matchingSteps, readCode, stepAt } from '../../main/second-factor/totp-code.ts';

const key = Buffer.from('12345678901234567890');

/** RFC 6238 appendix B, the rows for SHA-1: seconds, T in hex, eight digits. */
const vectors: [number, string, string][] = [
  [59, '0000000000000001', '94287082'],
  [1111111109, '00000000023523EC', '07081804'],
  [1111111111, '00000000023523ED', '14050471'],
  [1234567890, '000000000273EF07', '89005924'],
  [2000000000, '0000000003F940AA', '69279037'],
  [20000000000, '0000000027BC86AA', '65353130'],
];

describe('RFC 6238 appendix B', () => {
  test.each(vectors)('at %i s', (seconds, hex, eightDigits) => {
    const step = stepAt(seconds * 1000);
    expect(step).toBe(Number.parseInt(hex, 16));
    const secret = new Secret({ buffer: Uint8Array.from(key).buffer });
    expect(HOTP.generate({ secret, algorithm: 'SHA1', digits: 8, counter: step })).toBe(eightDigits);
    // Both are remainders of one number by a power of ten (RFC 4226 section 5.3).
    expect(codeAt(key, step)).toBe(eightDigits.slice(-6));
  });

  test('RFC 4226 appendix D: six digits by counter', () => {
    const expected = ['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583'];
    expect(expected.map((_, counter) => codeAt(key, counter))).toEqual(expected);
  });
});

describe('the steps that a code fits', () => {
  const now = 2_000_000_000_000;
  test.each([-1, 0, 1])('%i steps off', (off) => {
    const step = stepAt(now) + off;
    expect(matchingSteps(key, codeAt(key, step), now)).toEqual([step]);
  });

  test.each([-2, 2])('not %i steps off', (off) => {
    expect(matchingSteps(key, codeAt(key, stepAt(now) + off), now)).toEqual([]);
  });

  test('a clock at the very beginning of time', () => {
    expect(matchingSteps(key, codeAt(key, 0), 0)).toEqual([0]);
    expect(matchingSteps(key, '999999', -1)).toEqual([]);
  });

  test('are the steps of otpauth itself, at any time', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        fc.integer({ min: 60_000, max: 4e12 }),
        fc.integer({ min: -3, max: 3 }),
        (anyKey, at, off) => {
          const code = codeAt(anyKey, Math.max(0, stepAt(at) + off));
          const secret = new Secret({ buffer: Uint8Array.from(anyKey).buffer });
          const found = [-1, 0, 1].filter(
            (delta) => HOTP.validate({ token: code, secret, counter: stepAt(at) + delta, window: 0 }) === 0,
          );
          expect(matchingSteps(anyKey, code, at)).toEqual(found.map((delta) => stepAt(at) + delta));
        },
      ),
    );
  });
});

describe('reading a code', () => {
  test.each([
    ['123456', '123456'],
    [' 123 456 ', '123456'],
    ['123-456', '123456'],
    ['12–34—56', '123456'],
    ['1 2\t3\n4\u00a05\u200b6', '123456'],
    ['\uff11\uff12\uff13\uff14\uff15\uff16', '123456'],
  ])('%j', (text, code) => {
    expect(readCode(text)).toEqual({ method: 'totp', code });
  });

  test.each(['', ' ', '12345', '1234567', '12345a', '+12345', '1e5000', '12.456', '١٢٣٤٥٦', '-', '123456;'])(
    'not %j',
    (text) => {
      expect(readCode(text)).toBeUndefined();
    },
  );

  test('a recovery code in any writing', () => {
    const code = '0123456789ABCDEFGHJKMNPQ';
    const expected = { method: 'recovery', code };
    expect(readCode('0123-4567-89AB-CDEF-GHJK-MNPQ')).toEqual(expected);
    expect(readCode('o123 4567 89ab cdef ghjk mnpq')).toEqual(expected);
    expect(readCode('OI23 4567 89AB CDEF GHJK MNPQ')).toEqual(expected);
    expect(readCode('0l23456789abcdefghjkmnpq')).toEqual(expected);
    expect(readCode('U123456789ABCDEFGHJKMNPQ')).toBeUndefined();
    expect(readCode('0123456789ABCDEFGHJKMNP')).toBeUndefined();
  });

  const filler = fc.string({ unit: fc.constantFrom(' ', '-', '\t', '\u00a0', '‐', '–', '\n'), maxLength: 3 });

  test('blanks and dashes anywhere change nothing', () => {
    const anyCode = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 6, maxLength: 6 }),
      fc.constantFrom(...newRecoveryCodes()),
    );
    fc.assert(
      fc.property(anyCode, fc.array(filler, { minLength: 40, maxLength: 40 }), (code, fillers) => {
        const spread = [...code].map((letter, n) => `${fillers[n] ?? ''}${letter}`).join('');
        expect(readCode(spread)).toEqual(readCode(code));
        expect(readCode(spread.toLowerCase())).toEqual(readCode(code));
        expect(readCode(code)).toBeDefined();
      }),
    );
  });

  test('whatever comes in, it is six digits, a recovery code or nothing, and reading it again changes nothing', () => {
    const nearly = fc.string({ unit: fc.constantFrom(...'0123456789 -\u00a0ilO'), maxLength: 9 });
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearly), (text) => {
        const read = readCode(text);
        if (read === undefined) return;
        expect(read.code).toMatch(read.method === 'totp' ? /^[0-9]{6}$/ : /^[0-9A-HJKMNP-TV-Z]{24}$/);
        expect(readCode(read.code)).toEqual(read);
      }),
      { numRuns: 500 },
    );
  });

  test('a very long text is turned away unread', () => {
    expect(readCode(`${' '.repeat(10_000_000)}123456`)).toBeUndefined();
  });
});
