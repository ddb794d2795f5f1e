import { isDeepStrictEqual } from 'node:util';
import { isAlias, isMap, isNode, isScalar, isSeq, type Node } from 'yaml';
import { LatchkeyError } from '../../contract/errors.ts';
import { invalidConfiguration } from '../layer.ts';
import { syntaxFaults } from './faults.ts';
import { blockLines, isRecord, plainValue } from './render.ts';
import {
  anchored,
  endOf,
  entriesOf,
  readSource,
  startOf,
  styleAt,
  usesOf,
  type Collection,
  type Source,
  type Splice,
} from './source.ts';
import { insertEntry, removeEntry, replaceValue, type Place } from './splices.ts';

/** Far more than a configuration has values: who gets here does not come to an end. */
const mostSteps = 20_000;

/**
 * The text with another content: what has changed is written anew in its place, and every other byte stays as it is,
 * comments, line breaks, quotes and order included. Keys that are new go to the end of their map; lists are matched by
 * the `name` of their items, or by what is equal.
 * @param wanted the whole content as it is to be; a {@link Commented} in it gets its comment where it is written
 * @param label names the text in messages
 * @throws LatchkeyError `request-refused` with the line where that cannot be done in place, `config-invalid` where the
 *   text is no YAML
 */
export function editYaml(text: string, wanted: unknown, label: string): string {
  const plain = plainValue(wanted);
  let current = text;
  for (let steps = 0; steps < mostSteps; steps += 1) {
    const source = readSource(current);
    refuseBroken(source, label, current === text ? undefined : text);
    const splices = nextStep(source, wanted, label);
    if (splices.length === 0) return verified(source, plain, label);
    const next = spliced(current, splices);
    if (next === current) break;
    current = next;
  }
  throw refused(label, undefined, 'The change cannot be made in this file without writing it anew.');
}

/** The content of a text as plain values. @throws LatchkeyError `config-invalid` */
export function yamlValue(text: string, label: string): unknown {
  const source = readSource(text);
  refuseBroken(source, label, undefined);
  return rootValue(source);
}

/** An empty file is an empty map. */
function rootValue(source: Source): unknown {
  return source.js(contentOf(source)) ?? {};
}

function spliced(text: string, splices: Splice[]): string {
  // From the back, so that the places in front stay where they are; of two at one place the later one goes behind.
  const ordered = splices.map((splice, index) => ({ ...splice, index }));
  ordered.sort((left, right) => right.from - left.from || right.index - left.index);
  return ordered.reduce(
    (whole, { from, to, text: part }) => whole.slice(0, from) + part + whole.slice(to),
    text,
  );
}

/** @param before the text as it was, where this is the result of a change */
function refuseBroken(source: Source, label: string, before: string | undefined): void {
  const [fault] = syntaxFaults(source.text, { ...source, label });
  if (fault === undefined) return;
  if (before !== undefined)
    throw refused(label, undefined, 'The change cannot be made in this file without writing it anew.');
  throw invalidConfiguration(label, [fault], 'Correct the line named; nothing has been changed.');
}

function contentOf({ document }: Source): Node | undefined {
  return isNode(document.contents) ? document.contents : undefined;
}

/** Nothing comes out that says something else than what was wanted. */
function verified(source: Source, plain: unknown, label: string): string {
  if (isDeepStrictEqual(rootValue(source), plain)) return source.text;
  throw refused(label, undefined, 'The change cannot be made in this file without writing it anew.');
}

function nextStep(source: Source, wanted: unknown, label: string): Splice[] {
  const content = contentOf(source);
  if (content !== undefined && source.js(content) !== null)
    return difference({ source, label }, content, wanted, undefined);
  if (!isRecord(wanted) || Object.keys(wanted).length === 0) return [];
  const { text } = source;
  const eol = source.eolAt(text.length);
  const lines = blockLines(wanted, styleAt(source, undefined)).join(eol);
  const gap = text === '' || text.endsWith('\n') ? '' : eol;
  return [{ from: text.length, to: text.length, text: `${gap}${lines}${eol}` }];
}

interface Context {
  source: Source;
  label: string;
}

/** What makes one difference less between what stands here and what is wanted; nothing where they are equal. */
function difference(context: Context, node: Node, wanted: unknown, place: Place | undefined): Splice[] {
  const { source } = context;
  if (isDeepStrictEqual(source.js(node), plainValue(wanted))) return [];
  refuseShared(context, node);
  const isRoot = place === undefined;
  if (
    isMap(node) &&
    isRecord(wanted) &&
    (isRoot || (node.items.length > 0 && Object.keys(wanted).length > 0))
  )
    return mapDifference(context, node, wanted);
  if (isSeq(node) && Array.isArray(wanted) && node.items.length > 0 && wanted.length > 0)
    return listDifference(context, node, wanted as unknown[]);
  refuseAnchored(context, node);
  if (place !== undefined) return replaceValue(source, place, wanted);
  throw refused(context.label, source.line(startOf(node)), 'What is there is no group of keys.');
}

function valueDifference(context: Context, place: Place, wanted: unknown): Splice[] {
  const { value } = place.entry;
  if (value !== undefined) return difference(context, value, wanted, place);
  return plainValue(wanted) === null ? [] : replaceValue(context.source, place, wanted);
}

function mapDifference(context: Context, map: Collection, wanted: Record<string, unknown>): Splice[] {
  const { source } = context;
  const entries = entriesOf(map);
  const merge = entries.find(({ key }) => key === '<<');
  if (merge !== undefined)
    throw refused(context.label, source.line(merge.from), 'Keys are merged into this place with "<<".');
  for (const entry of entries) {
    const next = own(wanted, entry.key);
    if (next === undefined) continue;
    const splices = valueDifference(context, { inside: map, entry }, next);
    if (splices.length > 0) return splices;
  }
  for (const [key, value] of Object.entries(wanted)) {
    if (value === undefined || entries.some((entry) => entry.key === key)) continue;
    return insertEntry(source, map, entries.length, key, value);
  }
  const gone = entries.findIndex(({ key }) => own(wanted, key) === undefined);
  if (gone < 0) return [];
  refuseAnchored(context, entries[gone]?.value);
  return removeEntry(source, map, gone);
}

function own(map: Record<string, unknown>, key: string | undefined): unknown {
  return key !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}

function listDifference(context: Context, list: Collection, wanted: unknown[]): Splice[] {
  const { source } = context;
  const entries = entriesOf(list);
  const old = entries.map(({ value }) => source.js(value));
  const next = wanted.map(plainValue);
  const first = old.findIndex((value, index) => !isDeepStrictEqual(value, next[index]));
  const index = first < 0 ? old.length : first;
  const entry = entries[index];
  if (entry === undefined) return insertEntry(source, list, index, undefined, wanted[index]);
  const same = commonEnd(old.slice(index), next.slice(index));
  switch (nextOfList(old.slice(index, old.length - same), next.slice(index, next.length - same))) {
    case 'insert':
      return insertEntry(source, list, index, undefined, wanted[index]);
    case 'remove':
      refuseAnchored(context, entry.value);
      return removeEntry(source, list, index);
    case 'change':
      return valueDifference(context, { inside: list, entry }, wanted[index]);
  }
}

/** How many items at the end of both are the same. */
function commonEnd(old: unknown[], next: unknown[]): number {
  const most = Math.min(old.length, next.length);
  let same = 0;
  while (same < most && isDeepStrictEqual(old.at(-1 - same), next.at(-1 - same))) same += 1;
  return same;
}

/** What to do at the first item of two lists that differ there. */
function nextOfList(old: unknown[], next: unknown[]): 'insert' | 'remove' | 'change' {
  if (next.length === 0) return 'remove';
  if (old.length === 0) return 'insert';
  const [oldName, nextName] = [nameOf(old[0]), nameOf(next[0])];
  const isKept = next.some((one) => isSame(one, old[0]));
  const isMoved = old.some((one) => isSame(one, next[0]));
  if (oldName !== undefined && oldName === nextName) return 'change';
  if (isMoved && !isKept) return 'remove';
  if (isKept && !isMoved) return 'insert';
  if (isKept && isMoved) return 'remove';
  if (old.length > next.length && old.length > 1) return 'remove';
  return 'change';
}

function nameOf(value: unknown): unknown {
  return isRecord(value) ? value['name'] : undefined;
}

function isSame(left: unknown, right: unknown): boolean {
  const name = nameOf(left);
  return name === undefined ? isDeepStrictEqual(left, right) : name === nameOf(right);
}

/** What is written in one place and counts in others too is not changed from here. */
function refuseShared({ source, label }: Context, node: Node): void {
  const line = source.line(startOf(node));
  if (isAlias(node))
    throw refused(
      label,
      line,
      `The value there is the one of the anchor "${node.source}" (*${node.source}).`,
    );
  if (isScalar(node) || isMap(node) || isSeq(node)) refuseUsed({ source, label }, node.anchor, node, node);
}

function refuseAnchored(context: Context, node: Node | undefined): void {
  if (node === undefined) return;
  for (const { anchor, node: inner } of anchored(node)) refuseUsed(context, anchor, inner, node);
}

/** @param outer what is changed or taken away; uses inside it go with it */
function refuseUsed({ source, label }: Context, anchor: string | undefined, node: Node, outer: Node): void {
  const uses = anchor === undefined ? [] : usesOf(source.document, anchor);
  const use = uses.find((one) => startOf(one) < startOf(outer) || startOf(one) >= endOf(outer));
  if (use === undefined) return;
  const where = source.line(startOf(use));
  throw refused(
    label,
    source.line(startOf(node)),
    `What stands there has the anchor "&${anchor}", and line ${where} uses it too.`,
  );
}

function refused(label: string, line: number | undefined, why: string): LatchkeyError {
  const where = line === undefined ? label : `line ${line} of ${label}`;
  return new LatchkeyError('request-refused', `Nothing has been changed at ${where}: ${why}`, {
    remedy:
      line === undefined
        ? 'Make the change in an editor; "latchkey config check" looks at it.'
        : 'Make the change there in an editor, or write the value out in place of the anchor, and repeat it.',
  });
}
