import { isMap, isScalar, isSeq, type Node } from 'yaml';
import {
  blockLines,
  commentText,
  flowText,
  inlineText,
  itemLines,
  pairLines,
  quoteOf,
  scalarText,
  isRecord,
} from './render.ts';
import {
  endOf,
  entriesOf,
  isFlow,
  startOf,
  styleAt,
  type Collection,
  type Entry,
  type Source,
  type Splice,
} from './source.ts';

/** Where a value stands: in which collection, and as which of its entries. */
export interface Place {
  inside: Collection;
  entry: Entry;
}

/** The value of an entry written anew. */
export function replaceValue(source: Source, { inside, entry }: Place, value: unknown): Splice[] {
  const old = entry.value;
  const style = styleAt(source, inside);
  if (isFlow(inside)) {
    const text = flowText(value, isScalar(old) ? quoteOf(old.type) : style.quote);
    return [old === undefined ? insertValue(entry, text) : { from: startOf(old), to: endOf(old), text }];
  }
  const inline = inlineText(value, style);
  if (inline === undefined) return writeBlock(source, { inside, entry }, value);
  const text =
    isScalar(old) && !isRecord(value) && !Array.isArray(value)
      ? flowText(value, quoteOf(old.type) ?? (typeof old.value === 'string' ? undefined : style.quote))
      : inline;
  const comment = commentText(value);
  if (old === undefined) {
    const added = insertValue(entry, text);
    return [{ ...added, text: `${added.text}${comment}` }];
  }
  const end = endOf(old);
  // A block scalar ends with its line, and so may a map or list with one in it.
  const lineBreak = source.text[end - 1] === '\n' ? source.eolAt(end - 1) : '';
  if (isBlockCollection(old)) {
    const from = startOfBlock(old);
    return source.isFirst(from)
      ? [insertValue(entry, text), removeLines(source, from, end)]
      : [{ from: entry.valueAt, to: end, text: ` ${text}${lineBreak}` }];
  }
  if (lineBreak !== '') return [{ from: startOf(old), to: end, text: `${text}${comment}${lineBreak}` }];
  return [{ from: startOf(old), to: end, text }, ...replaceComment(source, end, comment)];
}

/** Between what announces the value and whatever follows on the line. */
function insertValue({ valueAt }: Entry, text: string): Splice {
  return { from: valueAt, to: valueAt, text: ` ${text}` };
}

/** A comment that comes with the new value stands in place of the one behind the old. */
function replaceComment(source: Source, to: number, comment: string): Splice[] {
  if (comment === '') return [];
  const end = source.lineEnd(to);
  const rest = source.text.slice(to, end);
  return rest.trim() === '' || rest.trim().startsWith('#') ? [{ from: to, to: end, text: comment }] : [];
}

/** A map or list on lines of its own, in place of whatever was there. */
function writeBlock(source: Source, { inside, entry }: Place, value: unknown): Splice[] {
  const eol = source.eolAt(entry.from);
  const style = styleAt(source, inside);
  const old = entry.value;
  const isList = Array.isArray(value);
  const inner = source.column(entry.from) + (isSeq(inside) ? 2 : isList ? style.listIndent : style.step);
  // A block scalar ends with its line, and so may a map or list with one in it.
  const ownBreak = old !== undefined && source.text[endOf(old) - 1] === '\n' ? eol : '';
  const lines = (indent: number): string =>
    blockLines(value, style)
      .map((line, index) => (index === 0 ? line : `${' '.repeat(indent)}${line}`))
      .join(eol);
  if (old !== undefined && isBlockCollection(old)) {
    const from = startOfBlock(old);
    return [{ from, to: endOf(old), text: `${lines(source.column(from))}${ownBreak}` }];
  }
  const block = `${eol}${' '.repeat(inner)}${lines(inner)}`;
  if (old === undefined) return [at(source.lineEnd(entry.valueAt), block)];
  if (ownBreak !== '') return [{ from: entry.valueAt, to: endOf(old), text: `${block}${ownBreak}` }];
  const rest = source.text.slice(endOf(old), source.lineEnd(endOf(old)));
  // A comment behind the old value goes on to stand behind the key.
  return rest.trim() === ''
    ? [{ from: entry.valueAt, to: endOf(old), text: block }]
    : [{ from: entry.valueAt, to: endOf(old), text: '' }, at(source.lineEnd(endOf(old)), block)];
}

/** One more pair or item. @param index in front of which entry; behind the last one where there is none */
export function insertEntry(
  source: Source,
  collection: Collection,
  index: number,
  key: string | undefined,
  value: unknown,
): Splice[] {
  const style = styleAt(source, collection);
  const entries = entriesOf(collection);
  if (isFlow(collection)) {
    const inner = flowText(value, style.quote);
    const text = key === undefined ? inner : `${scalarText(key, style.quote)}: ${inner}`;
    return insertFlow(source, collection, entries, index, text);
  }
  const [first] = entries;
  if (first === undefined) return [];
  const isLast = entries[index] === undefined;
  const before = entries[isLast ? entries.length - 1 : Math.max(0, index - 1)] ?? first;
  const eol = source.eolAt(before.to);
  const column = source.column(first.from);
  const indent = ' '.repeat(column);
  const lines = key === undefined ? itemLines(value, style) : pairLines(key, value, style);
  const text = lines.map((line) => `${indent}${line}`).join(eol);
  // In front of the first one, on its own line.
  if (index === 0) return [at(first.from, `${text.slice(column)}${eol}${indent}`)];
  const place = source.lineEnd(before.to);
  const gap = hasGaps(source, entries) ? eol : '';
  // Behind a block scalar a line has begun already.
  return source.text[place - 1] === '\n'
    ? [at(place, `${gap}${text}${eol}`)]
    : [at(place, `${eol}${gap}${text}`)];
}

/** Whether the last two entries have an empty line between them, as people set their connections apart. */
function hasGaps(source: Source, entries: Entry[]): boolean {
  const [before, last] = entries.slice(-2);
  if (before === undefined || last === undefined) return false;
  return /\n[ \t]*\r?\n/.test(source.text.slice(before.to, last.from));
}

function insertFlow(
  source: Source,
  collection: Collection,
  entries: Entry[],
  index: number,
  text: string,
): Splice[] {
  const next = entries[index];
  if (next !== undefined) return [at(next.from, `${text}, `)];
  const last = entries.at(-1);
  if (last === undefined) return [at(startOf(collection) + 1, text)];
  const end = source.lineEnd(last.to);
  const behind = source.text.slice(last.to, end);
  const isAlone = source.isFirst(last.from) && /^[ \t]*,?[ \t]*(?:#.*)?$/.test(behind);
  if (!isAlone) return [at(last.to, `, ${text}`)];
  const line = `${source.eolAt(last.to)}${source.text.slice(source.lineStart(last.from), last.from)}${text}`;
  return behind.trimStart().startsWith(',') ? [at(end, `${line},`)] : [at(last.to, ','), at(end, line)];
}

/** An entry taken away with its lines; comments above it stay. To be called where it is not the only one. */
export function removeEntry(source: Source, collection: Collection, index: number): Splice[] {
  const entries = entriesOf(collection);
  const entry = entries[index];
  if (entry === undefined) return [];
  if (isFlow(collection)) return [removeFlow(source, entries, index, entry)];
  if (source.isFirst(entry.from)) return [removeLines(source, entry.from, entry.to)];
  // It stands behind the dash of its list, where the next one moves to unless something is between them.
  const next = entries[index + 1];
  if (next !== undefined && /^[ \t]*\r?\n?[ \t]*$/.test(source.text.slice(entry.to, next.from)))
    return [{ from: entry.from, to: next.from, text: '' }];
  const dash = source.text.slice(0, entry.from).trimEnd().length;
  return [{ from: dash, to: source.lineEnd(entry.to), text: '' }];
}

function removeFlow(source: Source, entries: Entry[], index: number, entry: Entry): Splice {
  const { text } = source;
  const [comma = ''] = /^[ \t]*,[ \t]*/.exec(text.slice(entry.to)) ?? [];
  const to = entry.to + comma.length;
  const rest = text.slice(to, source.lineEnd(to)).trim();
  if (comma !== '' && source.isFirst(entry.from) && (rest === '' || rest.startsWith('#')))
    return { from: source.lineStart(entry.from), to: source.nextLine(to), text: '' };
  const before = entries[index - 1];
  const isLast = entries[index + 1] === undefined;
  if (isLast && before !== undefined && comma === '' && /^[\s,]*$/.test(text.slice(before.to, entry.from)))
    return { from: before.to, to: entry.to, text: '' };
  return { from: entry.from, to, text: '' };
}

/** The lines from one place to another, and the comments under them that are indented deeper than the first. */
function removeLines(source: Source, from: number, to: number): Splice {
  const { text } = source;
  const column = source.column(from);
  let stop = source.nextLine(to);
  for (let place = stop; place < text.length;) {
    const end = text.indexOf('\n', place);
    const next = end < 0 ? text.length : end + 1;
    const line = text.slice(place, next);
    const content = line.trimStart();
    if (content !== '' && (!content.startsWith('#') || line.length - content.length <= column)) break;
    if (content !== '') stop = next;
    place = next;
  }
  const start = source.lineStart(from);
  // The last line of a file without a line break at its end leaves it so.
  const isEnd = stop === text.length && !text.endsWith('\n');
  const [lineBreak = ''] = /\r?\n$/.exec(text.slice(0, start)) ?? [];
  return { from: isEnd ? start - lineBreak.length : start, to: stop, text: '' };
}

function startOfBlock(old: Collection): number {
  return entriesOf(old)[0]?.from ?? startOf(old);
}

const at = (place: number, text: string): Splice => ({ from: place, to: place, text });

function isBlockCollection(node: Node): node is Collection {
  return (isMap(node) || isSeq(node)) && !isFlow(node);
}
