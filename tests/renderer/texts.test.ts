import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseSync } from 'vite';
import type { Preferences } from '../../main/contract/shapes.ts';
import { de } from '../../renderer/texts/de/texts.ts';
import { keepScreenshot } from '../support/pages.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import { english } from './only-english.ts';
import * as states from './states.ts';
import { goTo } from './walk.ts';

const root = join(import.meta.dirname, '../..');
const german = de as unknown as typeof english;

/** Attributes that a person reads or hears. */
const spoken =
  /^(?:label|title|placeholder|alt|hint|summary|legend|submit|confirm|what|more|left|over|soon|copied|aria-label|aria-description|aria-valuetext)$/;

/** Not words: what is the same in every language. */
const names =
  /^(?:Latchkey|AADSTS|sha256:…?|https:\/\/\S+|session\.onLock|hold|latchkey [a-z ]+|[\w.-]+@[\w.-]+|[0-9-]+|contoso\.com|host-2|English|Deutsch)$/;

interface Node {
  type: string;
  [key: string]: unknown;
}

/** What a screen says in words of its own instead of those of renderer/texts: "file: words". */
function literals(file: string, text: string): string[] {
  const found: string[] = [];
  const tell = (words: string): void => {
    const said = words.replaceAll(/\s+/g, ' ').trim();
    if (/\p{L}{2}/u.test(said) && !names.test(said)) found.push(`${file}: ${said}`);
  };
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const each of node) visit(each);
    if (node === null || typeof node !== 'object' || !('type' in node)) return;
    const { type, ...rest } = node as Node;
    if (type === 'JSXText') tell(String(rest['value']));
    if (type === 'JSXExpressionContainer') {
      const { expression } = rest as { expression?: Node };
      if (expression?.type === 'Literal' && typeof expression['value'] === 'string')
        tell(expression['value']);
    }
    if (type === 'JSXAttribute') {
      const { name, value } = rest as { name?: { name?: unknown }; value?: Node | null };
      if (typeof name?.name === 'string' && !spoken.test(name.name)) {
        if (value?.type === 'JSXExpressionContainer') visit(value['expression']);
        return;
      }
      if (value?.type === 'Literal') tell(String(value['value']));
    }
    for (const value of Object.values(rest)) visit(value);
  };
  visit(parseSync(file, text, { lang: 'tsx' }).program);
  return found;
}

test('no screen has words of its own', () => {
  const files = globSync('renderer/**/*.tsx', { cwd: root }).map((file) => file.replaceAll('\\', '/'));
  expect(files.length).toBeGreaterThan(80);
  expect(files.flatMap((file) => literals(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
});

test('words of one’s own are found, in the page and in what is read aloud', () => {
  const screen = `<A label="Say it" className="small text" onDo={() => <b title="More">{'One'} and {t.two}</b>}>Words</A>`;
  expect(literals('a', screen)).toEqual(['a: Say it', 'a: More', 'a: One', 'a: and', 'a: Words']);
});

test('German says something for everything, with the same values in it', () => {
  expect(Object.keys(german).toSorted()).toEqual(Object.keys(english).toSorted());
  for (const [group, texts] of Object.entries(english)) {
    expect(Object.keys(german[group] ?? {}), group).toEqual(Object.keys(texts));
    for (const [key, text] of Object.entries(texts)) {
      const other = german[group]?.[key];
      expect(typeof other, `${group}.${key}`).toBe(typeof text);
      if (typeof text === 'function' && typeof other === 'function')
        expect(parametersIn(other), `${group}.${key}`).toBe(parametersIn(text));
      else expect(other, `${group}.${key}`).not.toBe('');
    }
  }
});

/** How many of its values a text makes use of. */
function parametersIn(text: unknown): number {
  const { length } = text as { length: number };
  return length;
}

describeWith([parts.pageEngine], 'the language of the window', () => {
  const renderer = useAll(startRenderer);

  const preferences: Preferences = {
    theme: 'system',
    language: 'system',
    startAtLogin: false,
    favourites: [],
    clipboardSeconds: 60,
    notifications: true,
    whenLoginWaits: 'notify',
    trayClick: 'flyout',
    shortcut: 'off',
    shortcutKeys: 'Control+Alt+L',
  };

  test('is what main says, from the first moment on and after a change; its texts are read only then', async () => {
    const { page, bridge, complaints } = await renderer.show(states.signedIn);
    const read: string[] = [];
    page.on('request', (request) => read.push(new URL(request.url()).pathname));
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    await goTo(page, 'Settings');
    bridge.answer({
      async setPreferences(given) {
        await bridge.push({ ...states.signedIn, language: given.language === 'de' ? 'de' : 'en' });
        return { ...preferences, ...given } as Preferences;
      },
    });
    await page.getByLabel('Language').focus();
    await page.getByLabel('Language').selectOption('de');
    await expect.poll(() => page.locator('h1').innerText()).toBe('Einstellungen');
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
    expect(read.filter((path) => path.includes('/texts-'))).toHaveLength(1);
    // Nothing is lost by it: the choice still has the focus.
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SELECT');
    await page.getByLabel('Sprache').selectOption('en');
    await expect.poll(() => page.locator('h1').innerText()).toBe('Settings');
    expect(complaints).toEqual([]);
    await page.context().close();

    const german = await renderer.show(
      { ...states.signedIn, language: 'de' },
      { locale: 'de-AT' },
      {
        getStart: () => ({ kind: 'running', language: 'de' }),
      },
    );
    expect(await german.page.locator('h1').innerText()).toBe('Ihre Verbindungen');
    // As people there write the time.
    await german.page.getByText('Angemeldet bis').first().waitFor();
    await german.page.context().close();
  });

  test('a failure is said by its code, with the sentence of main below it, marked as English', async () => {
    const problem = {
      code: 'port-in-use' as const,
      message: 'Port 15432 is taken by nc.',
      remedy: 'End nc.',
    };
    const { page, bridge } = await renderer.show({
      ...states.signedIn,
      language: 'de',
      signInProblem: problem,
    });
    const alert = page.getByRole('alert').filter({ hasText: 'nc' });
    await expect
      .poll(() => alert.innerText())
      .toMatch(
        /^Ein anderes Programm belegt den Port\.\s+Beenden Sie .*\s+Port 15432 is taken by nc\. End nc\.$/,
      );
    expect(await alert.locator('[lang=en]').innerText()).toBe('Port 15432 is taken by nc. End nc.');
    await keepScreenshot(page, 'problem-german');
    await bridge.push({ ...states.signedIn, language: 'en', signInProblem: problem });
    await expect.poll(() => alert.innerText()).toMatch(/^Port 15432 is taken by nc\.\s+End nc\.$/);
    await page.context().close();
  });

  test('where its file cannot be read, the window stays English and goes on', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    await page.route('**/assets/texts-*.js', (route) => route.abort());
    const asked = page.waitForRequest('**/assets/texts-*.js');
    await bridge.push({ ...states.signedIn, language: 'de' });
    await asked;
    await goTo(page, 'Settings');
    await expect.poll(() => page.locator('h1').innerText()).toBe('Settings');
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    await page.context().close();
  });
});
