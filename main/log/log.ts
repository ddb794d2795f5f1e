import { closeSync, existsSync, fchmodSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** `info`: as it should be; `warn`: somebody may want to act; `error`: a fault of Latchkey. */
type LogLevel = 'info' | 'warn' | 'error';

/** The log of the process. None of its calls throws or waits: what cannot be written is lost. */
export interface Log {
  /** One entry; secrets are taken out. The level is `warn` unless told. */
  write(text: string, level?: LogLevel): void;
  /** The same for the file alone: what stderr need not know, or is told in another way. */
  note(text: string, level?: LogLevel): void;
  /** From now on entries go into `latchkey.log` of this folder too, and so do those since the start. */
  open(folder: string): void;
  /** Lets go of the file. */
  close(): void;
}

interface LogOptions {
  /** Where entries go besides the file. */
  stderr?: { write(text: string): unknown };
  /** A file that is longer is put aside, and a new one begun. */
  maxBytes?: number;
}

export const logFileName = 'latchkey.log';
/** `latchkey.log.1` is the youngest of those put aside. */
const keptFiles = 4;
const maxEarly = 200;

export function createLog({ stderr = process.stderr, maxBytes = 1024 * 1024 }: LogOptions = {}): Log {
  let early: string[] = [];
  let path: string | undefined;
  let fd: number | undefined;
  let size = 0;

  function openFile(): void {
    if (path === undefined) return;
    // Only ever ours to read: entries name people, programs and databases.
    fd = openSync(path, 'a', 0o600);
    fchmodSync(fd, 0o600);
    ({ size } = fstatSync(fd));
  }

  function closeFile(): void {
    if (fd === undefined) return;
    const before = fd;
    fd = undefined;
    closeSync(before);
  }

  function rotate(): void {
    if (path === undefined) return;
    closeFile();
    for (let number = keptFiles - 1; number >= 0; number -= 1) {
      const from = number === 0 ? path : `${path}.${number}`;
      if (existsSync(from)) renameSync(from, `${path}.${number + 1}`);
    }
    openFile();
  }

  function append(line: string): void {
    try {
      if (fd === undefined) openFile();
      if (size > 0 && size + Buffer.byteLength(line) > maxBytes) rotate();
      if (fd !== undefined) size += writeSync(fd, line);
    } catch {
      // A full disk: the next entry may fit again.
    }
  }

  function note(text: string, level: LogLevel): void {
    const line = `${new Date().toISOString()} ${level.padEnd(5)} ${redacted(text)}\n`;
    if (path !== undefined) append(line);
    else if (early.length < maxEarly) early.push(line);
  }

  return {
    write(text, level = 'warn') {
      try {
        stderr.write(`${new Date().toISOString()} ${redacted(text)}\n`);
      } catch {
        // Nobody reads it, which is nobody's death.
      }
      note(text, level);
    },
    note: (text, level = 'info') => note(text, level),
    open(folder) {
      path = join(folder, logFileName);
      const before = early;
      early = [];
      for (const line of before) append(line);
    },
    close() {
      path = undefined;
      try {
        closeFile();
      } catch {
        // It is gone either way.
      }
    },
  };
}

/** What must never stand in a log, by its form: a sentence of our own holds none, the text of a library's error may. */
const secrets: [RegExp, string][] = [
  [/\b(lkh?_)[\w-]{6,}/g, '$1…'],
  // JSON Web Tokens (RFC 7519), with or without a signature.
  [/\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)*/g, '(token)'],
  [/\b(Bearer|Basic|Negotiate|NTLM)\s+[\w+/=~.-]+/gi, '$1 …'],
  // The user part of an address, and its query, in which codes and states travel.
  [/\/\/[^\s/@"'<>]+@/g, '//…@'],
  [/(\bhttps?:\/\/[^\s?#"'<>]+)[?#][^\s"'<>]*/g, '$1?…'],
  [
    /\b((?:[\w-]*(?:password|passwd|secret|token|assertion|credential)|pwd)["']?\s*[:=]\s*)(?:"[^"]*"|'[^']*'|[^\s"',;&})]+)/gi,
    '$1…',
  ],
  // Keys, hashes and refresh tokens have no form but their length.
  [/[\w+-]{40,}={0,2}/g, '(…)'],
];

/**
 * One entry of a log, without secrets. What a stranger has named cannot make a line of its own or move a terminal's
 * cursor: further lines are indented, other control characters are replaced.
 */
export function redacted(text: string): string {
  let clean = text.trimEnd();
  for (const [form, instead] of secrets) clean = clean.replaceAll(form, instead);
  return clean
    .replaceAll(/\r?\n/g, '\n    ')
    .replaceAll(/[\p{Cc}\u{2028}\u{2029}\p{Bidi_Control}]/gu, (found) =>
      found === '\n' ? found : '\u{fffd}',
    );
}
