import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const project = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(project, file), 'utf8');
const find = (...patterns: string[]): string[] =>
  globSync(patterns, { cwd: project, exclude: (name) => name.includes('node_modules') }).toSorted();

export const testFiles: readonly string[] = find('tests/**/*.test.{ts,tsx}');

/** Holds something to a second or two, to one moment of another process, or needs both cores itself: gets a quieter machine. */
export const measured: readonly string[] = find(
  'tests/{administration/break-glass,audit/disk,cli/exec}.test.ts',
  'tests/broker/{audit-unwritable,limits}.test.ts',
  'tests/{demo/story,verify/timed}.test.ts',
  'tests/gateway/{slow-upstream,stop,mysql/stop}.test.ts',
);

/**
 * Holds its time or memory to a bound that what runs beside it would exceed, or keeps the cores busy itself for long: gets
 * the machine for itself.
 */
export const alone: readonly string[] = find(
  'tests/{api/slow-clients,broker/revocation,desktop/linux-notices}.test.ts',
  'tests/gateway/{crowd,cut,postgres/scram,postgres/wire}.test.ts',
  'tests/packages/linux.test.ts',
);

/**
 * Gets a process of its own, since it counts what its process has open, where the files before it would count as well, or
 * drives Electron, of which Playwright is not known to leave nothing behind.
 */
export const apart: readonly string[] = find('tests/broker/failed-start.test.ts', 'tests/e2e/*.test.ts');

/**
 * Needs no database server, no tenant, no browser, no Electron and no other program: what runs at each save of a file.
 * Whatever has a part (see parts.ts) or starts Latchkey or a tenant is known by its imports.
 */
export const quick: readonly string[] = testFiles.filter(
  (file) =>
    !measured.includes(file) &&
    !alone.includes(file) &&
    !apart.includes(file) &&
    !/spawn|execFile|fork\(/.test(read(file)) &&
    ![...importsOf(file)].some((path) =>
      /^main\/demo\/|support\/(parts|latchkey|run-program|builds)\.ts$/.test(path),
    ),
);

/** All others. As the quick ones, they leave nothing in their process that the next file would notice. */
export const whole: readonly string[] = testFiles.filter(
  (file) => ![quick, measured, alone, apart].some((others) => others.includes(file)),
);

/** What a file imports of tests/ and main/demo/, through other files too. */
function importsOf(file: string, found = new Set<string>()): Set<string> {
  for (const [, name = ''] of read(file).matchAll(/from '(\.[^']*\.tsx?)'/g)) {
    const path = join(dirname(file), name);
    if (found.has(path) || !/^(tests|main\/demo)\//.test(path) || !existsSync(join(project, path))) continue;
    found.add(path);
    importsOf(path, found);
  }
  return found;
}
