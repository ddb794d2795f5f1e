import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'vite';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What imports what: name → names, both as in the tree. */
export type Graph = Map<string, Set<string>>;

export interface Imports {
  /** File → files of this tree that it imports. Types count: whoever needs a type knows the file that has it. */
  files: Graph;
  /** File → packages, and `node:` for Node's own. */
  packages: Graph;
}

/** The imports of main/ and renderer/, static, dynamic and re-exports, read from the sources. */
export function readImports(): Imports {
  const sources = globSync('{main,renderer}/**/*.{ts,tsx}', { cwd: root });
  const found: Imports = { files: new Map(), packages: new Map() };
  for (const source of sources.map(withSlashes).toSorted()) {
    const wanted = importsOf(source, readFileSync(join(root, source), 'utf8'));
    const relative = wanted.filter((target) => target.startsWith('.'));
    found.files.set(
      source,
      new Set(relative.map((target) => posix.join(posix.dirname(source), target)).filter(isSource)),
    );
    found.packages.set(
      source,
      new Set(wanted.filter((target) => !target.startsWith('.')).map((target) => packageOf(target))),
    );
  }
  return found;
}

const withSlashes = (path: string): string => path.replaceAll('\\', '/');
const isSource = (path: string): boolean => /^(main|renderer)\/.*\.tsx?$/.test(path);

/** What a source imports, as it is written there: static, dynamic, types and re-exports. */
export function importsOf(path: string, text: string): string[] {
  const { module, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  return [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) => entries.map((entry) => entry.moduleRequest?.value)),
    // The brackets of `import(…)` hold an expression; one that is no plain text names no file of ours.
    ...module.dynamicImports.map(({ moduleRequest: { start, end } }) => quoted(text.slice(start, end))),
  ].filter((target) => target !== undefined);
}

const quoted = (expression: string): string | undefined => /^(['"])(.*)\1$/.exec(expression)?.[2];

/** `@scope/name` of `@scope/name/part`, and `node:` of all that Node brings. */
function packageOf(target: string): string {
  if (target.startsWith('node:')) return 'node:';
  return target.split('/', target.startsWith('@') ? 2 : 1).join('/');
}

/** The first circle that a walk meets, as `a → b → a`, or undefined. */
export function circleIn(graph: Graph): string | undefined {
  const done = new Set<string>();
  const path: string[] = [];

  function walk(name: string): string | undefined {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name].join(' → ');
    if (done.has(name)) return undefined;
    path.push(name);
    for (const next of graph.get(name) ?? []) {
      const circle = walk(next);
      if (circle !== undefined) return circle;
    }
    path.pop();
    done.add(name);
    return undefined;
  }

  for (const name of graph.keys()) {
    const circle = walk(name);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
