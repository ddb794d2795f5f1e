import type { Graph } from './imports.ts';

/** A box, or a place where an arrow passes a row: then `name` is undefined. */
export interface Node {
  name: string | undefined;
  row: number;
  width: number;
  /** The middle. */
  x: number;
  above: Node[];
  below: Node[];
}

export interface Layout {
  rows: Node[][];
  width: number;
}

const gap = 14;

/**
 * Places a graph without circles in rows, so that arrows lead down only: rows by the longest way, each row in the order
 * that crosses fewest arrows, each box near the middle of its neighbours (Sugiyama's method). The same graph always
 * gives the same picture.
 */
export function layOut(graph: Graph, widthOf: (name: string) => number): Layout {
  const rows = nodesOf(graph, widthOf);
  order(rows);
  place(rows);
  const nodes = rows.flat();
  const left = Math.min(...nodes.map(({ x, width }) => x - width / 2));
  for (const node of nodes) node.x = Math.round(node.x - left);
  return { rows, width: Math.max(...nodes.map(({ x, width }) => x + width / 2)) };
}

/** Row 0 is at the top, with what nothing imports; each other box stands right below the lowest that imports it. */
function rowsOf(graph: Graph): Map<string, number> {
  const importers = new Map<string, string[]>();
  for (const [from, targets] of graph)
    for (const to of targets) importers.set(to, [...(importers.get(to) ?? []), from]);
  const rows = new Map<string, number>();
  const rowOf = (name: string): number => {
    const known = rows.get(name);
    if (known !== undefined) return known;
    const row = Math.max(-1, ...(importers.get(name) ?? []).map(rowOf)) + 1;
    rows.set(name, row);
    return row;
  };
  for (const name of graph.keys()) rowOf(name);
  return rows;
}

function nodesOf(graph: Graph, widthOf: (name: string) => number): Node[][] {
  const rowNumbers = rowsOf(graph);
  const rows: Node[][] = Array.from({ length: Math.max(...rowNumbers.values()) + 1 }, () => []);
  const add = (name: string | undefined, row: number, width: number): Node => {
    const node: Node = { name, row, width, x: 0, above: [], below: [] };
    rows[row]?.push(node);
    return node;
  };
  const boxes = new Map(Array.from(rowNumbers, ([name, row]) => [name, add(name, row, widthOf(name))]));
  for (const [from, targets] of graph) {
    for (const to of targets) {
      const [start, end] = [boxes.get(from), boxes.get(to)];
      if (start === undefined || end === undefined) continue;
      let last = start;
      for (let row = start.row + 1; row < end.row; row += 1) last = join(last, add(undefined, row, 4));
      join(last, end);
    }
  }
  return rows;
}

function join(upper: Node, lower: Node): Node {
  upper.below.push(lower);
  lower.above.push(upper);
  return lower;
}

function order(rows: Node[][]): void {
  let best = rows.map((row) => [...row]);
  let fewest = crossings(rows);
  for (let round = 0; round < 24; round += 1) {
    const down = round % 2 === 0;
    for (const row of down ? rows : rows.toReversed()) sortBy(row, down ? 'above' : 'below', rows);
    const count = crossings(rows);
    if (count >= fewest) continue;
    fewest = count;
    best = rows.map((row) => [...row]);
  }
  for (const [index, row] of best.entries()) rows[index] = row;
}

function sortBy(row: Node[], side: 'above' | 'below', rows: Node[][]): void {
  const index = (node: Node): number => (rows[node.row] ?? []).indexOf(node);
  const wish = new Map(row.map((node) => [node, middle(node[side].map(index)) ?? index(node)]));
  row.sort((left, right) => (wish.get(left) ?? 0) - (wish.get(right) ?? 0));
}

function middle(values: number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function crossings(rows: Node[][]): number {
  let count = 0;
  for (const [index, row] of rows.entries()) {
    const next = rows[index + 1] ?? [];
    const ends = row.map(({ below }) => below.map((node) => next.indexOf(node)));
    for (const [place, left] of ends.entries())
      for (const right of ends.slice(place + 1))
        count += left.flatMap((end) => right.filter((other) => other < end)).length;
  }
  return count;
}

function place(rows: Node[][]): void {
  for (const row of rows)
    spread(
      row,
      row.map(() => 0),
    );
  for (let round = 0; round < 40; round += 1) {
    for (const row of round % 2 === 0 ? rows : rows.toReversed()) {
      const wishes = row.map((node) => middle([...node.above, ...node.below].map(({ x }) => x)) ?? node.x);
      spread(row, wishes);
    }
  }
}

/** Places a row as near to the wishes as its order and the widths allow: halfway between pushing right and pushing left. */
function spread(row: Node[], wishes: number[]): void {
  const need = (left: Node, right: Node): number => (left.width + right.width) / 2 + gap;
  const right = [...wishes];
  for (const [index, node] of row.entries()) {
    const before = row[index - 1];
    if (before !== undefined)
      right[index] = Math.max(right[index] ?? 0, (right[index - 1] ?? 0) + need(before, node));
  }
  const left = [...wishes];
  for (const [index, node] of [...row.entries()].toReversed()) {
    const after = row[index + 1];
    if (after !== undefined)
      left[index] = Math.min(left[index] ?? 0, (left[index + 1] ?? 0) - need(node, after));
  }
  for (const [index, node] of row.entries()) node.x = ((right[index] ?? 0) + (left[index] ?? 0)) / 2;
}
