import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { desktopRuns, withoutScreen } from '../contract/demo.ts';
import { LatchkeyError } from '../contract/errors.ts';

export type Demo = ReturnType<typeof createDemo>;

/**
 * Starts `latchkey demo`, once at a time: a second application beside this one, with a home of its own. It goes on when
 * this one ends, and removes what it has made when it ends itself.
 * @param command what starts it
 */
export function createDemo([program = '', ...args]: readonly string[]) {
  let running: ChildProcess | undefined;
  let starting: Promise<void> | undefined;

  async function start(): Promise<void> {
    const child = spawn(program, args, {
      // Its home and its configuration are its own, whatever this one was told by its environment.
      env: {
        ...process.env,
        LATCHKEY_HOME: undefined,
        LATCHKEY_CONFIG: undefined,
        LATCHKEY_KEY_FILE: undefined,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      windowsHide: true,
    });
    running = child;
    try {
      await untilItRuns(child);
    } catch (cause) {
      running = undefined;
      throw new LatchkeyError('command-failed', 'The demo did not start.', {
        remedy: `${cause instanceof Error && cause.message !== '' ? cause.message : 'It has not said why.'} In a terminal, "latchkey demo" shows how far it comes.`,
        cause,
      });
    }
    child.once('exit', () => (running = undefined));
    child.unref();
  }

  return {
    /** Resolves when its window is there. @throws LatchkeyError `command-failed` with what it complained about */
    async start(): Promise<void> {
      if (starting === undefined && running !== undefined)
        throw new LatchkeyError('request-invalid', 'The demo is running already.', {
          remedy: 'It has a window and a tray icon of its own; quit it there before you start it again.',
        });
      starting ??= start().finally(() => (starting = undefined));
      await starting;
    },
  };
}

function untilItRuns(child: ChildProcess): Promise<void> {
  const { stdout, stderr } = child;
  const complaints: string[] = [];
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => reject(new Error(complaints.slice(-3).join(' '))));
    if (stderr !== null)
      createInterface({ input: stderr }).on('line', (line) => {
        complaints.push(line.trim());
        if (complaints.length > 20) complaints.shift();
      });
    // Both are read to the end: a demo that cannot write would stand still.
    if (stdout !== null)
      createInterface({ input: stdout }).on('line', (line) => {
        if (line === desktopRuns) resolve();
        else if (line.startsWith(withoutScreen)) {
          child.kill();
          reject(new Error(line));
        }
      });
  });
}
