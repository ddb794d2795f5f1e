import { LatchkeyError } from '../contract/errors.ts';
import { mark, type Merge, type Section } from './types.ts';

/** What a merge makes of a file: its new text, and the lines that go and come. All other lines stay as they are. */
export interface Merged {
  text: string;
  removed: string[];
  added: string[];
}

/**
 * Puts Latchkey's part into a file that may be a person's own.
 *
 * @param before the file's bytes as latin1 text, one character for each byte, so that whatever encoding a person's
 *   lines have comes out as it went in; undefined where there is no file
 * @param merge with the password in it, or with the placeholder for a dry run
 * @returns `text` in the same form
 * @throws LatchkeyError `request-invalid` where the file is none of its format, or has an entry of the same name that
 *   is not Latchkey's
 */
export function applyMerge(before: string | undefined, merge: Merge): Merged {
  if (before !== undefined && before.includes('\0'))
    throw refused('it is not a text file in an 8-bit encoding or UTF-8', 'Look into it, and move it away.');
  switch (merge.kind) {
    case 'whole': {
      const text = bytes(merge.text);
      return before === text
        ? { text, removed: [], added: [] }
        : {
            text,
            removed: (before ?? '').split('\n').filter(Boolean),
            added: text.split('\n').filter(Boolean),
          };
    }
    case 'sections':
      return mergeSections(before ?? '', merge.sections, merge.ignoreCase);
    case 'pgpass':
      return mergePgpass(before ?? '', merge.key, merge.line);
  }
}

/** UTF-8 as latin1 text; see {@link applyMerge}. */
function bytes(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
}

function refused(because: string, remedy: string): LatchkeyError {
  return new LatchkeyError('request-invalid', `The file was left alone because ${because}.`, { remedy });
}

interface Part {
  /** Undefined for what comes before the first header. */
  name: string | undefined;
  /** The header and the lines that belong to it. */
  body: string[];
  /** Blank lines and comments before the next header, which may be about that. */
  gap: string[];
}

/** A byte order mark, as latin1, may come before the first one. */
const header = /^(?:\u00EF\u00BB\u00BF)?\s*\[([^\]]*)\]/;
const blankOrComment = /^\s*(?:[#;].*)?$/;

function mergeSections(before: string, sections: readonly Section[], ignoreCase: boolean): Merged {
  const { lines, end } = linesOf(before);
  let parts = partsOf(lines);
  const key = (name: string): string => (ignoreCase ? name.toLowerCase() : name);
  const removed: string[] = [];
  const added: string[] = [];
  for (const section of sections) {
    const fresh = [`[${section.name}]`, ...section.lines].map((line) => `${bytes(line)}${end}`);
    const same = parts.filter(({ name }) => name !== undefined && key(name) === key(section.name));
    if (same.some(({ body }) => !body.some((line) => line.includes(mark)))) {
      throw refused(
        `it has a section [${section.name}] that is not Latchkey's`,
        'Choose another name with --name, or remove that section.',
      );
    }
    const [first] = same;
    if (first === undefined) {
      const last = parts.at(-1);
      const lastLine = [...(last?.body ?? []), ...(last?.gap ?? [])].at(-1);
      if (lastLine !== undefined && lastLine.trim() !== '') last?.gap.push(end);
      parts.push({ name: section.name, body: fresh, gap: [] });
      added.push(...fresh);
    } else if (same.length > 1 || first.body.join('\n') !== fresh.join('\n')) {
      removed.push(...same.flatMap(({ body }) => body));
      added.push(...fresh);
      // Of a section that goes, what a person wrote behind it stays, with the part before.
      parts = parts.filter((part, index) => {
        if (part === first || !same.includes(part)) return true;
        parts[index - 1]?.gap.push(...part.gap);
        return false;
      });
      first.body = fresh;
    }
  }
  if (added.length === 0) return { text: before, removed, added };
  return { text: joined(parts.flatMap(({ body, gap }) => [...body, ...gap])), removed, added };
}

function partsOf(lines: readonly string[]): Part[] {
  const parts: Part[] = [{ name: undefined, body: [], gap: [] }];
  for (const line of lines) {
    const name = header.exec(line)?.[1];
    const last = parts.at(-1);
    if (name !== undefined || last === undefined) {
      parts.push({ name: name ?? '', body: [line], gap: [] });
    } else if (blankOrComment.test(line) && !line.includes(mark)) {
      last.gap.push(line);
    } else {
      last.body.push(...last.gap.splice(0), line);
    }
  }
  return parts;
}

/** Tokens and handles of Latchkey, which it may replace wherever it meets them. */
const ownPassword = /^lkh?_\w+$/;

/**
 * libpq takes the first line that matches, so that ours goes before the first entry: one with `*` further up would
 * win otherwise (PostgreSQL docs, "The Password File").
 */
function mergePgpass(before: string, key: string, line: string): Merged {
  const { lines, end } = linesOf(before);
  const ours = `${bytes(line)}${end}`;
  const prefix = `${bytes(key)}:`;
  const same = lines.filter((entry) => entry.startsWith(prefix));
  if (same.some((entry) => !ownPassword.test(entry.slice(prefix.length).trimEnd()))) {
    throw refused(
      "it has an entry for the same host, port, database and user that is not Latchkey's",
      'Remove that line first.',
    );
  }
  const rest = lines.filter((entry) => !entry.startsWith(prefix));
  const place = rest.findIndex((entry) => !/^(?:#.*|\s*)$/.test(entry));
  const text = joined(place < 0 ? [...rest, ours] : rest.toSpliced(place, 0, ours));
  return text === before ? { text, removed: [], added: [] } : { text, removed: same, added: [ours] };
}

/** Lines without their line feeds, and what stands before those of this file: a carriage return or nothing. */
function linesOf(text: string): { lines: string[]; end: string } {
  const lines = text.split('\n');
  const end = lines.length > 1 && lines[0]?.endsWith('\r') === true ? '\r' : '';
  const last = lines.pop() ?? '';
  return { lines: last === '' ? lines : [...lines, `${last}${end}`], end };
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/**
 * A line for the screen: passwords of Latchkey's and of a person's are left out, also where a person has put one of
 * their own into a section that is replaced.
 */
export function masked(line: string): string {
  return line
    .replaceAll(/\blkh?_[0-9A-Za-z]+/g, '<password>')
    .replace(/^(\s*"?(?:password|pwd)"?\s*[=:]\s*)(.*)$/i, (whole, before: string, value: string) =>
      /^"?(?:<password>|\{\{password\}\})"?,?$/.test(value.trim()) ? whole : `${before}<password>`,
    );
}
