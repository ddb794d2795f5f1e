import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { isFunctionLikeDeclaration, type Node, type SourceFile } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from './imports.ts';

/**
 * A function of more than 120 lines, or a file of more than 300, needs a reason: `@long <reason>` in the comment at the
 * head of the file, or in the comment of the function. A factory counts with all that is inside it, as whoever reads one
 * of its functions has to know the variables that they share.
 */
const longest = { function: 120, file: 300 };

/** Still to be split, by name: `file` or `file function`. The list may only become shorter. */
const exceptions: string[] = [];

let folder: string;
let api: API;
let sources: SourceFile[];
let sampled: SourceFile[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lk-sizes-'));
  const project = join(folder, 'tsconfig.json');
  // The shape of the sources is all that is looked at: neither types nor imports are resolved.
  const compilerOptions = { noResolve: true, noLib: true, types: [], jsx: 'preserve', noEmit: true };
  writeFileSync(
    project,
    JSON.stringify({ compilerOptions, include: ['.', join(root, 'main'), join(root, 'renderer')] }),
  );
  const filling = '  // so it goes on\n'.repeat(longest.function);
  writeFileSync(
    join(folder, 'long.ts'),
    `export function createLong() {\n  return () => {\n  };\n${filling}}\n/** @long a table */\nfunction table() {\n${filling}}\n`,
  );
  api = new API({ cwd: root });
  const [{ program } = { program: undefined }] = api
    .updateSnapshot({ openProjects: [project] })
    .getProjects();
  const all = (program?.getSourceFileNames() ?? []).flatMap((name) => program?.getSourceFile(name) ?? []);
  sources = all.filter(({ fileName }) => !relative(root, fileName).startsWith('..'));
  sampled = all.filter((source) => !sources.includes(source));
}, 60_000);

afterAll(() => {
  api.close();
  rmSync(folder, { recursive: true });
});

it('functions have 120 lines and files 300, or say why they have more', () => {
  expect(sources.length).toBeGreaterThan(300);
  const found = sources.flatMap((source) => [...longFile(source), ...longFunctions(source)]);
  expect(found.toSorted()).toEqual(exceptions.toSorted());
});

it('sees a factory that is long by what is inside it, and takes a reason', () => {
  const source = sampled.find(({ fileName }) => fileName.endsWith('/long.ts'));
  expect(source && longFunctions(source).map((name) => name.split(' ')[1])).toEqual(['createLong']);
});

function longFile(source: SourceFile): string[] {
  const [first] = source.statements;
  const head = source.text.slice(0, first?.getStart(source));
  return lines(source.text) > longest.file && !reasonIn(head) ? [nameOf(source)] : [];
}

function longFunctions(source: SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: Node): void => {
    if (isFunctionLikeDeclaration(node) && 'body' in node && node.body !== undefined) {
      const start = node.getStart(source);
      if (lines(source.text.slice(start, node.end)) > longest.function && !reasonIn(commentOf(node, source)))
        found.push(`${nameOf(source)} ${calledIn(source.text.slice(start, start + 200))}`);
    }
    node.forEachChild(visit);
  };
  visit(source);
  return found;
}

/** The comment in front of the statement or member that the function is, or is the value of. */
function commentOf(node: Node, source: SourceFile): string {
  const start = node.getStart(source);
  const text = source.text.slice(0, start).replace(/[^\n]*$/, '');
  return /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.exec(text)?.[0] ?? '';
}

const calledIn = (text: string): string =>
  /^(?:export\s+)?(?:async\s+)?(?:function\s+)?(\w+)/.exec(text)?.[1] ?? '(no name)';

function reasonIn(comment: string): boolean {
  return /@long\s+\w/.test(comment);
}

function lines(text: string): number {
  return text.replace(/\n$/, '').split('\n').length;
}

function nameOf({ fileName }: SourceFile): string {
  return relative(root, fileName).replaceAll('\\', '/');
}
