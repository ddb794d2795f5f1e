import { LatchkeyError } from '../contract/errors.ts';
import { askTerminal } from './terminal.ts';

const maxSecretBytes = 4096;
/** Of a key in PEM form, which has 64 characters in each. */
const maxLines = 200;
const byteOrderMarks = [
  [0xef, 0xbb, 0xbf],
  [0xff, 0xfe],
  [0xfe, 0xff],
];

/** What of standard input has been read but not yet asked for. */
let unread = Buffer.alloc(0);
let chunks: AsyncIterator<Buffer> | undefined;

/**
 * Reads a secret: without echo from a terminal, else the next line of standard input. Never an argument, which every
 * user of the machine can read.
 * @param mayBeEmpty where only the Enter key is waited for
 * @throws LatchkeyError `request-invalid` where nothing or too much was entered, or what came is not UTF-8 text.
 */
export async function readSecret(prompt: string, mayBeEmpty = false): Promise<string> {
  const text = process.stdin.isTTY ? checked(await askTerminal(`${prompt}: `)) : decoded(await nextSecret());
  if ((text.length > 0 || mayBeEmpty) && Buffer.byteLength(text) <= maxSecretBytes) return text;
  throw new LatchkeyError(
    'request-invalid',
    text.length === 0 ? 'Nothing was entered.' : 'This is too long for a password.',
    { remedy: 'Type it at the prompt, or pass it on standard input.' },
  );
}

/** The next line; of a key in PEM form (RFC 7468) all lines, as it is one secret. */
async function nextSecret(): Promise<Buffer> {
  const first = await nextLine();
  if (!/^-----BEGIN [A-Z ]+-----\s*$/.test(first.toString('latin1'))) return first;
  const lines = [first];
  let size = first.length;
  while (size <= maxSecretBytes && lines.length < maxLines && !lines.at(-1)?.includes('-----END ')) {
    const line = await nextLine();
    lines.push(line);
    size += line.length;
  }
  return Buffer.from(lines.map((line) => line.toString('latin1')).join('\n'), 'latin1');
}

/** The bytes up to the next line feed, without it. */
async function nextLine(): Promise<Buffer> {
  chunks ??= (process.stdin as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  // Twice as long as a secret may be: what is encoded otherwise is to be told by its encoding first.
  while (!unread.includes(0x0a) && unread.length <= 2 * maxSecretBytes) {
    const { done, value } = await chunks.next();
    if (done === true) break;
    unread = Buffer.concat([unread, value]);
  }
  const end = unread.indexOf(0x0a);
  const line = end < 0 ? unread : unread.subarray(0, end);
  unread = end < 0 ? Buffer.alloc(0) : unread.subarray(end + 1);
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

/** Other encodings would be stored as another password than the one that was meant, and be refused by the server. */
function decoded(bytes: Buffer): string {
  if (byteOrderMarks.some((mark) => mark.every((byte, index) => bytes[index] === byte)))
    throw notText('begins with an encoding mark');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw notText('is not UTF-8 text');
  }
  return checked(text);
}

/** A zero is a sign of UTF-16; U+FFFD is what is left of a character that was read in the wrong encoding before. */
function checked(text: string): string {
  if (/[\0\u{FEFF}\u{FFFD}]/u.test(text)) throw notText('holds characters of another encoding');
  return text;
}

function notText(fault: string): LatchkeyError {
  return new LatchkeyError('request-invalid', `What was entered ${fault}; nothing has been stored.`, {
    remedy:
      'Pass plain UTF-8 without a mark, for example: printf %s "$PASSWORD" | latchkey …; in PowerShell 5 set $OutputEncoding = [Text.UTF8Encoding]::new($false) first. Or type it at the prompt.',
  });
}
