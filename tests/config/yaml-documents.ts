import fc from 'fast-check';

/** A document as people write them, and where each value of it stands. */
export interface Written {
  text: string;
  /** Path, as JSON, to the first and the last line of its entry; comments above it are not among them. */
  lines: Map<string, [number, number]>;
  hasAliases: boolean;
}

type Step = string | number;
type Value =
  | { kind: 'scalar'; text: string }
  | { kind: 'literal'; lines: string[]; keep: boolean }
  | { kind: 'alias'; which: number }
  | { kind: 'anchored'; text: string }
  | { kind: 'flow'; value: Flow; lines: boolean }
  | { kind: 'map'; entries: Entry[] }
  | { kind: 'list'; items: Entry[]; outside: boolean };
type Flow = string | { list: Flow[] } | { map: [string, Flow][] };
interface Entry {
  key: string;
  value: Value;
  above: string[];
  behind: boolean;
  blank: boolean;
}

const word = fc.stringMatching(/^[a-z]{1,6}$/);
const scalarText = fc.oneof(
  word,
  fc.integer({ min: 0, max: 99_999 }).map(String),
  fc.constantFrom(
    'true',
    'no',
    "'single ''quoted'''",
    '"double \\"quoted\\" \\u00e9"',
    'two words',
    'a:b',
    'null',
  ),
  fc.constantFrom('https://login.example/x?y#z', "'# no comment'", '"{}"', 'ümläut', '~', '07:00-19:00'),
);
const comment = fc.constantFrom('# a remark', '#without blank', '# - looks: [like] yaml', '# ünïcode', '#');

const flow: fc.Arbitrary<Flow> = fc.letrec<{ flow: Flow }>((tie) => ({
  flow: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(word, fc.integer({ min: 0, max: 999 }).map(String), fc.constant("'q, q'")),
    fc.array(tie('flow'), { maxLength: 3 }).map((list) => ({ list })),
    fc
      .uniqueArray(fc.tuple(word, tie('flow')), { maxLength: 3, selector: ([key]) => key })
      .map((map) => ({ map })),
  ),
})).flow;

const { map: rootMap } = fc.letrec<{ value: Value; map: Value; entries: Entry[]; items: Entry[] }>((tie) => {
  const entry = (key: fc.Arbitrary<string>) =>
    fc.record({
      key,
      value: tie('value'),
      above: fc.array(comment, { maxLength: 2 }),
      behind: fc.boolean(),
      blank: fc.boolean(),
    });
  return {
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 6, arbitrary: scalarText.map((text): Value => ({ kind: 'scalar', text })) },
      {
        weight: 1,
        arbitrary: fc.record<Value & { kind: 'literal' }>({
          kind: fc.constant('literal'),
          lines: fc.array(fc.constantFrom('text', '# text', '- text', ''), { minLength: 1, maxLength: 3 }),
          keep: fc.boolean(),
        }) as fc.Arbitrary<Value>,
      },
      { weight: 1, arbitrary: word.map((text): Value => ({ kind: 'anchored', text })) },
      { weight: 1, arbitrary: fc.nat(3).map((which): Value => ({ kind: 'alias', which })) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(flow, fc.boolean())
          .map(([value, lines]): Value => ({ kind: 'flow', value, lines })),
      },
      { weight: 3, arbitrary: tie('map') },
      {
        weight: 3,
        arbitrary: fc
          .tuple(tie('items'), fc.boolean())
          .map(([items, outside]): Value => ({ kind: 'list', items, outside })),
      },
    ),
    map: tie('entries').map((entries): Value => ({ kind: 'map', entries })),
    entries: fc.uniqueArray(entry(word), { minLength: 1, maxLength: 4, selector: ({ key }) => key }),
    items: fc.array(entry(fc.constant('')), { minLength: 1, maxLength: 4 }),
  };
});

const layout = fc.record({
  eol: fc.constantFrom('\n', '\r\n'),
  step: fc.constantFrom(2, 3, 4),
  finalBreak: fc.boolean(),
  mark: fc.boolean(),
  start: fc.boolean(),
  keeps: fc.boolean(),
});

/** Documents with comments, both styles, anchors, both line breaks, odd indentation, and without a last line break. */
export const documents: fc.Arbitrary<Written> = fc
  .tuple(rootMap, layout)
  .map(([root, { eol, step, finalBreak, mark, start, keeps }]): Written => {
    const writer = createWriter(step, keeps);
    if (start) writer.add('---');
    writer.map((root as Extract<Value, { kind: 'map' }>).entries, 0, []);
    // A block scalar whose trailing lines count would get one more from the end of the file.
    const text = writer.out.join(eol) + (finalBreak ? eol : '');
    return { text: `${mark ? '\uFEFF' : ''}${text}`, lines: writer.lines, hasAliases: writer.hasAliases() };
  });

/** @param keeps block scalars keep their last line breaks ("|+"), and there are no empty lines, which would be part of one */
function createWriter(step: number, keeps: boolean) {
  const out: string[] = [];
  const lines = new Map<string, [number, number]>();
  const anchors: string[] = [];
  let aliases = 0;
  let comments = 0;
  let values = 0;

  const add = (line: string): void => void out.push(line);
  const pad = (indent: number): string => ' '.repeat(indent);
  const behind = ({ behind: has }: Entry): string => (has ? `  # behind ${(comments += 1)}` : '');

  function note(path: Step[], first: number): void {
    lines.set(JSON.stringify(path), [first, out.length - 1]);
  }

  function above(entry: Entry, indent: number): void {
    if (entry.blank && !keeps) add('');
    for (const one of entry.above) add(`${pad(indent)}${one}`);
  }

  function flowText(value: Flow, path: Step[], first: number): string {
    lines.set(JSON.stringify(path), [first, first]);
    if (typeof value === 'string') return value;
    if ('list' in value)
      return `[${value.list.map((one, index) => flowText(one, [...path, index], first)).join(', ')}]`;
    return `{${value.map.map(([key, one]) => `${key}: ${flowText(one, [...path, key], first)}`).join(', ')}}`;
  }

  /** A value behind what announces it. @param inner where its own lines begin */
  function value(head: string, entry: Entry, indent: number, inner: number, path: Step[]): void {
    const { value: one } = entry;
    const first = out.length;
    switch (one.kind) {
      case 'scalar':
        add(`${head} ${one.text}${behind(entry)}`);
        break;
      case 'anchored':
        anchors.push(`a${(values += 1)}`);
        add(`${head} &${anchors.at(-1)} ${one.text}${behind(entry)}`);
        break;
      case 'alias': {
        const anchor = anchors[one.which];
        if (anchor !== undefined) aliases += 1;
        add(`${head} ${anchor === undefined ? 'none' : `*${anchor}`}${behind(entry)}`);
        break;
      }
      case 'literal':
        // Always with text at its end, as the blank lines under it are a matter of their own.
        add(`${head} |${one.keep && keeps ? '+' : ''}`);
        for (const line of [...one.lines, 'end']) add(line === '' ? '' : `${pad(inner + 1)}${line}`);
        break;
      case 'flow':
        flowLines(head, one, entry, inner, path);
        break;
      case 'map':
        add(`${head}${behind(entry)}`);
        map(one.entries, indent + step, path);
        break;
      case 'list':
        add(`${head}${behind(entry)}`);
        list(one.items, one.outside && head.endsWith(':') ? indent : indent + step, path);
        break;
    }
    note(path, first);
  }

  function flowLines(
    head: string,
    one: Extract<Value, { kind: 'flow' }>,
    entry: Entry,
    inner: number,
    path: Step[],
  ): void {
    const first = out.length;
    if (!one.lines || typeof one.value === 'string' || !('list' in one.value)) {
      add(`${head} ${flowText(one.value, path, first)}${behind(entry)}`);
      return;
    }
    const { list: items } = one.value;
    add(`${head} [`);
    for (const [index, item] of items.entries()) {
      const comma = index < items.length - 1 ? ',' : '';
      add(`${pad(inner + 1)}${flowText(item, [...path, index], out.length)}${comma}${behind(entry)}`);
    }
    add(`${pad(inner + 1)}]${behind(entry)}`);
  }

  function map(entries: Entry[], indent: number, path: Step[]): void {
    for (const entry of entries) {
      above(entry, indent);
      value(`${pad(indent)}${entry.key}:`, entry, indent, indent, [...path, entry.key]);
    }
  }

  function list(items: Entry[], indent: number, path: Step[]): void {
    for (const [index, entry] of items.entries()) {
      above(entry, indent);
      const own = [...path, index];
      const { value: one } = entry;
      if (one.kind === 'map' && !entry.behind) compact(one.entries, indent, own);
      else value(`${pad(indent)}-`, entry, indent, indent, own);
    }
  }

  /** The first key of a map behind the dash. */
  function compact([first, ...rest]: Entry[], indent: number, path: Step[]): void {
    const start = out.length;
    if (first !== undefined)
      value(`${pad(indent)}- ${first.key}:`, first, indent + 2, indent + 2, [...path, first.key]);
    map(rest, indent + 2, path);
    note(path, start);
  }

  return { out, lines, add, map, hasAliases: () => aliases > 0 };
}
