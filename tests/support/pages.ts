import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults, RunOptions } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { parts } from './parts.ts';

/** What shows the pages that are tested, without a window. */
export function launchPageEngine(args: string[] = []): Promise<Browser> {
  const executablePath = parts.pageEngine.path;
  if (executablePath === undefined) throw new Error('no chromium');
  return chromium.launch({ executablePath, args: ['--no-sandbox', ...args] });
}

/** The rules that look at colours; what all others look at is the same in light and in dark. */
export const colourRules = ['color-contrast', 'link-in-text-block'];

let source: string | undefined;

/** Violations that axe-core finds on the page as it is, by these rules or all of them, each as "rule: target". */
export async function accessibilityViolations(
  page: Page,
  runOnly?: RunOptions['runOnly'],
): Promise<string[]> {
  await untilStill(page);
  source ??= readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  // Through the debugger: the page's policy would refuse it as a script, as it should.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source);
  const results = await page.evaluate(
    (options) =>
      (window as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } }).axe.run(options),
    // Of what is in order it then works out no details, which nobody reads here.
    { resultTypes: ['violations'], ...(runOnly === undefined ? {} : { runOnly }) } satisfies RunOptions,
  );
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary ?? ''}`),
  );
}

/** Colours change in transitions, however short, and what inherits them follows one frame later. */
async function untilStill(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const running = (): Animation[] =>
      document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    const frame = (): Promise<unknown> => new Promise((resolve) => requestAnimationFrame(resolve));
    for (await frame(); running().length > 0; await frame())
      await Promise.allSettled(running().map(({ finished }) => finished));
  });
}

/** For people who ask for them with `LATCHKEY_SCREENSHOTS=1`; never compared, and never committed. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  if (process.env['LATCHKEY_SCREENSHOTS'] !== '1') return;
  const folder = join(import.meta.dirname, '../../test-output/screens');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
