import type { BrowserContextOptions, Page } from 'playwright-core';
import type { PageName } from '../../main/contract/bridge.ts';
import type { AppState } from '../../main/contract/state.ts';
import { buildRenderer } from '../support/builds.ts';
import { launchPageEngine } from '../support/pages.ts';
import { appOrigin, pageAddress } from '../../main/desktop/origin.ts';
import { type FakeBridge, type Handlers, provideBridge } from './fake-bridge.ts';
import { startPageServer } from './page-server.ts';
import { moment } from './states.ts';

export interface Shown {
  page: Page;
  bridge: FakeBridge;
  /** What the content security policy has refused, and errors of the page. */
  complaints: string[];
  /** Paths of the scripts that have been read so far. */
  scripts: ReadonlySet<string>;
}

export interface RendererHarness {
  /** Opens the built window with this state at a fixed time. */
  show(state: AppState, options?: BrowserContextOptions, answers?: Handlers, name?: PageName): Promise<Shown>;
  close(): Promise<void>;
}

/** Opens the renderer in Chromium. */
export async function startRenderer(): Promise<RendererHarness> {
  const folder = await buildRenderer();
  const server = await startPageServer(folder);
  const browser = await launchPageEngine();

  return {
    async show(state, options = {}, answers = {}, name = 'main') {
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
      const scripts = new Set<string>();
      page.on('request', (request) => {
        if (request.resourceType() === 'script') scripts.add(new URL(request.url()).pathname);
      });
      await page.exposeFunction('latchkeyPolicy', (what: string) => complaints.push(`policy: ${what}`));
      await page.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
          (window as unknown as { latchkeyPolicy(what: string): void }).latchkeyPolicy(
            `${violatedDirective} ${blockedURI}`,
          ),
        );
      });
      await page.addInitScript(() => {
        // A browser lets no page close a tab that a person has opened; a window of ours goes.
        window.close = () => document.documentElement.toggleAttribute('data-closed', true);
      });
      await page.clock.setFixedTime(moment);
      const bridge = await provideBridge(page, state, answers);
      await page.goto(pageAddress(name).replace(appOrigin, server.origin));
      await page.locator('h1').waitFor();
      return { page, bridge, complaints, scripts };
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}
