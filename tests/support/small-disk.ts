import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { program, type Part } from './parts.ts';

const sudo = process.getuid?.() === 0 ? [] : [program('sudo', '').path ?? '/usr/bin/sudo', '-n'];

/** Root may mount a tmpfs; others where sudo lets them. */
export const mounting: Part = {
  name: 'mounting a tmpfs',
  path: process.platform === 'linux' && run('mount', '--version') ? 'mount' : undefined,
  remedy: 'run the tests on Linux, as root or with a sudo that asks for no password',
};

export interface SmallDisk {
  /** Leaves no byte free. */
  fill(): Promise<void>;
  /** Gives the room back. */
  free(): Promise<void>;
  /** Allows reading alone, or writing again. */
  remount(mode: 'ro' | 'rw'): void;
  unmount(): void;
}

/** Mounts a tmpfs of this size at a folder that is closed to everyone else; root is stopped by a full disk as well. */
export function mountSmallDisk(folder: string, kibibytes: number): SmallDisk {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const owner = `uid=${process.getuid?.() ?? 0},gid=${process.getgid?.() ?? 0}`;
  const options = `size=${kibibytes}k,mode=0700,${owner}`;
  if (!run('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', folder))
    throw new Error(`cannot mount at ${folder}`);
  const filler = join(folder, 'filler');
  return {
    async fill() {
      for (const size of [4096, 1]) {
        for (;;) {
          const written = await writeFile(filler, Buffer.alloc(size), { flag: 'a' }).then(
            () => true,
            () => false,
          );
          if (!written) break;
        }
      }
    },
    free: () => rm(filler, { force: true }),
    remount(mode) {
      if (!run('mount', '-o', `remount,${mode}`, folder)) throw new Error(`cannot remount ${folder}`);
    },
    unmount() {
      run('umount', '-l', folder);
    },
  };
}

function run(command: string, ...args: string[]): boolean {
  const [first = command, ...rest] = [...sudo, command, ...args];
  return spawnSync(first, rest, { stdio: 'ignore' }).status === 0;
}
