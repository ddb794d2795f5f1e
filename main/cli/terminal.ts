import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { LatchkeyError } from '../contract/errors.ts';

/**
 * One reader of the terminal for the whole process: what is typed or pasted ahead of a prompt is the answer to the
 * next one, and leaving a prompt leaves standard input as it is.
 */
let terminal: Interface | undefined;
const typedAhead: string[] = [];
let waiting: { answer(line: string): void; cancel(): void } | undefined;
let ended = false;

let visible = false;

/** What is typed is drawn only where it may be seen. */
const screen = (): Writable =>
  new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (visible) process.stderr.write(chunk);
      done();
    },
  });

function open(): Interface {
  // Without a history, for arrow keys would bring a secret of before back.
  const opened = createInterface({ input: process.stdin, output: screen(), terminal: true, historySize: 0 });
  opened.on('line', (line) => {
    const asked = waiting;
    // At once: the next line may be part of the same chunk.
    waiting = undefined;
    if (asked === undefined) typedAhead.push(line);
    else asked.answer(line);
  });
  opened.on('SIGINT', () => waiting?.cancel());
  // Ctrl-D, or the terminal has gone.
  opened.on('close', () => {
    ended = true;
    waiting?.cancel();
  });
  return opened;
}

/**
 * Asks on the terminal, on stderr as stdout is for results, and reads a line. To be called where standard input is a
 * terminal, and once at a time.
 * @param options.shown whether what is typed may be seen
 * @throws LatchkeyError `request-invalid` at Ctrl-C and Ctrl-D
 */
export async function askTerminal(
  prompt: string,
  { shown = false, signal }: { shown?: boolean; signal?: AbortSignal } = {},
): Promise<string> {
  const { stdin, stderr } = process;
  terminal ??= open();
  // Before the prompt: whoever answers at once must not see it either.
  if (!ended) stdin.setRawMode(true);
  terminal.resume();
  visible = shown;
  if (shown) terminal.setPrompt(prompt);
  if (shown && !ended) terminal.prompt();
  else stderr.write(prompt);
  try {
    return await new Promise<string>((resolve, reject) => {
      const cancel = (): void => reject(new LatchkeyError('request-invalid', 'Cancelled.'));
      const before = typedAhead.shift();
      if (before !== undefined) return resolve(before);
      if (ended || signal?.aborted === true) return cancel();
      waiting = { answer: resolve, cancel };
      signal?.addEventListener('abort', cancel, { once: true });
    });
  } finally {
    waiting = undefined;
    visible = false;
    if (!ended) {
      terminal.pause();
      // Between prompts Ctrl-C is the system's again.
      stdin.setRawMode(false);
    }
    if (!shown) stderr.write('\n');
  }
}
