import type { Document, LineCounter, YAMLParseError } from 'yaml';
import type { FileFault } from '../../contract/errors.ts';

/** What is wrong behind a first fault mostly follows from it. */
const mostFaults = 5;

/** What whoever writes the file can do; the library's own sentences are for whoever programs with it. */
const sentences: Partial<Record<YAMLParseError['code'], string>> = {
  TAB_AS_INDENT: 'a tab indents this line; use blanks',
  MULTIPLE_DOCS: 'a second document begins here (---); a configuration is one alone',
  MULTILINE_IMPLICIT_KEY: 'this is no "key: value"; a colon and a blank stand between the two',
  BLOCK_AS_IMPLICIT_KEY:
    'a second "key: value" stands in this line, or the line is indented too far; a text with a colon and a blank in it stands in quotes',
  BAD_INDENT: 'this is indented otherwise than what it belongs to, or a bracket before it was not closed',
  BAD_ALIAS: 'a text that begins with * stands in quotes',
  BAD_DQ_ESCAPE: String.raw`in double quotes \ begins an escape; use single quotes, as in 'C:\folder\file'`,
};

/** What makes a text no YAML, one fault for each line. */
export function syntaxFaults(
  text: string,
  {
    document,
    lines,
    label,
  }: { document: Pick<Document.Parsed, 'errors'>; lines: LineCounter; label: string },
): FileFault[] {
  if (text.includes('\0')) return [{ file: label, line: 1, text: otherEncoding }];
  const faults = new Map<number, FileFault>();
  for (const { code, pos, message } of document.errors) {
    if (faults.size === mostFaults) break;
    const { line } = lines.linePos(pos[0]);
    const said = code === 'DUPLICATE_KEY' ? repeatedKey(text.slice(pos[0])) : (sentences[code] ?? message);
    if (!faults.has(line)) faults.set(line, { file: label, line, text: said });
  }
  return [...faults.values()];
}

/** A zero is in each character of English in UTF-16. */
const otherEncoding =
  'this is no UTF-8 text; it looks like UTF-16, which ">" of Windows PowerShell writes: save it as UTF-8';

function repeatedKey(rest: string): string {
  const [, key = ''] = /^["']?([\w-]+)/.exec(rest) ?? [];
  return `the key ${key} stands in this group already; bring what both have under one`;
}
