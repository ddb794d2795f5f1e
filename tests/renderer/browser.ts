import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import type { AppState } from '../../main/contract/state.ts';
import { parts } from '../support/parts.ts';
import { type FakeBridge, provideBridge } from './fake-bridge.ts';
import { startPageServer } from './page-server.ts';
import { moment } from './states.ts';

export interface Shown {
  page: Page;
  bridge: FakeBridge;
  /** What the content security policy has refused, and errors of the page. */
  complaints: string[];
}

export interface RendererHarness {
  /** Opens the built window with this state at a fixed time. */
  show(state: AppState, options?: BrowserContextOptions): Promise<Shown>;
  close(): Promise<void>;
}

/**
 * Builds the renderer as it ships and opens it in Chromium.
 *
 * @param name of the folder for the build: test files run side by side
 */
export async function startRenderer(name: string): Promise<RendererHarness> {
  const folder = join(import.meta.dirname, '../../test-output/renderer', name);
  await build({
    configFile: join(import.meta.dirname, '../../vite.config.ts'),
    build: { outDir: folder },
    logLevel: 'error',
  });
  const server = await startPageServer(folder);
  const executablePath = parts.chromium.path;
  if (executablePath === undefined) throw new Error('no chromium');
  const browser: Browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });

  return {
    async show(state, options = {}) {
      const context = await browser.newContext({
        viewport: { width: 920, height: 720 },
        locale: 'en-GB',
        timezoneId: 'UTC',
        ...options,
      });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      await page.exposeFunction('latchkeyPolicy', (what: string) => complaints.push(`policy: ${what}`));
      await page.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
          (window as unknown as { latchkeyPolicy(what: string): void }).latchkeyPolicy(
            `${violatedDirective} ${blockedURI}`,
          ),
        );
      });
      await page.clock.setFixedTime(moment);
      const bridge = await provideBridge(page, state);
      await page.goto(`${server.origin}/index.html`);
      await page.locator('h1').waitFor();
      return { page, bridge, complaints };
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/** For people to look at; never compared, and never committed. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  const folder = join(import.meta.dirname, '../../test-output/screens');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
