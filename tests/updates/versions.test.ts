import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareVersions, isPreRelease, isVersion } from '../../main/updates/versions.ts';

/** The one that electron-updater goes by. */
const semver = createRequire(createRequire(import.meta.url).resolve('electron-updater'))('semver') as {
  valid(text: string): string | null;
  compare(one: string, other: string): number;
};

const number = fc.constantFrom('0', '1', '2', '10', '99');
const identifier = fc.constantFrom('0', '1', '11', 'alpha', 'beta', 'beta2', 'rc', '1a', '-');
const version = fc
  .tuple(number, number, number, fc.array(identifier, { maxLength: 3 }))
  .map(([major, minor, patch, before]) => [`${major}.${minor}.${patch}`, before.join('.')])
  .map(([core = '', before = '']) => (before === '' ? core : `${core}-${before}`));

it('puts versions in the order in which electron-updater has them', () => {
  fc.assert(
    fc.property(version, version, (one, other) => {
      expect(Math.sign(compareVersions(one, other))).toBe(semver.compare(one, other));
    }),
    { numRuns: 2000 },
  );
});

it('takes what is a version there too, and nothing else', () => {
  for (const text of ['1.2.3', '0.0.0', '1.2.3-beta.1', '10.20.30-rc-1'])
    expect([isVersion(text), semver.valid(text)]).toEqual([true, text]);
  for (const text of [
    '',
    '1',
    '1.2',
    'v1.2.3',
    '1.2.3.4',
    '01.2.3',
    '1.2.3-',
    '1.2.3-01',
    '1.2.3-a..b',
    '../1.2.3',
  ])
    expect(isVersion(text), text).toBe(false);
  // Build metadata says nothing of the order, so that two versions would be the same.
  expect(isVersion('1.2.3+build')).toBe(false);
});

it('tells a version that is being tried out', () => {
  expect(isPreRelease('1.2.3-beta.1')).toBe(true);
  expect(isPreRelease('1.2.3')).toBe(false);
});
