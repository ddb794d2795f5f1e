import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PageName } from '../../main/contract/bridge.ts';
import type { AppState } from '../../main/contract/state.ts';
import { buildRenderer } from '../support/builds.ts';
import { describeWith, parts } from '../support/parts.ts';
import { type RendererHarness, startRenderer } from './browser.ts';
import { toolWaits } from './prompt-states.ts';
import { busy, signedIn, signedOut } from './states.ts';

/** In bytes of gzip: the scripts that a window reads until its first screen can be used, those that it reads late for it included. */
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

  test('no schema library is among them', () => {
    const maps = loadedAtOnce()
      .filter((path) => existsSync(join(folder, `${path}.map`)))
      .map((path) => read(`${path}.map`));
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

/** What a person meets first: nothing of it may move into a part that is read late to get under the bound. */
const firsts: [what: string, state: AppState, page?: PageName][] = [
  ['the sign-in', signedOut],
  ['the connections of whoever is signed in', signedIn],
  ['the connections with their live sessions', busy],
  ['the small window that asks', toolWaits, 'prompts'],
  ['the small window beside the tray', busy, 'flyout'],
];

describeWith([parts.pageEngine], 'a window that can be used has read at most 110 kB of scripts', () => {
  let harness: RendererHarness;
  let folder: string;
  beforeAll(async () => {
    folder = await buildRenderer();
    harness = await startRenderer();
  }, 120_000);
  afterAll(() => harness.close());

  test.each(firsts)('%s', async (_what, state, name = 'main') => {
    const { page, scripts } = await harness.show(state, {}, {}, name);
    await page.getByText('Loading…').waitFor({ state: 'detached' });
    expect([...scripts].join(' ')).toContain('/assets/index-');
    const sizes = [...scripts].map(
      (path) => [path, gzipSync(readFileSync(join(folder, path))).length] as const,
    );
    const sum = sizes.reduce((all, [, size]) => all + size, 0);
    expect(sum, sizes.map(([path, size]) => `${path} ${size}`).join(', ')).toBeLessThan(most);
    expect(sum).toBeGreaterThan(50_000);
    await page.context().close();
  });
});
