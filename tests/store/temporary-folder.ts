import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { program, type Part } from '../support/parts.ts';

/** For tests that mount, change owners or attach strace. */
export const root: Part = {
  name: 'root',
  path: process.getuid?.() === 0 ? '/' : undefined,
  remedy: 'run the tests as root',
};

/** What tests of faults need beside root. */
export const mount = program('mount', 'install the package mount');
export const strace = program('strace', 'install the package strace');
export const setpriv = program('setpriv', 'install the package util-linux');

/** Registers the clean-up and returns the maker of new folders. */
export function useTemporaryFolders(): () => Promise<string> {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
    folders.push(folder);
    return folder;
  };
}

/** A file system of `size` ("256k") mounted at `folder`; returns the way to unmount it. */
export function mountSmallDisk(folder: string, size: string): () => void {
  const { status, stderr } = spawnSync(mount.path ?? '', [
    '-t',
    'tmpfs',
    '-o',
    `size=${size},mode=0700`,
    'tmpfs',
    folder,
  ]);
  if (status !== 0) throw new Error(`mount failed: ${stderr.toString()}`);
  return () => {
    spawnSync(program('umount', mount.remedy).path ?? '', ['-l', folder]);
  };
}
