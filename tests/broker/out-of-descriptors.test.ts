import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createLatchkey, startWorld } from '../support/latchkey.ts';
import { describeWith, parts, program } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

const prlimit = program('prlimit', 'install the package util-linux');

describeWith([prlimit, parts.postgres], 'a broker that has no file descriptors left', () => {
  const world = useAll(startWorld);
  const latchkey = useAll(() => createLatchkey(world));

  /** The soft limit alone. */
  function limit(pid: number, files: number): void {
    execFileSync(prlimit.path ?? '', [`--pid=${pid}`, `--nofile=${files}:`]);
  }

  /** The system hands out the lowest number that is free: none below it is. */
  function lowestFree(pid: number): number {
    const taken = new Set(readdirSync(`/proc/${pid}/fd`));
    let number = 0;
    while (taken.has(String(number))) number += 1;
    return number;
  }

  it('is not told as one that does not run; and takes up its work by itself', async () => {
    const pid = latchkey.serve.process().pid ?? 0;
    limit(pid, lowestFree(pid));
    const { code, err } = await latchkey.run('status');
    expect(code).not.toBe(0);
    expect(err).toContain('file descriptors');
    expect(err).not.toContain('No Latchkey is running');
    limit(pid, 1024);
    const { out } = await latchkey.run('status');
    expect(out).toContain('Connections');
  });
});
