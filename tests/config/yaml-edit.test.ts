import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, parseDocument } from 'yaml';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { editYaml, yamlValue } from '../../main/config/yaml/edit.ts';
import { Commented } from '../../main/config/yaml/render.ts';
import { documents } from './yaml-documents.ts';

type Step = string | number;
type Tree = Record<Step, unknown> | unknown[];

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

/** Every path of a value but the empty one. */
function pathsOf(value: unknown, path: Step[] = []): Step[][] {
  if (!isTree(value)) return [];
  const steps: Step[] = Array.isArray(value) ? value.map((_one, index) => index) : Object.keys(value);
  return steps.flatMap((step) => {
    const own = [...path, step];
    return [own, ...pathsOf((value as Record<Step, unknown>)[step], own)];
  });
}

function at(value: unknown, path: Step[]): unknown {
  return path.reduce<unknown>((one, step) => (one as Record<Step, unknown>)[step], value);
}

const newValue = fc.oneof(
  fc.constantFrom<unknown>(
    'fresh',
    'yes',
    '# x',
    'a: b',
    '',
    ' blank ',
    "it's",
    'line\nbreak',
    '\u2028',
    '-',
    42,
    true,
    null,
  ),
  fc.constant({ fresh: 'one', list: ['x', { deep: [1, 2] }] }),
  fc.constant(['x', 'y']),
  fc.constant([{ name: 'x', of: { a: 1 } }, { name: 'y' }]),
  fc.constant({}),
  fc.constant([]),
);

/** The one change of a document: which value, what becomes of it, and which lines it may touch. */
function changed(value: unknown, pick: number, how: number, fresh: unknown) {
  const wanted = structuredClone(value);
  const paths = pathsOf(value);
  const path = paths[pick % paths.length] ?? [];
  const parent = at(wanted, path.slice(0, -1)) as Tree;
  const step = path.at(-1) as Step;
  const place = parent as Record<Step, unknown>;
  const here = place[step];
  if (how === 0) {
    if (Array.isArray(parent)) parent.splice(step as number, 1);
    else delete place[step];
  } else if (how === 1 && Array.isArray(here)) here.push(fresh);
  else if (how === 1 && isTree(here)) (here as Record<Step, unknown>)['freshkey'] = fresh;
  else place[step] = fresh;
  // A parent that is emptied is written anew, and of two equal items of a list nobody can tell which one went.
  const isTwin = Array.isArray(parent) && parent.some((one) => isDeepStrictEqual(one, here));
  // Where the last of a list in brackets goes, so does the comma behind the one before.
  const isLast = Array.isArray(parent)
    ? step === parent.length
    : Object.keys(at(value, path.slice(0, -1)) as Tree).at(-1) === step;
  const isWhole = how === 0 && (Object.keys(parent).length === 0 || isTwin || isLast);
  return { wanted, path: isWhole ? path.slice(0, -1) : path };
}

/** Aliases are the same object twice; a change of one copy would change the other. */
const plainCopy = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('an edit of a YAML text', () => {
  it('says what was meant, and leaves every byte as it was outside of the lines of what has changed', () => {
    let refused = 0;
    let done = 0;
    fc.assert(
      fc.property(
        documents,
        fc.nat(),
        fc.nat(2),
        newValue,
        ({ text, lines, hasAliases }, pick, how, fresh) => {
          fc.pre(parseDocument(text).errors.length === 0);
          const value = plainCopy(yamlValue(text, 'x'));
          fc.pre(pathsOf(value).length > 1);
          const { wanted, path } = changed(value, pick, how, fresh);
          let result: string;
          try {
            result = editYaml(text, wanted, 'x');
          } catch (error) {
            // Only what is written once and counts twice is not changed in place.
            if (!hasAliases || !(error instanceof LatchkeyError) || error.code !== 'request-refused')
              throw error;
            expect(error.message).toMatch(/line \d+ of x: .*(anchor)/);
            refused += 1;
            return;
          }
          done += 1;
          expect(parse(result, { maxAliasCount: 100 }) ?? {}).toEqual(wanted);
          if (result === text) return;
          const range = lines.get(JSON.stringify(path)) ?? [0, text.split('\n').length];
          expectOnly(text, result, range);
        },
      ),
      { numRuns: 400 },
    );
    // The generator is not to wander off into documents that all are refused.
    expect(done).toBeGreaterThan(refused * 5);
  });

  it('writes nothing where nothing is to change', () => {
    fc.assert(
      fc.property(documents, ({ text }) => {
        fc.pre(parseDocument(text).errors.length === 0);
        expect(editYaml(text, yamlValue(text, 'x'), 'x')).toBe(text);
      }),
      { numRuns: 200 },
    );
  });
});

/** All that differs lies in these lines, in the line break in front of them, or in the indentation behind them. */
function expectOnly(text: string, result: string, [first, last]: [number, number]): void {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1), text.length + 1];
  const from = Math.max(0, (starts[first] ?? 0) - 2);
  const to = Math.min(text.length, starts[last + 1] ?? text.length);
  expect(result.slice(0, from)).toBe(text.slice(0, from));
  // Where the first key goes from behind a dash, the next one moves up there out of its indentation.
  const rest = text.slice(to).replace(/^ +/, '');
  expect(result.endsWith(rest)).toBe(true);
}

describe('what stays', () => {
  const file = [
    '# our databases',
    'connections:',
    '',
    '    # the first',
    "    - name: 'sales' # quoted",
    '      port: 15432',
    '      rules:',
    '      - {group: "g1", role: reader}   # readers',
    '      # the second rule',
    '      - {group: "g2", role: writer}',
    '      # under the rules',
    '',
    '    - name: shop   # the shop',
    '      port: 15433',
    '# the end',
    '',
  ].join('\r\n');
  type Sales = { name: string; rules: [object, { group: string }] };
  type Shop = { name: string; port: number };
  type Connections = [Sales, Shop, ...object[]];
  const edit = (change: (...connections: Connections) => object[]): string => {
    const { connections } = yamlValue(file, 'x') as { connections: Connections };
    return editYaml(file, { connections: change(...connections) }, 'x');
  };

  it('replaces one number', () => {
    const result = edit((sales, shop) => [sales, { ...shop, port: 15999 }]);
    expect(result).toBe(file.replace('15433', '15999'));
  });

  it('keeps the quotes of what it replaces', () => {
    const result = edit((sales, shop) => {
      const [first, second] = sales.rules;
      return [{ ...sales, name: "it's", rules: [first, { ...second, group: 'g3' }] }, shop];
    });
    expect(result).toBe(file.replace("'sales'", "'it''s'").replace('"g2"', '"g3"'));
  });

  it('adds a connection under the last one, in the indentation and with the line breaks of the file', () => {
    const result = edit((...connections) => [
      ...connections,
      {
        name: 'ledger',
        port: 11433,
        rules: [{ group: new Commented('g9', 'Book\nkeepers'), role: 'r' }],
      },
    ]);
    // With an empty line in front, as the others have it.
    const added = [
      '',
      '',
      '    - name: ledger',
      '      port: 11433',
      '      rules:',
      '      - group: g9 # Book keepers',
      '        role: r',
    ].join('\r\n');
    expect(result).toBe(file.replace('      port: 15433', `      port: 15433${added}`));
  });

  it('removes a connection with the lines of its own', () => {
    const result = edit((_sales, shop) => [shop]);
    expect(result).toBe(
      [
        '# our databases',
        'connections:',
        '',
        '    # the first',
        '',
        '    - name: shop   # the shop',
        '      port: 15433',
        '# the end',
        '',
      ].join('\r\n'),
    );
  });

  it('leaves an empty list where the last one goes, and begins a block where there was one', () => {
    const one = 'connections: # none\n  # of these\n  - name: a\n    port: 1\nend: 1';
    const empty = editYaml(one, { connections: [], end: 1 }, 'x');
    expect(empty).toBe('connections: [] # none\n  # of these\nend: 1');
    expect(editYaml(empty, { connections: [{ name: 'b', port: 2 }], end: 1 }, 'x')).toBe(
      'connections: # none\n  - name: b\n    port: 2\n  # of these\nend: 1',
    );
  });

  it('writes JSON into JSON', () => {
    const json = '{\n  "connections": [\n    {"name": "a"}\n  ],\n  "chain": ["x"]\n}\n';
    const result = editYaml(json, { connections: [{ name: 'a' }, { name: 'b' }], chain: ['x', 'y'] }, 'x');
    expect(JSON.parse(result)).toEqual({ connections: [{ name: 'a' }, { name: 'b' }], chain: ['x', 'y'] });
    expect(result).toBe(
      '{\n  "connections": [\n    {"name": "a"},\n    {"name": "b"}\n  ],\n  "chain": ["x", "y"]\n}\n',
    );
  });

  it('begins a file that is empty or has comments only', () => {
    expect(editYaml('', { chain: ['x'] }, 'x')).toBe('chain: [x]\n');
    expect(editYaml('# ours', { chain: ['x'] }, 'x')).toBe('# ours\nchain: [x]\n');
    expect(editYaml('{}\n', { chain: ['x'] }, 'x')).toBe('{chain: [x]}\n');
  });

  it('writes keys in place of a list whose last text goes to the end of its line', () => {
    const text = 'a:\n  list:\n    - |\n      text\n  next: true\n';
    expect(editYaml(text, { a: { list: { key: ['x'] }, next: true } }, 'x')).toBe(
      'a:\n  list:\n    key: [x]\n  next: true\n',
    );
  });
});

describe('what cannot be changed in place is refused with its line', () => {
  const shared = 'base: &tls\n  mode: verify\na:\n  tls: *tls\nb: {x: &used 1, y: *used}\n';
  it.each([
    ['the value of an alias', { a: { tls: { mode: 'off' } } }, /line 4 of x: .*"tls" \(\*tls\)/],
    [
      'what stands under an anchor that is used',
      { base: { mode: 'off' } },
      /line 2 of x: .*"&tls", and line 4/,
    ],
    ['a key under it', { base: { mode: 'verify', more: 1 } }, /line 2 of x/],
    ['an anchor that is used, taken away', { base: undefined }, /line 2 of x/],
    ['one in braces', { b: { x: 2, y: 1 } }, /line 5 of x: .*"&used"/],
  ])('%s', (_what, change, message) => {
    const draft = plainCopy(yamlValue(shared, 'x')) as Record<string, unknown>;
    expect(() => editYaml(shared, { ...draft, ...change }, 'x')).toThrow(message);
  });

  it('keys that are merged in', () => {
    const merged = '%YAML 1.1\n---\nbase: &b {mode: verify}\na:\n  <<: *b\n  port: 1\n';
    const draft = plainCopy(yamlValue(merged, 'x')) as { a: Record<string, unknown> };
    expect(() => editYaml(merged, { ...draft, a: { ...draft.a, mode: 'off' } }, 'x')).toThrow(
      /line 5 of x: .*<</,
    );
  });

  it('lets go of an anchor with all its uses, and of one that nobody uses', () => {
    expect(editYaml(shared, { base: { mode: 'verify' }, a: { tls: { mode: 'verify' } } }, 'x')).toBe(
      'base: &tls\n  mode: verify\na:\n  tls: *tls\n',
    );
    expect(editYaml('a: &alone 1\nb: 2\n', { a: 3, b: 2 }, 'x')).toBe('a: &alone 3\nb: 2\n');
  });
});
