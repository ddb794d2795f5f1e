import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differences, roomGraph, withoutShortcuts } from './graph.ts';
import { circleIn, importsOf, readImports, root, type Graph } from './imports.ts';
import { ownersOf } from './lint.ts';
import { made, stored } from './made.ts';
import { inWindow, pathOf, roomOf, rooms } from './rooms.ts';

const { files, packages } = readImports();
const graph = roomGraph(files);
const graphOf = (edges: Record<string, string[]>): Graph =>
  new Map(Object.entries(edges).map(([from, targets]) => [from, new Set(targets)]));

describe('the table of rooms', () => {
  it('has a room for each file, and a file for each room', () => {
    expect([...files.keys()].filter((file) => roomOf(file) === undefined)).toEqual([]);
    const lived = new Set(Array.from(files.keys(), roomOf));
    expect(rooms.filter(({ name }) => !lived.has(name))).toEqual([]);
  });

  it('names each room once, and lets it import rooms that stand below it', () => {
    const names = rooms.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    const wrong = rooms.flatMap(({ name, imports }, index) =>
      imports.filter((other) => !names.slice(index + 1).includes(other)).map((other) => `${name}: ${other}`),
    );
    expect(wrong).toEqual([]);
  });

  it('names the tests of each room, and none is forgotten', () => {
    const exclude = (path: string): boolean => path.endsWith('node_modules');
    const testFiles = globSync('*/**/*.test.{ts,tsx}', { cwd: join(root, 'tests'), exclude });
    const folders = [...new Set(testFiles.map((path) => path.replaceAll('\\', '/').split('/')[0] ?? ''))];
    const named = new Set(rooms.flatMap(({ tests }) => tests));
    expect([...named].filter((folder) => !folders.includes(folder))).toEqual([]);
    // These hold the whole tree, and run with every change.
    const whole = ['structure', 'docs', 'matrix', 'verify'];
    expect(folders.filter((folder) => !named.has(folder) && !whole.includes(folder))).toEqual([]);
    expect(rooms.filter(({ tests }) => tests.length === 0)).toEqual([]);
  });
});

describe('imports', () => {
  it('are seen in each of their forms', () => {
    const source = [
      "import a, { type A } from './a.ts';",
      "import type { B } from './b.ts';",
      "import './c.ts';",
      "export type { D } from './d.ts';",
      "export * from './e.ts';",
      "const f = await import('./f.ts');",
      'const text = `import x from "./not.ts"`;',
    ];
    expect(importsOf('x.ts', source.join('\n')).toSorted()).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `./${name}.ts`),
    );
    expect(files.size).toBeGreaterThan(400);
  });

  it('are those that the table allows', () => {
    const allowed = new Map(rooms.map(({ name, imports }) => [name, imports]));
    const wrong = [...files].flatMap(([file, targets]) => {
      const from = roomOf(file) ?? '';
      return [...targets]
        .filter((target) => roomOf(target) !== from && !allowed.get(from)?.includes(roomOf(target) ?? ''))
        .map((target) => `${file} → ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('use all that the table allows', () => {
    expect(differences(files, graph)).toEqual([]);
    const [first, , third] = rooms.map(({ name }) => name);
    const alone = graphOf({ [pathOf(third ?? '')]: [pathOf(first ?? '')] });
    const told = differences(new Map([...alone, ['main/attic/x.ts', new Set()]]), roomGraph(alone));
    expect(told).toContain('main/attic/x.ts stands in no room');
    expect(told.find((line) => line.startsWith(`${third} `))).toContain(`imports ${first}`);
    expect(told.find((line) => line.startsWith(`${first} `))).toContain('does not use');
  });

  it('of packages are in the rooms that they are reserved for', () => {
    const wrong = [...packages].flatMap(([file, wanted]) => {
      const path = pathOf(roomOf(file) ?? '');
      return [...wanted]
        .filter((name) => {
          const owners = ownersOf(name);
          return name === 'node:'
            ? inWindow.map(pathOf).includes(path)
            : owners.length > 0 && !owners.includes(path);
        })
        .map((name) => `${file} → ${name}`);
    });
    expect(wrong).toEqual([]);
    const used = new Set(Array.from(packages.values(), (names) => [...names]).flat());
    expect(rooms.flatMap((room) => room.packages).filter((name) => !used.has(name))).toEqual([]);
  });

  it('make no circle between rooms', () => {
    expect(circleIn(graph)).toBeUndefined();
  });

  it('make no circle between files, types included', () => {
    expect(circleIn(files)).toBeUndefined();
  });

  it('would be found in a circle', () => {
    expect(circleIn(graphOf({ a: ['b', 'c'], b: ['d'], c: ['b'], d: [] }))).toBeUndefined();
    expect(circleIn(graphOf({ a: ['b'], b: ['c'], c: ['d', 'b'], d: [] }))).toBe('b → c → b');
    expect(circleIn(graphOf({ a: ['a'] }))).toBe('a → a');
  });
});

describe('what is made from the table and the imports', () => {
  it.each(made())('$path is up to date; else: npm run layers', ({ path, text }) => {
    expect(stored(path)).toBe(text);
  });

  it('draws no arrow that follows from others', () => {
    const drawn = withoutShortcuts(graphOf({ a: ['b', 'c', 'd'], b: ['c'], c: ['d'], d: [] }));
    expect(drawn).toEqual(graphOf({ a: ['b'], b: ['c'], c: ['d'], d: [] }));
  });
});

describe('the linter', () => {
  const sources = {
    'main/access/up.ts': ["import '../cli/x.ts';", "import type { B } from '../index.ts';"],
    'main/access/deep/up.ts': ["export * from '../../desktop/x.ts';", "import type { A } from 'electron';"],
    'main/access/window.ts': ["import '../../renderer/x.ts';", "import '@azure/msal-node/part';"],
    'main/access/good.ts': ["import '../contract/x.ts';", "import './config/x.ts';", "import 'node:fs';"],
    'main/preload.ts': ["import './store/x.ts';", "import './cli/x.ts';"],
    'main/demo/tenant/deep/up.ts': ["import '../../../store/x.ts';", "import 'electron/main';"],
    'renderer/screens/up.ts': ["import '../../main/store/x.ts';", "import 'node:fs';"],
    'renderer/screens/good.ts': [
      "import '../../main/contract/x.ts';",
      "import '../ui/x.ts';",
      "import 'react';",
    ],
  };
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-lint-'));
    const { overrides } = JSON.parse(stored('.oxlintrc.json'));
    await writeFile(
      join(folder, '.oxlintrc.json'),
      JSON.stringify({ categories: { correctness: 'off' }, overrides }),
    );
    for (const [path, lines] of Object.entries(sources)) {
      await mkdir(join(folder, dirname(path)), { recursive: true });
      await writeFile(join(folder, path), lines.join('\n'));
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('refuses what the table refuses, and nothing else', () => {
    const found = new Map(Object.keys(sources).map((path) => [path, 0]));
    for (const { filename } of diagnostics()) found.set(filename, (found.get(filename) ?? 0) + 1);
    const expected = Object.entries(sources).map(([path, lines]) => [
      path,
      path.includes('good') ? 0 : lines.length,
    ]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  });

  function diagnostics(): { filename: string }[] {
    const program = join(root, 'node_modules/oxlint/bin/oxlint');
    try {
      execFileSync(process.execPath, [program, '--format', 'json'], { cwd: folder, stdio: 'pipe' });
      return [];
    } catch (error) {
      return JSON.parse(String((error as { stdout: Uint8Array }).stdout)).diagnostics;
    }
  }
});
