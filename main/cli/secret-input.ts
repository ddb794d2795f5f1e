import { LatchkeyError } from '../contract/errors.ts';

const maxSecretBytes = 4096;

/**
 * Reads a secret: without echo from a terminal, else the first line of standard input. Never an argument, which every
 * user of the machine can read.
 * @throws LatchkeyError `request-invalid` where nothing or too much was entered.
 */
export async function readSecret(prompt: string): Promise<string> {
  const text = process.stdin.isTTY ? await fromTerminal(prompt) : await fromStream();
  if (text.length === 0 || Buffer.byteLength(text) > maxSecretBytes) {
    throw new LatchkeyError(
      'request-invalid',
      text.length === 0 ? 'Nothing was entered.' : 'This is too long for a password.',
      {
        remedy: 'Type it at the prompt, or pass it on standard input.',
      },
    );
  }
  return text;
}

async function fromStream(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk;
    if (text.includes('\n') || text.length > maxSecretBytes) break;
  }
  return text.split(/\r?\n/, 1)[0] ?? '';
}

async function fromTerminal(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(`${prompt}: `);
  stdin.setRawMode(true).setEncoding('utf8');
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
