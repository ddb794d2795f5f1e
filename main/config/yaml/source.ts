import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Alias,
  type CST,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { quoteOf, type Quote, type Style } from './render.ts';

/** A piece of the text, and what stands in its place afterwards. */
export interface Splice {
  from: number;
  to: number;
  text: string;
}

export type Collection = YAMLMap | YAMLSeq;

/** One pair of a map or one item of a list, with where it stands. */
export interface Entry {
  key: string | undefined;
  value: Node | undefined;
  /** Where its dash or its key begins, or an anchor, tag or "?" in front of that. */
  from: number;
  /** Behind the last character of its value, or of what announces a value that is not there. */
  to: number;
  /** Behind its dash, or the colon of its key, and anchor and tag of its value; there a value begins that is not there. */
  valueAt: number;
}

const trivia = new Set(['space', 'newline', 'comment', 'comma', 'byte-order-mark']);

/** A few lines must not grow into gigabytes; a thousand connections may well share their rules. */
export const aliasesAtMost = 100_000;

/** The text of a file with where each thing of it stands. */
export function readSource(text: string) {
  const lines = new LineCounter();
  const document = parseDocument(text, { keepSourceTokens: true, lineCounter: lines, prettyErrors: false });

  const lineStart = (at: number): number => {
    const start = text.lastIndexOf('\n', at - 1) + 1;
    return start === 0 && text.startsWith('\uFEFF') ? 1 : start;
  };
  /** In front of the line break; a block scalar has its own, behind which `at` is. */
  const lineEnd = (at: number): number => {
    if (at > 0 && text[at - 1] === '\n') return at;
    const end = text.indexOf('\n', at);
    if (end < 0) return text.length;
    return end > at && text[end - 1] === '\r' ? end - 1 : end;
  };
  /** Behind the line break. */
  const nextLine = (at: number): number => {
    if (at > 0 && text[at - 1] === '\n') return at;
    const end = text.indexOf('\n', at);
    return end < 0 ? text.length : end + 1;
  };

  /** The line break behind it, or the last one of the file. */
  function eolAt(at: number): string {
    const next = text.indexOf('\n', at);
    const end = next < 0 ? text.lastIndexOf('\n') : next;
    return end > 0 && text[end - 1] === '\r' ? '\r\n' : '\n';
  }

  return {
    text,
    document,
    lines,
    eolAt,
    lineStart,
    lineEnd,
    nextLine,
    column: (at: number): number => at - lineStart(at),
    line: (at: number): number => lines.linePos(at).line,
    /** Whether nothing but blanks stands in front of it on its line. */
    isFirst: (at: number): boolean => text.slice(lineStart(at), at).trim() === '',
    js: (node: Node | undefined): unknown => node?.toJS(document, { maxAliasCount: aliasesAtMost }) ?? null,
  };
}
export type Source = ReturnType<typeof readSource>;

export const isFlow = (collection: Collection): boolean => collection.flow === true;

export function entriesOf(collection: Collection): Entry[] {
  return isMap(collection) ? collection.items.map(pairEntry) : itemEntries(collection);
}

/** Behind the last character that belongs to the value itself. */
export function endOf(node: Node): number {
  if ((isMap(node) || isSeq(node)) && !isFlow(node)) {
    const last = entriesOf(node).at(-1);
    if (last !== undefined) return last.to;
  }
  const end = node.range?.[1] ?? 0;
  if (!isScalar(node) || node.srcToken?.type !== 'block-scalar') return end;
  // Empty lines under a block scalar are no part of it, unless its header keeps them ("|+").
  const { props, source } = node.srcToken;
  if (props.some((token) => token.type === 'block-scalar-header' && token.source.includes('+'))) return end;
  return end - (/(?<=\n)(?:[ \t]*\r?\n|[ \t]+$)+$/.exec(source)?.[0].length ?? 0);
}

export function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

function pairEntry(pair: Pair): Entry {
  const { start, key, sep } = pair.srcToken as CST.CollectionItem;
  const value = isThere(pair.value) ? pair.value : undefined;
  const announced = [...start, ...(sep ?? [])].filter(({ type }) => !trivia.has(type));
  const keyEnd = isScalar(pair.key) ? (pair.key.range?.[1] ?? 0) : endOf(pair.key as Node);
  const valueAt = Math.max(keyEnd, ...announced.map(tokenEnd));
  const from =
    start.find(({ type }) => !trivia.has(type))?.offset ?? key?.offset ?? sep?.[0]?.offset ?? keyEnd;
  return {
    // Of a key that merges, YAML 1.1 has a symbol.
    key: isScalar(pair.key) ? String(pair.key.source ?? pair.key.value) : undefined,
    value,
    from,
    to: value === undefined ? valueAt : endOf(value),
    valueAt,
  };
}

function itemEntries(list: YAMLSeq): Entry[] {
  const { items = [] } = (list.srcToken ?? {}) as { items?: CST.CollectionItem[] };
  const real = items.filter(
    ({ start, key, sep, value }) =>
      key !== undefined ||
      sep !== undefined ||
      value !== undefined ||
      start.some(({ type }) => !trivia.has(type)),
  );
  return list.items.map((node, index): Entry => {
    const { start = [], value: token } = real[index] ?? {};
    const value = isThere(node) ? node : undefined;
    const announced = start.filter(({ type }) => !trivia.has(type));
    const valueAt = Math.max(0, ...announced.map(tokenEnd));
    const begin = value === undefined ? valueAt : startOf(value);
    const from = announced[0]?.offset ?? token?.offset ?? begin;
    return { key: undefined, value, from, to: value === undefined ? valueAt : endOf(value), valueAt };
  });
}

const tokenEnd = ({ offset, source }: CST.SourceToken): number => offset + source.length;

/** A value that is left out is a scalar without characters. */
function isThere(node: unknown): node is Node {
  if (node === null || node === undefined) return false;
  if (!isScalar(node)) return true;
  return (node.range?.[1] ?? 0) > (node.range?.[0] ?? 0);
}

/** Where an anchor is used, beside the place that it stands at. */
export function usesOf(document: Document, anchor: string): Alias[] {
  const uses: Alias[] = [];
  visit(document, {
    Alias(_key, node) {
      if (node.source === anchor) uses.push(node);
    },
  });
  return uses;
}

/** The nodes with an anchor in what stands here, itself included. */
export function anchored(node: Node | undefined): { anchor: string; node: Node }[] {
  const found: { anchor: string; node: Node }[] = [];
  if (node === undefined) return found;
  visit(node, {
    Node(_key, one) {
      if (!isAlias(one) && one.anchor !== undefined) found.push({ anchor: one.anchor, node: one as Node });
    },
  });
  return found;
}

/** How what is added inside this is to be written: as what is there already, or else as elsewhere in the file. */
export function styleAt(source: Source, inside: Collection | undefined): Style {
  const near = inside === undefined ? {} : indentsOf(source, inside);
  const { step = 2, listIndent = 2 } = { ...indentsOf(source, source.document), ...near };
  return { step, listIndent, quote: keyQuote(inside) };
}

function indentsOf(
  source: Source,
  within: Document | Collection,
): Partial<Pick<Style, 'step' | 'listIndent'>> {
  const found: Partial<Pick<Style, 'step' | 'listIndent'>> = {};
  visit(within, {
    Pair(_key, pair) {
      const value = pair.value;
      if ((!isMap(value) && !isSeq(value)) || isFlow(value) || value.items.length === 0) return;
      const outer = source.column(pairEntry(pair as Pair).from);
      const first = entriesOf(value as Collection)[0];
      if (first === undefined || !source.isFirst(first.from)) return;
      const indent = source.column(first.from) - outer;
      if (isSeq(value)) found.listIndent ??= indent;
      else found.step ??= Math.max(1, indent);
    },
  });
  return found;
}

/** The quotes of the keys, as JSON has them. */
function keyQuote(inside: Collection | undefined): Quote | undefined {
  const map = isSeq(inside) ? inside.items.find((item) => isMap(item)) : inside;
  const key = isMap(map) ? map.items[0]?.key : undefined;
  if (isScalar(key)) return quoteOf(key.type);
  const item = isSeq(inside) ? inside.items.find((one) => isScalar(one)) : undefined;
  return isScalar(item) ? quoteOf(item.type) : undefined;
}
