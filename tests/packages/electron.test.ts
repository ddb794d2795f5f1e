import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { desktopParts } from '../e2e/parts.ts';
import { describeWith } from '../support/parts.ts';

const { electron } = desktopParts;
const major = (version: string): string => version.split('.')[0] ?? '';

describeWith([electron], 'Electron', () => {
  it('is of the same major in the packages and in the tests', () => {
    const project = join(import.meta.dirname, '../..');
    const { devDependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
      devDependencies: { electron: string };
    };
    // Pinned exactly, so that the major of a package is the one that stands there.
    expect(devDependencies.electron).toMatch(/^\d+\.\d+\.\d+$/);
    const tested = readFileSync(join(dirname(electron.path ?? ''), 'version'), 'utf8').trim();
    expect(major(devDependencies.electron)).toBe(major(tested));
  });
});
