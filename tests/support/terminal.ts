import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { soon } from './latchkey.ts';
import { program } from './parts.ts';

export const script = program('script', 'install the package bsdutils');

export interface Terminal {
  /** Everything on the screen, without carriage returns. */
  shown(): string;
  /** Waits for a prompt, then types. */
  answer(prompt: string, keys: string): Promise<void>;
  /** Takes the terminal away, as closing its window does. */
  hangUp(): void;
  ended: Promise<number>;
}

/**
 * Runs a command line at a terminal of its own (util-linux `script`), in place of the shell that `script` starts: that is
 * the person's own, and dash would end at Ctrl-\ and take the terminal along.
 */
export function atTerminal(words: string[], env: NodeJS.ProcessEnv = process.env): Terminal {
  const command = ['exec', ...words.map((word) => `'${word}'`)].join(' ');
  const child = spawn(script.path ?? 'script', ['-qec', command, '/dev/null'], {
    env: { ...env, SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const shown = (): string => text.replaceAll('\r', '');
  return {
    shown,
    async answer(prompt, keys) {
      await expect.poll(shown, soon).toContain(prompt);
      child.stdin.write(keys);
    },
    hangUp: () => void child.kill('SIGKILL'),
    ended: once(child, 'close').then(([code]) => code as number),
  };
}
