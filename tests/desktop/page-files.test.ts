import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentSecurityPolicy } from '../../main/desktop/origin.ts';
import { answerPageRequest } from '../../main/desktop/page-files.ts';

let parent: string;
let folder: string;
const secret = 'outside the pages';

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'latchkey-pages-'));
  folder = join(parent, 'renderer');
  await mkdir(join(folder, 'assets'), { recursive: true });
  await mkdir(join(parent, 'renderer-other'));
  await writeFile(join(folder, 'index.html'), '<p>page</p>');
  await writeFile(join(folder, 'assets', 'index.js'), 'export {};');
  await writeFile(join(folder, 'assets', 'index.js.map'), '{}');
  await writeFile(join(parent, 'secret.html'), secret);
  await writeFile(join(parent, 'renderer-other', 'secret.html'), secret);
  await symlink(join(parent, 'secret.html'), join(folder, 'link.html'));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

const get = (url: string, method = 'GET') => answerPageRequest(new Request(url, { method }), folder);

describe('files of the pages', () => {
  test('are served with their type and the policy', async () => {
    const page = await get('latchkey://app/index.html?x#y');
    expect(page.status).toBe(200);
    expect(await page.text()).toBe('<p>page</p>');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toBe(contentSecurityPolicy);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect((await get('latchkey://app/assets/index.js')).headers.get('content-type')).toContain(
      'text/javascript',
    );
  });

  test.each([
    'latchkey://app/../secret.html',
    'latchkey://app/%2e%2e/secret.html',
    'latchkey://app/%2e%2e%2fsecret.html',
    'latchkey://app/..%2fsecret.html',
    'latchkey://app/assets/..%2f..%2fsecret.html',
    'latchkey://app/..%5csecret.html',
    'latchkey://app/%252e%252e/secret.html',
    'latchkey://app//etc/passwd',
    'latchkey://app/..%2frenderer-other%2fsecret.html',
    'latchkey://app/link.html',
    'latchkey://app/index.html%00.png',
    'latchkey://app/%',
    'latchkey://app/',
    'latchkey://app/assets',
    'latchkey://app/assets/index.js.map',
    'latchkey://app/missing.html',
  ])('404 for %s', async (url) => {
    const answer = await get(url);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toBe('');
  });

  test.each(['latchkey://other/index.html', 'latchkey://app:80/index.html', 'https://app/index.html'])(
    '403 for %s',
    async (url) => {
      expect((await get(url)).status).toBe(403);
    },
  );

  test('403 for anything but GET', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS']) {
      expect((await get('latchkey://app/index.html', method)).status).toBe(403);
    }
  });

  test('no path leads out of the folder', async () => {
    const step = fc.constantFrom(
      '..',
      '%2e%2e',
      '.',
      'assets',
      '%2f',
      '%5c',
      '\\',
      '/',
      'secret.html',
      'renderer',
      'x',
      '%00',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const answer = await get(`latchkey://app/${steps.join('/')}`);
        expect(await answer.text()).not.toContain(secret);
      }),
      { numRuns: 3_000 },
    );
  });
});
