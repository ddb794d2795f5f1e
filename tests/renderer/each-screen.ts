import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { PageName } from '../../main/contract/bridge.ts';
import type { AppState } from '../../main/contract/state.ts';
import { startRenderer } from './browser.ts';
import type { FakeBridge, Handlers } from './fake-bridge.ts';
import { accessibilityViolations, colourRules, keepScreenshot } from '../support/pages.ts';
import { useAll } from '../support/use-all.ts';
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

const bodyText = (page: Page): Promise<string> => page.locator('body').innerText();

/** As large as main opens them. */
const viewports: Record<PageName, { width: number; height: number }> = {
  main: { width: 920, height: 720 },
  prompts: { width: 480, height: 780 },
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
