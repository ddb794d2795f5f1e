import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { PageName } from '../../main/contract/bridge.ts';
import type { AppState } from '../../main/contract/state.ts';
import { startRenderer } from './browser.ts';
import type { FakeBridge, Handlers } from './fake-bridge.ts';
import { accessibilityViolations, colourRules, keepScreenshot } from '../support/pages.ts';
import { useAll } from '../support/use-all.ts';
import { onlyEnglish } from './only-english.ts';
import { goTo } from './walk.ts';

export interface Screen {
  name: string;
  state: AppState;
  /** Of the main window where it is absent. */
  page?: PageName;
  /** What a person must find there. */
  shows: string[];
  /** How actions are answered from the first on. */
  answers?: Handlers;
  open?: (page: Page, bridge: FakeBridge) => Promise<void>;
}

export const eachScreen = 'each screen: accessible in light and dark, whole at 200 % zoom, within the policy';

export const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).click();

export const place = (name: string) => (page: Page) => goTo(page, name);

/** What reaches over the left or the right edge, where nobody could read it without scrolling sideways. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('body *')]
      .filter((element) => {
        const { left, right, width } = element.getBoundingClientRect();
        return width > 1 && (left < -0.5 || right > innerWidth + 0.5);
      })
      .map((element) => `${element.tagName} ${element.className.toString()} ${element.textContent}`),
  );
}

/**
 * The same screen after a change of the language: whole at its first size and at 200 %, and with no English left in its
 * headings, controls and labels.
 */
async function checkGerman(page: Page, bridge: FakeBridge, { name, answers, open }: Screen): Promise<void> {
  const start = await answers?.getStart?.({});
  if (start === undefined) await bridge.push({ ...bridge.pushed(), language: 'de' });
  else {
    // Before Latchkey has started there are no snapshots.
    bridge.answer({ getStart: () => ({ ...start, language: 'de' }) });
    await page.reload();
    await open?.(page, bridge);
  }
  await expect.poll(() => page.locator('html').getAttribute('lang')).toBe('de');
  for (const width of [900, 460]) {
    await page.setViewportSize({ width, height: width === 900 ? 720 : 360 });
    await expect.poll(() => cutOff(page)).toEqual([]);
    await keepScreenshot(page, `${name}-german-${width}`);
  }
  // What was said at a time, such as a fault of a field, stays as it was said; names are none of the window's words.
  const shown = await page.evaluate(() =>
    [...document.querySelectorAll('h1, h2, h3, button, label, legend, summary, dt, option')].flatMap(
      (element) =>
        [...element.childNodes].flatMap((node) =>
          node.nodeType === Node.TEXT_NODE ? [node.textContent?.trim() ?? ''] : [],
        ),
    ),
  );
  expect(shown.filter((text) => onlyEnglish.has(text))).toEqual([]);
}

const bodyText = (page: Page): Promise<string> => page.locator('body').innerText();

/** As large as main opens them. */
const viewports: Record<PageName, { width: number; height: number }> = {
  main: { width: 920, height: 720 },
  prompts: { width: 480, height: 780 },
  flyout: { width: 380, height: 560 },
};

/**
 * The tests that every screen has to pass; to be called inside of `describeWith`.
 *
 * @param forced names of the screens that are also shown in the system's own colours
 */
export function checkScreens(screens: Screen[], forced: string[]): void {
  const renderer = useAll(startRenderer);

  test.each(screens)('$name', { timeout: 60_000 }, async (screen) => {
    const { name, state, shows, answers, open } = screen;
    const { page, bridge, complaints } = await renderer.show(
      state,
      { reducedMotion: 'reduce', ...(screen.page && { viewport: viewports[screen.page] }) },
      answers,
      screen.page,
    );
    await open?.(page, bridge);
    for (const expected of shows)
      await expect.poll(() => bodyText(page), { timeout: 15_000 }).toContain(expected);

    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await keepScreenshot(page, `${name}-${colorScheme}`);
      expect(await accessibilityViolations(page, colorScheme === 'light' ? undefined : colourRules)).toEqual(
        [],
      );
    }

    // At 200 % a page has half of the window: 460 px of the first size, 210 px of the smallest.
    for (const width of [460, 210]) {
      await page.setViewportSize({ width, height: 360 });
      // The sizes that CSS takes from the window count in the next frame.
      await expect.poll(() => cutOff(page)).toEqual([]);
      for (const expected of shows) expect(await bodyText(page)).toContain(expected);
      await keepScreenshot(page, `${name}-zoom-${width}`);
    }
    await checkGerman(page, bridge, screen);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('colours of the system win where it forces them', async () => {
    for (const screen of screens.filter(({ name }) => forced.includes(name))) {
      const { name, state, answers, open } = screen;
      const colours = { forcedColors: 'active' } as const;
      const { page, bridge, complaints } = await renderer.show(state, colours, answers, screen.page);
      await open?.(page, bridge);
      await keepScreenshot(page, `${name}-forced-colors`);
      expect(await accessibilityViolations(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await page.context().close();
    }
  });
}
