import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildRenderer } from '../support/builds.ts';

/** In bytes of gzip: what a window has to read before it shows anything. */
const most = 110_000;

describe('the scripts of the window', () => {
  let folder: string;
  let html: string;
  const read = (path: string): string => readFileSync(join(folder, path), 'utf8');

  beforeAll(async () => {
    folder = await buildRenderer();
    html = read('index.html');
  }, 120_000);

  /** The scripts that the page names, and those that these import for good. */
  function loadedAtOnce(): string[] {
    const found = [...html.matchAll(/<script[^>]* src="\/([^"]+)"/g)].map(([, path = '']) => path);
    for (const path of found) {
      const imports = read(path).matchAll(/(?:\bfrom|\bimport)\s*"\.\/([^"]+\.js)"/g);
      for (const [, name = ''] of imports)
        if (!found.includes(`assets/${name}`)) found.push(`assets/${name}`);
    }
    return found;
  }

  test('what is loaded at once has at most 110 kB', () => {
    const scripts = loadedAtOnce();
    expect(scripts).not.toEqual([]);
    const sizes = scripts.map((path) => [path, gzipSync(read(path)).length] as const);
    const sum = sizes.reduce((all, [, size]) => all + size, 0);
    expect(sum, sizes.map(([path, size]) => `${path} ${size}`).join(', ')).toBeLessThan(most);
  });

  test('no schema library is among them', () => {
    const maps = loadedAtOnce().map((path) => read(`${path}.map`));
    expect(maps.join('\n')).not.toContain('node_modules/zod');
    expect(maps.join('\n')).toContain('node_modules/react-dom');
  });

  test('another language is a file of its own', () => {
    const [german, ...more] = globSync('assets/texts-*.js', { cwd: folder });
    expect(more).toEqual([]);
    expect(read(german ?? '')).toContain('Anmeldung');
    for (const path of loadedAtOnce()) expect(read(path), path).not.toContain('Anmeldung');
  });

  test('the pictures of the letters are Latin ones only, and files of our own', () => {
    const fonts = globSync('assets/*.woff2', { cwd: folder }).map((path) => path.replace(/^.*[\\/]/, ''));
    expect(fonts.map((name) => name.replace(/-[\w-]{8}\.woff2$/, '')).toSorted()).toEqual([
      'inter-latin-ext-wght-normal',
      'inter-latin-wght-normal',
    ]);
  });
});
