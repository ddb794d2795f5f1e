import { LatchkeyError } from '../contract/errors.ts';

const maxSecretBytes = 4096;

/** What of standard input has been read but not yet asked for. */
let unread = '';
let chunks: AsyncIterator<string> | undefined;

/**
 * Reads a secret: without echo from a terminal, else the next line of standard input. Never an argument, which every
 * user of the machine can read.
 * @param mayBeEmpty where only the Enter key is waited for
 * @throws LatchkeyError `request-invalid` where nothing or too much was entered.
 */
export async function readSecret(prompt: string, mayBeEmpty = false): Promise<string> {
  const text = process.stdin.isTTY ? await fromTerminal(prompt) : await nextLine();
  if ((text.length > 0 || mayBeEmpty) && Buffer.byteLength(text) <= maxSecretBytes) return text;
  throw new LatchkeyError(
    'request-invalid',
    text.length === 0 ? 'Nothing was entered.' : 'This is too long for a password.',
    {
      remedy: 'Type it at the prompt, or pass it on standard input.',
    },
  );
}

async function nextLine(): Promise<string> {
  chunks ??= (process.stdin.setEncoding('utf8') as AsyncIterable<string>)[Symbol.asyncIterator]();
  while (!unread.includes('\n') && unread.length <= maxSecretBytes) {
    const { done, value } = await chunks.next();
    if (done === true) break;
    unread += value;
  }
  const [line = ''] = unread.split(/\r?\n/, 1);
  const end = unread.indexOf('\n');
  unread = end < 0 ? '' : unread.slice(end + 1);
  return line;
}

async function fromTerminal(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  // Before the prompt: whoever answers at once must not see it either.
  stdin.setRawMode(true).setEncoding('utf8');
  stderr.write(`${prompt}: `);
  let text = '';
  try {
    for await (const chunk of stdin as AsyncIterable<string>) {
      for (const key of chunk) {
        if (key === '\r' || key === '\n' || key === '\u0004') return text;
        if (key === '\u0003') throw new LatchkeyError('request-invalid', 'Cancelled.');
        if (key === '\u007F' || key === '\b') text = text.slice(0, -1);
        else text += key;
      }
    }
    return text;
  } finally {
    stdin.setRawMode(false);
    stderr.write('\n');
  }
}
