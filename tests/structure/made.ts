import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { roomGraph, withoutShortcuts } from './graph.ts';
import { root } from './imports.ts';
import { withLayers } from './lint.ts';
import { withMap } from './map.ts';
import { picture } from './picture.ts';

export const stored = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Every file that comes from the table and the imports, as it has to be. */
export function made(): { path: string; text: string }[] {
  const lint = '.oxlintrc.json';
  const page = 'docs/ARCHITECTURE.md';
  return [
    { path: lint, text: withLayers(stored(lint)) },
    { path: page, text: withMap(stored(page)) },
    { path: 'docs/rooms.svg', text: picture(withoutShortcuts(roomGraph())) },
  ];
}
