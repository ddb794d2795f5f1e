import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './imports.ts';

/**
 * The window's scales of type, space, colour, corners and elevation stand in renderer/theme.css. All other stylesheets use
 * them by name. What belongs to the shape of one drawing (a width, a place) is no part of a scale.
 */
interface Rule {
  what: string;
  property: RegExp;
  /** A value that needs no scale. */
  free: RegExp;
}

const calc = String.raw`calc\(var\(--space-\d+\) \* -1\)`;
const rules: Rule[] = [
  {
    what: 'colours have names',
    property: /^(?:.*color|background|border(?:-\w+)?|fill|stroke|box-shadow|outline)$/,
    free: /^(?!.*(?:#[\da-f]{3,8}\b|\brgba?\(|\bhsla?\(|\boklch\()).*$/i,
  },
  {
    what: 'sizes of type are on the scale, or relative to the words around',
    property: /^font-size$/,
    free: /^(?:var\(--type-[\w-]+\)|inherit|[\d.]+em)$/,
  },
  {
    what: 'weights are on the scale',
    property: /^font-weight$/,
    free: /^(?:var\(--(?:medium|strong)\)|400)$/,
  },
  {
    what: 'space is on the scale',
    property: /^(?:padding|margin)(?:-\w+)?$|^(?:row-|column-)?gap$/,
    free: new RegExp(String.raw`^(?:(?:var\(--space-\d+\)|${calc}|0|auto|-?1px|-?[\d.]+em)(?: |$))+$`),
  },
  {
    what: 'corners are on the scale, or round',
    property: /^border-radius$/,
    free: /^(?:var\(--radius(?:-\w+)?\)|0|50%|999px|[12]px)$/,
  },
  {
    what: 'elevation is on the scale',
    property: /^box-shadow$/,
    free: /^(?:var\(--shadow(?:-high)?\)|none|inset .*)$/,
  },
];

/** Room beside a drawing that stands in a field; white for cameras. */
const exceptions = [
  'renderer/screens/connection-search.module.css: padding: var(--space-3) var(--space-4) var(--space-3) 2.125rem',
  'renderer/ui/field.module.css: padding-right: 2.25rem',
  'renderer/ui/qr.module.css: background: #fff',
];

const sheets = globSync('renderer/**/*.module.css', { cwd: root }).map((path) => ({
  name: path.replaceAll('\\', '/'),
  text: readFileSync(join(root, path), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, ''),
}));

/** What stands in a stylesheet beside the scales: "file: property: value". */
function beside({ name, text }: { name: string; text: string }): string[] {
  return [...text.matchAll(/([\w-]+):\s*([^;{}]+);/g)].flatMap(([, property = '', value = '']) =>
    rules.some((rule) => rule.property.test(property) && !rule.free.test(value.trim()))
      ? [`${name}: ${property}: ${value.trim()}`]
      : [],
  );
}

it('stylesheets take type, space, colour, corners and elevation from the scales', () => {
  expect(sheets.length).toBeGreaterThan(30);
  expect(sheets.flatMap(beside).toSorted()).toEqual(exceptions);
});

it('a value of one’s own is found', () => {
  const text =
    '.a { color: #123456; font-size: 0.9rem; font-weight: 500; padding: 3px 1rem; border-radius: 7px; box-shadow: 0 1px 2px red; gap: var(--space-2); }';
  expect(beside({ name: 'a', text })).toHaveLength(6);
});

it('the edge and the shadow of a panel stand in one place', () => {
  const withBoth = sheets.filter(({ text }) =>
    [...text.matchAll(/\{([^{}]*)\}/g)].some(
      ([, body = '']) =>
        body.includes('border: 1px solid var(--line);') && body.includes('box-shadow: var(--shadow);'),
    ),
  );
  // `panel` of renderer/theme.css, which they compose.
  expect(withBoth).toEqual([]);
  expect(sheets.filter(({ text }) => text.includes('composes: panel from global;')).length).toBeGreaterThan(
    8,
  );
});
