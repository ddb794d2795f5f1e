import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { buildProgram } from '../support/builds.ts';

const orders = [
  ['SIGTERM', 'SIGINT'],
  ['SIGINT', 'SIGTERM'],
  ['SIGTERM', 'SIGTERM'],
] as const;

it.skipIf(process.platform === 'win32').each(orders)(
  'what hangs while it ends after %s is ended by %s',
  async (first, second) => {
    const child = spawn(process.execPath, [await buildProgram('cli/quit-child.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('ready');
    child.kill(first);
    expect((await lines.next()).value).toBe('ending');
    child.kill(second);
    expect(await exit).toEqual([null, second]);
  },
);
