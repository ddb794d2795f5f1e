import { readImports, type Graph } from './imports.ts';
import { rooms, roomOf } from './rooms.ts';

/** Room → rooms that its files import, in the order of the table. */
export function roomGraph(files: Graph = readImports().files): Graph {
  const graph: Graph = new Map(rooms.map(({ name }) => [name, new Set()]));
  for (const [file, targets] of files) {
    const from = roomOf(file);
    for (const target of targets) {
      const to = roomOf(target);
      if (from !== undefined && to !== undefined && from !== to) graph.get(from)?.add(to);
    }
  }
  return graph;
}

/** A line for each room whose imports are not those of the table, and for files without a room. */
export function differences(files: Graph, graph: Graph): string[] {
  const homeless = [...files.keys()].filter((file) => roomOf(file) === undefined);
  const lines = rooms.map(({ name, imports }) => {
    const found = graph.get(name) ?? new Set();
    const more = [...found].filter((other) => !imports.includes(other));
    const idle = imports.filter((other) => !found.has(other));
    const parts = [
      more.length > 0 && `imports ${more.join(' ')}`,
      idle.length > 0 && `does not use ${idle.join(' ')}`,
    ];
    return [name, parts.filter((part) => part !== false).join('; ')] as const;
  });
  return [
    ...homeless.map((file) => `${file} stands in no room`),
    ...lines.filter(([, text]) => text !== '').map(([name, text]) => `${name} ${text}`),
  ];
}

/** Without the arrows that follow from others: where a → b → c, a → c tells nothing new about who stands above whom. */
export function withoutShortcuts(graph: Graph): Graph {
  const reached = new Map<string, Set<string>>();
  const reach = (name: string): Set<string> => {
    const known = reached.get(name);
    if (known !== undefined) return known;
    const all = new Set([...(graph.get(name) ?? [])].flatMap((next) => [next, ...reach(next)]));
    reached.set(name, all);
    return all;
  };
  const direct = (targets: Set<string>): string[] =>
    [...targets].filter(
      (target) => ![...targets].some((other) => other !== target && reach(other).has(target)),
    );
  return new Map(Array.from(graph, ([name, targets]) => [name, new Set(direct(targets))]));
}
