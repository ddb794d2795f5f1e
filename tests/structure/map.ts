import { pathOf, rooms } from './rooms.ts';

const [start, end] = ['<!-- rooms: made by npm run layers -->', '<!-- end of rooms -->'] as const;

/** The page with the table of rooms between its two marks. */
export function withMap(page: string): string {
  const [before, rest] = page.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`The page has no "${start}" … "${end}".`);
  return `${before}${start}\n${map()}\n${end}${after}`;
}

function map(): string {
  const code = (names: string[], folder = ''): string => names.map((name) => `${folder}${name}`).join(', ');
  return [
    '| room | what it is for | may import | a change runs, in tests/ |',
    '|---|---|---|---|',
    ...rooms.map(({ name, about, imports, tests }) =>
      ['', `\`${pathOf(name)}\``, about, code(imports) || '–', code(tests), ''].join(' | ').trim(),
    ),
  ].join('\n');
}
