import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalTenant, type LocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { createAzureDirectory, type AzureDirectory } from '../../main/entra/azure-directory.ts';
import { createFetch } from '../../main/base/http.ts';
import { accessibilityViolations, launchPageEngine } from '../support/pages.ts';
import { describeWith, parts } from '../support/parts.ts';
import { createMemoryCache } from './memory-cache.ts';
import { kept } from './tenant-fixture.ts';

describeWith([parts.pageEngine], 'sign-in through a real browser', () => {
  let tenant: LocalTenant;
  let browser: Browser;
  let directory: AzureDirectory;
  const closers: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    tenant = await startLocalTenant();
    browser = await launchPageEngine();
    const { fetch, close } = createFetch({ caPem: tenant.caPem });
    directory = createAzureDirectory(
      {
        name: 'work',
        cloud: 'local',
        authority: tenant.authority,
        tenant: tenant.tenantId,
        applicationId: tenant.clientId,
        graph: tenant.graph,
      },
      { fetch, cache: createMemoryCache() },
    );
    closers.push(tenant.close, close, () => browser.close(), directory.close);
  });

  afterAll(async () => {
    for (const close of closers.toReversed()) await close();
  });

  /** Signs in with a page of its own: the person does `steps` there, and the last page stays open. */
  async function signIn(colorScheme: 'light' | 'dark', steps: (page: Page) => Promise<void>) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, colorScheme });
    closers.push(() => context.close());
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    const outcome = directory
      .signInWithBrowser({
        signal: new AbortController().signal,
        openBrowser: async (url) => {
          await page.goto(url);
          await steps(page);
        },
      })
      .then(kept)
      .catch((error: unknown) => error);
    return { page, complaints, outcome };
  }

  test('comes back to a page that says who is signed in', async () => {
    const { page, complaints, outcome } = await signIn('light', (page) =>
      page.getByRole('button', { name: 'Ada Marsh' }).click(),
    );
    expect(await outcome).toMatchObject({ objectId: fabrikam.users.ada });
    await page.getByRole('heading', { name: 'You have signed in' }).waitFor();
    expect(await page.getByRole('main').textContent()).toContain('Ada Marsh (ada@fabrikam.example)');
    expect(new URL(page.url()).hostname).toBe('localhost');
    expect(await page.title()).toBe('You have signed in - Latchkey');
    expect(await page.evaluate(() => getComputedStyle(document.body).display)).toBe('grid');
    expect(await accessibilityViolations(page)).toEqual([]);
    // The icon is asked for after the port has closed; nothing else may be amiss, the policy of the page least of all.
    expect(complaints.filter((text) => !text.includes('ERR_CONNECTION_REFUSED'))).toEqual([]);
    await expect(page.reload()).rejects.toThrow('ERR_CONNECTION_REFUSED');
  });

  test('comes back to a page that says why nobody is', async () => {
    const { page, outcome } = await signIn('dark', (page) =>
      page.getByRole('button', { name: 'Cancel' }).click(),
    );
    expect(await outcome).toMatchObject({ code: 'sign-in-declined' });
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor();
    expect(await page.getByRole('main').textContent()).toContain('declined on the page');
    expect(await accessibilityViolations(page)).toEqual([]);
  });
});
