import { layOut, type Node } from './layout.ts';
import type { Graph } from './imports.ts';
import { inWindow, pathOf } from './rooms.ts';

const [boxHeight, rowHeight, margin] = [30, 74, 20];

const style = `
    svg { background: #fdfcf9; font: 13px ui-sans-serif, system-ui, sans-serif }
    rect { fill: #fff; stroke: #0c5c5d; stroke-width: 1.2 }
    .file rect { stroke-dasharray: 4 3 }
    .window rect { fill: #f9ecd2 }
    text { fill: #1d2426; text-anchor: middle }
    path { fill: none; stroke: #7b878a; stroke-width: 1.2 }
    marker path { fill: #7b878a; stroke: none }
    @media (prefers-color-scheme: dark) {
      svg { background: #15191b }
      rect { fill: #20272a; stroke: #58b0ae }
      .window rect { fill: #40361f }
      text { fill: #e9e6df }
      path { stroke: #829094 }
      marker path { fill: #829094 }
    }`;

/** The rooms as boxes in rows, the imports between them as arrows that lead down. */
export function picture(graph: Graph): string {
  const { rows, width } = layOut(graph, (name) => labelOf(name).length * 7.4 + 22);
  const nodes = rows.flat();
  const height = (rows.length - 1) * rowHeight + boxHeight + 2 * margin;
  const arrows = nodes
    .filter(({ name }) => name !== undefined)
    .flatMap((node) => node.below.map((next) => [node, ...wayTo(next)]));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(width) + 2 * margin} ${height}" role="img" aria-labelledby="title">
  <title id="title">The rooms of Latchkey in layers; an arrow leads from a room to one that it imports</title>
  <style>${style}
  </style>
  <defs>
    <marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
      <path d="M0 0.6 8 4 0 7.4z"/>
    </marker>
  </defs>
${arrows.map((way) => `  <path d="${curve(way)}" marker-end="url(#head)"/>`).join('\n')}
${nodes
  .map(box)
  .filter((text) => text !== '')
  .join('\n')}
</svg>
`;
}

/** Along the places where an arrow passes rows, to the box at its end. */
function wayTo(node: Node): Node[] {
  const [next] = node.below;
  return node.name !== undefined || next === undefined ? [node] : [node, ...wayTo(next)];
}

function curve(way: Node[]): string {
  const points = way.map(({ x, row, name }, index) => {
    const top = margin + row * rowHeight;
    const y = name === undefined ? top + boxHeight / 2 : index === 0 ? top + boxHeight : top;
    return [x + margin, y] as const;
  });
  return points
    .map(([x, y], index) => {
      const before = points[index - 1];
      if (before === undefined) return `M${x} ${y}`;
      const bend = (before[1] + y) / 2;
      return `C${before[0]} ${bend} ${x} ${bend} ${x} ${y}`;
    })
    .join('');
}

const labelOf = (name: string): string =>
  pathOf(name)
    .replace(/^main\//, '')
    .replace(/\/$/, '');

function box({ name, row, x, width }: Node): string {
  if (name === undefined) return '';
  const kind = inWindow.includes(name) ? 'window' : '';
  const classes = `${kind} ${name.endsWith('.ts') ? 'file' : ''}`.trim();
  const y = margin + row * rowHeight;
  const rect = `<rect x="${Math.round(x + margin - width / 2)}" y="${y}" width="${Math.round(width)}" height="${boxHeight}" rx="6"/>`;
  return `  <g${classes === '' ? '' : ` class="${classes}"`}>${rect}<text x="${x + margin}" y="${y + 19}">${labelOf(name)}</text></g>`;
}
