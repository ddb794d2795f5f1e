import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import jsqr from 'jsqr';
import { TOTP, URI } from 'otpauth';
import { describe, expect, test } from 'vitest';
import { codeAt, stepAt } from '../../main/second-factor/totp-code.ts';
import { offerKey } from '../../main/second-factor/totp-uri.ts';
import { keyOf } from './totp-fixture.ts';
import { noon } from './totp-home.ts';

const key = Buffer.from('12345678901234567890');

/** The package's types describe an ES module; it is a CommonJS one whose export is the function itself. */
const readQr = jsqr as unknown as typeof jsqr.default;

/** Draws the matrix with pixels of 4 by 4, as a screen would, and reads it as a camera would. */
function scanned(qr: boolean[][]): string | undefined {
  const scale = 4;
  const side = qr.length * scale;
  const pixels = new Uint8ClampedArray(side * side * 4);
  for (let n = 0; n < side * side; n += 1) {
    const dark = qr[Math.floor(n / side / scale)]?.[Math.floor((n % side) / scale)] === true;
    pixels.set(dark ? [0, 0, 0, 255] : [255, 255, 255, 255], n * 4);
  }
  return readQr(pixels, side, side)?.data;
}

function parsed(uri: string): TOTP {
  const totp = URI.parse(uri);
  if (!(totp instanceof TOTP)) throw new TypeError('not a TOTP URI');
  return totp;
}

const names = [
  'alice@contoso.example',
  'Alice Smith',
  'jürgen.müßig@contoso.example',
  '小林 さくら',
  'rocket🚀@contoso.example',
  '👩‍👩‍👧‍👦 family',
  '100% ?&=#/+"\'<b>',
];

describe('the key URI', () => {
  test('is what authenticator applications expect', () => {
    const { uri } = offerKey(key, { issuer: 'Latchkey', username: 'alice@contoso.example' });
    expect(uri).toBe(
      'otpauth://totp/Latchkey:alice%40contoso.example?issuer=Latchkey&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=SHA1&digits=6&period=30',
    );
  });

  test.each(names)('carries %j', (username) => {
    const { uri, qr } = offerKey(key, { issuer: 'Contoso Ltd. & Söhne', username });
    expect(uri).toMatch(/^[!-~]+$/);
    const read = parsed(uri);
    expect(read).toMatchObject({
      issuer: 'Contoso Ltd. & Söhne',
      label: username,
      algorithm: 'SHA1',
      digits: 6,
      period: 30,
    });
    expect(Buffer.from(read.secret.bytes)).toEqual(key);
    expect(read.generate({ timestamp: noon })).toBe(codeAt(key, stepAt(noon)));
    // An application that reads it as any other URL.
    const url = new URL(uri);
    expect(decodeURIComponent(url.pathname.replace(/^\/+(totp\/)?/, ''))).toBe(
      `Contoso Ltd. & Söhne:${username}`,
    );
    expect(url.searchParams.get('issuer')).toBe('Contoso Ltd. & Söhne');
    expect(scanned(qr)).toBe(uri);
  });

  test('a colon in a name would end the issuer and is replaced', () => {
    const { uri } = offerKey(key, { issuer: 'Latch:key', username: 'CONTOSO:alice' });
    expect(parsed(uri)).toMatchObject({ issuer: 'Latch-key', label: 'CONTOSO-alice' });
    expect(uri).not.toMatch(/%3A/i);
  });

  test('a name cannot turn the writing direction or break the line', () => {
    const { uri } = offerKey(key, { issuer: 'Latchkey', username: ' a\u202eecila\u2069\n\u0000@x ' });
    expect(parsed(uri).label).toBe('aecila@x');
  });

  test('a name that is far too long still makes a code that can be scanned', () => {
    const { uri, qr } = offerKey(key, { issuer: 'Latchkey', username: '🦊'.repeat(5_000) });
    expect(parsed(uri).label).toBe(`${'🦊'.repeat(99)}…`);
    expect(scanned(qr)).toBe(uri);
  });

  test('any names at all', () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(text, text, (issuer, username) => {
        const { uri, qr } = offerKey(key, { issuer: `L${issuer}`, username: `u${username}` });
        const read = parsed(uri);
        expect(read.issuer).toMatch(/^L/);
        expect(read.label).toMatch(/^u/);
        expect(Buffer.from(read.secret.bytes)).toEqual(key);
        expect(qr.every((row) => row.length === qr.length)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

test('the key for typing is the same key, in groups of four', () => {
  const other = randomBytes(20);
  const { key: typed } = offerKey(other, { issuer: 'Latchkey', username: 'alice' });
  expect(typed).toMatch(/^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/);
  expect(Buffer.from(keyOf(typed))).toEqual(other);
});

test('the picture has a quiet zone of four modules', () => {
  const { qr } = offerKey(key, { issuer: 'Latchkey', username: 'alice' });
  const edge = [
    ...qr.slice(0, 4),
    ...qr.slice(-4),
    ...qr.map((row) => [...row.slice(0, 4), ...row.slice(-4)]),
  ];
  expect(edge.flat()).not.toContain(true);
  expect(qr[4]?.slice(4, 11)).toEqual(Array(7).fill(true));
});
