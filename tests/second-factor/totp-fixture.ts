import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from 'otpauth';
import { afterEach } from 'vitest';
import { codeAt, stepAt } from '../../main/second-factor/totp-code.ts';
import { alice, type TotpHome } from './totp-home.ts';

/** Enrols and confirms with the code of the current step; the next one is free. */
export async function enrol(
  home: TotpHome,
  account = alice,
): Promise<{ key: Uint8Array; recovery: string[] }> {
  const offer = await home.totp.begin(account);
  const key = keyOf(offer.key);
  const recovery = await home.totp.confirm(account, codeAt(key, stepAt(home.time)));
  return { key, recovery };
}

/** The code that an application with this key shows `steps` away from the home's time. */
export function codeOf(key: Uint8Array, home: { time: number }, steps = 0): string {
  return codeAt(key, stepAt(home.time) + steps);
}

/** Six digits that are none of the codes about the home's time. */
export function wrongCode(key: Uint8Array, home: { time: number }): string {
  const right = [-1, 0, 1].map((steps) => codeOf(key, home, steps));
  return ['000000', '000001', '000002', '000003'].find((code) => !right.includes(code)) ?? '';
}

export function keyOf(typed: string): Uint8Array {
  return Secret.fromBase32(typed.replaceAll(' ', '')).bytes;
}

/** Folders in memory where there is such a place: for tests in which the disk plays no part. */
export function useFastFolders(): () => Promise<string> {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });
  return async () => {
    const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'latchkey-test-'));
    folders.push(folder);
    return folder;
  };
}

export async function filesUnder(folder: string): Promise<{ path: string; bytes: Buffer }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(paths.map(async (path) => ({ path, bytes: await readFile(path) })));
}
