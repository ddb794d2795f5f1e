import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The command as its source, for whoever must not meet an older build. */
export const sourceProgram = fileURLToPath(new URL('../cli/index.ts', import.meta.url));

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/**
 * The `latchkey` command on this home, run as the real program in a process of its own.
 * @param command what starts it: a launcher, or a Node.js and the program, with all that stands before
 */
export function createCommandLine(home: string, config: string, command: readonly string[]) {
  const [launcher = '', ...before] = command;
  // The key of the person's own Latchkey is none of this one's.
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    LATCHKEY_HOME: home,
    LATCHKEY_CONFIG: config,
    LATCHKEY_KEY_FILE: undefined,
  };

  function start(args: string[], more: NodeJS.ProcessEnv = {}): ChildProcess {
    return spawn(launcher, [...before, ...args], {
      env: { ...env, ...more },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  return {
    env,
    start,
    /** Runs a command to its end; `input` goes to its standard input, `more` into its environment. */
    async run(args: string[], input = '', more: NodeJS.ProcessEnv = {}): Promise<Ran> {
      const child = start(args, more);
      child.stdin?.end(input);
      const texts = { out: '', err: '' };
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
      const [code] = (await once(child, 'close')) as [number | null];
      return { code: code ?? 1, ...texts };
    },
  };
}

export type CommandLine = ReturnType<typeof createCommandLine>;

/** The first line that a process prints, or an error with what it complained about. */
export async function firstLine(child: ChildProcess): Promise<string> {
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
    child.once('close', () => reject(new Error(complaint.trim() || 'it ended without a word')));
  });
}
