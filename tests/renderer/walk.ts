import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** Waits as long as a machine with much else to do may need. */
export const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });

/** Tabs until something with this name has the focus, as somebody without a pointer does. */
export async function tabTo(page: Page, name: RegExp, key = 'Tab'): Promise<void> {
  const seen: string[] = [];
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press(key);
    const focused = await focusedName(page);
    seen.push(focused);
    if (name.test(focused)) return;
  }
  throw new Error(`no way by keyboard to ${String(name)}, only to ${seen.join(', ')}`);
}

export function focusedName(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (element === null || element === document.body) return '(nothing)';
    const label = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : undefined;
    return element.getAttribute('aria-label') ?? label ?? element.textContent ?? '';
  });
}

/** The ring around what has the focus must be there and be seen. */
export async function expectVisibleFocus(page: Page): Promise<void> {
  const { style, width } = await page.evaluate(() => {
    const active = document.activeElement;
    const element = active?.matches('[type=radio]') === true ? active.closest('label') : active;
    const { outlineStyle, outlineWidth } = getComputedStyle(element ?? document.body);
    return { style: outlineStyle, width: Number.parseFloat(outlineWidth) };
  });
  expect(style).toBe('solid');
  expect(width).toBeGreaterThanOrEqual(2);
}

/** What has been said to screen readers last. */
export const announced = (page: Page): Promise<string> => page.locator('output').last().innerText();

/** Goes to another place of the window, and waits for its script where that is read late. */
export async function goTo(page: Page, place: string): Promise<void> {
  await page.getByRole('navigation').getByRole('button', { name: place }).click();
  await page.getByText('Loading…').waitFor({ state: 'detached' });
}

/** Waits until a place has come up and has the focus on its heading, and not only the button that leads there. */
export async function arriveAt(page: Page, place: string): Promise<void> {
  const heading = page.getByRole('heading', { name: place, level: 1 });
  await eventually(() => heading.evaluate((element) => element === document.activeElement)).toBe(true);
  await page.getByText('Loading…').waitFor({ state: 'detached' });
}

/** Chooses a connection in the list by a click on its name. */
export const openConnection = (page: Page, title: string) =>
  page.getByRole('row').filter({ hasText: title }).getByRole('button').first().click();

/** Opens who is signed in, at the foot of the window's left side. */
export const openAccounts = (page: Page) =>
  page
    .locator('[aria-haspopup=dialog]')
    .filter({ hasText: /Signed in until|accounts/ })
    .click();

/** Everything that outlives the screen, and the page as text. */
export async function kept(page: Page): Promise<string> {
  return page.evaluate(() =>
    JSON.stringify([
      location.href,
      document.title,
      { ...localStorage },
      { ...sessionStorage },
      document.cookie,
      history.state,
      document.documentElement.outerHTML,
      Array.from(document.querySelectorAll('input'), ({ value }) => value),
    ]),
  );
}
