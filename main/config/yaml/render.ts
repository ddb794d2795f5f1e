import { parseDocument, Scalar } from 'yaml';
import { isJsonObject } from '../../contract/json.ts';

/** A value with the comment that stands behind it where it is written anew. */
export class Commented {
  readonly value: string | number | boolean;
  readonly comment: string;

  constructor(value: string | number | boolean, comment: string) {
    this.value = value;
    this.comment = comment;
  }
}

/** How a file writes things, so that what is added looks like the rest. */
export interface Style {
  /** Columns by which the content of a map is indented. */
  step: number;
  /** Columns by which a list stands behind the key that it belongs to. */
  listIndent: number;
  /** How strings and keys are quoted beside it; undefined where they stand plain. */
  quote: Quote | undefined;
}
export type Quote = '"' | "'";

/** As long as this a list or map of plain values stands on one line. */
const longestInline = 60;

/** The value without comments, and without keys that have no value. */
export function plainValue(value: unknown): unknown {
  if (value instanceof Commented) return value.value;
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]) => (one === undefined ? [] : [[key, plainValue(one)]])),
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return isJsonObject(value) && !(value instanceof Commented);
}

/** For switches of map, list and single value: its entries, or undefined for a single value. */
function contents(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value;
  return isRecord(value) ? Object.values(value) : undefined;
}

/** A single value, in the quotes of the one that it replaces. */
export function scalarText(value: unknown, quote: Quote | undefined): string {
  if (typeof value !== 'string') return JSON.stringify(value ?? null);
  if (quote === "'" && /^[^\p{C}\p{Zl}\p{Zp}]*$/u.test(value)) return `'${value.replaceAll("'", "''")}'`;
  if (quote === undefined && isPlain(value)) return value;
  return JSON.stringify(value).replaceAll(
    /[\u007F-\u009F\u2028\u2029\uFEFF]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function quoteOf(type: string | null | undefined): Quote | undefined {
  if (type === Scalar.QUOTE_DOUBLE) return '"';
  return type === Scalar.QUOTE_SINGLE ? "'" : undefined;
}

/** Whether it may stand without quotes anywhere; also for readers of YAML 1.1, to which "no" and "on" are no texts. */
function isPlain(text: string): boolean {
  if (!/^[\p{L}\p{N}_./](?:[\p{L}\p{N}_./@+:=~$%()*; -]*[\p{L}\p{N}_./@+=~$%()*-])?$/u.test(text))
    return false;
  return (['1.1', '1.2'] as const).every((version) => {
    const document = parseDocument(`[${text}]`, { version, logLevel: 'silent' });
    if (document.errors.length > 0) return false;
    const read: unknown = document.toJS();
    return Array.isArray(read) && read.length === 1 && read[0] === text;
  });
}

/** On one line, with brackets and braces. */
export function flowText(value: unknown, quote: Quote | undefined): string {
  if (value instanceof Commented) return scalarText(value.value, quote);
  if (Array.isArray(value)) return `[${value.map((one) => flowText(one, quote)).join(', ')}]`;
  if (!isRecord(value)) return scalarText(value, quote);
  const pairs = Object.entries(value).filter(([, one]) => one !== undefined);
  return `{${pairs.map(([key, one]) => `${scalarText(key, quote)}: ${flowText(one, quote)}`).join(', ')}}`;
}

/** The value where it goes on the line of its key; undefined where it takes lines of its own. */
export function inlineText(value: unknown, { quote }: Pick<Style, 'quote'>): string | undefined {
  const inside = contents(plainValue(value));
  if (inside === undefined || inside.length === 0) return flowText(value, quote);
  const isSimple = contents(value)?.every(
    (one) => !(one instanceof Commented) && contents(one) === undefined,
  );
  const text = flowText(value, quote);
  return isSimple === true && text.length <= longestInline ? text : undefined;
}

/** Lines of a map or list without its indentation. */
export function blockLines(value: unknown, style: Style): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => itemLines(one, style));
  return Object.entries(value as object).flatMap(([key, one]) =>
    one === undefined ? [] : pairLines(key, one, style),
  );
}

export function pairLines(key: string, value: unknown, style: Style): string[] {
  const name = `${scalarText(key, style.quote)}:`;
  const inline = inlineText(value, style);
  if (inline !== undefined) return [`${name} ${inline}${commentText(value)}`];
  const indent = ' '.repeat(Array.isArray(value) ? style.listIndent : style.step);
  return [name, ...blockLines(value, style).map((line) => `${indent}${line}`)];
}

export function itemLines(value: unknown, style: Style): string[] {
  const isFilled = (contents(plainValue(value)) ?? []).length > 0;
  if (!isFilled) return [`- ${flowText(value, style.quote)}${commentText(value)}`];
  return blockLines(value, style).map((line, index) => `${index === 0 ? '- ' : '  '}${line}`);
}

/** Behind the value, on the same line: names of a directory may hold what would end the line or turn its direction. */
export function commentText(value: unknown): string {
  if (!(value instanceof Commented)) return '';
  const text = value.comment.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return text === '' ? '' : ` # ${text}`;
}
