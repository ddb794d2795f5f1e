import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { parts, describeWith } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import * as states from './states.ts';

const heading = (page: Page): Promise<string> => page.locator('h1').innerText();

/** In px, of the words in a place of their own. */
function width(page: Page, words: string, style: string): Promise<number> {
  return page.evaluate(
    ([text, css]) => {
      const place = document.createElement('span');
      // A style of the object is none of the page's policy.
      for (const rule of `position: absolute; font-size: 100px; ${css}`.split(';')) {
        const [name = '', value = ''] = rule.split(':');
        place.style.setProperty(name.trim(), value.trim());
      }
      place.textContent = text ?? '';
      document.body.append(place);
      const { width: found } = place.getBoundingClientRect();
      place.remove();
      return found;
    },
    [words, style],
  );
}

describeWith([parts.pageEngine], 'the craft of the window', () => {
  const renderer = useAll(startRenderer);

  test('the letters come with the window, and figures have one width where they change', async () => {
    const { page, complaints } = await renderer.show(states.code);
    const isRead = await page.evaluate(async () => {
      await document.fonts.load('16px "Inter Variable"');
      return document.fonts.check('16px "Inter Variable"');
    });
    expect(isRead).toBe(true);
    expect(await page.evaluate(() => getComputedStyle(document.body).fontFamily)).toMatch(
      /^"Inter Variable"/,
    );
    const own = 'font-family: Inter Variable';
    const [ones, zeros] = [
      await width(page, '11111', `${own}; font-variant-numeric: tabular-nums`),
      await width(page, '00000', `${own}; font-variant-numeric: tabular-nums`),
    ];
    expect(Math.abs(ones - zeros)).toBeLessThan(1);
    // Without it they differ: it is the font that does this.
    expect(await width(page, '11111', own)).toBeLessThan(zeros - 20);
    const time = page.getByText('Valid for another');
    expect(await time.evaluate((found) => getComputedStyle(found).fontVariantNumeric)).toBe('tabular-nums');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('without the files of the font the window is whole, and as high', async () => {
    const { page: usual } = await renderer.show(states.busy);
    await usual.evaluate(() => document.fonts.ready);
    const { page } = await renderer.show(states.busy, {}, {});
    await page.context().route('**/*.woff2', (route) => route.abort());
    await page.reload();
    await page.locator('h1').waitFor();
    const height = (of: Page): Promise<number> =>
      of.locator('h1').evaluate((found) => found.getBoundingClientRect().height);
    expect(await height(page)).toBe(await height(usual));
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    await Promise.all([page.context().close(), usual.context().close()]);
  });

  test('a screen that is read late says so, and one that cannot be read leaves the others', async () => {
    const { page } = await renderer.show(states.signedIn);
    let letThrough = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    await page.route('**/assets/doctor-*.js', async (route) => {
      await held;
      await route.continue();
    });
    await page.route('**/assets/audit-*.js', (route) => route.abort());
    const go = (name: string) =>
      page.getByRole('navigation').getByRole('button', { name, exact: true }).click();
    await go('Doctor');
    await page.getByText('Loading…').waitFor();
    letThrough();
    await expect.poll(() => heading(page)).toBe('Doctor');
    await go('Audit');
    await expect.poll(() => heading(page)).toBe('This screen cannot be shown');
    await go('About');
    await expect.poll(() => heading(page)).toBe('About');
    await page.context().close();
  });

  test('nothing moves for those who want no motion', async () => {
    const { page } = await renderer.show(states.contacting, { reducedMotion: 'reduce' });
    const moving = await page.evaluate(() =>
      document
        .getAnimations()
        .filter(({ effect }) => Number(effect?.getComputedTiming().endTime) > 1)
        .map(({ id }) => id),
    );
    expect(moving).toEqual([]);
    const { page: usual } = await renderer.show(states.contacting);
    expect(await usual.evaluate(() => document.getAnimations().length)).toBeGreaterThan(0);
    await Promise.all([page.context().close(), usual.context().close()]);
  });

  test('what scrolls has the window’s own narrow bar', async () => {
    const { page } = await renderer.show(states.signedIn);
    const bar = await page.evaluate(() => ({
      width: getComputedStyle(document.documentElement, '::-webkit-scrollbar').width,
      // Set, it would put the system's bar in its place.
      own: getComputedStyle(document.documentElement).scrollbarWidth,
    }));
    expect(bar).toEqual({ width: '10px', own: 'auto' });
    await page.context().close();
  });
});
