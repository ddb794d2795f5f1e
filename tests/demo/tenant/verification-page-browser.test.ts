import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalTenant } from '../../../main/demo/tenant/local-tenant.ts';
import { samplePassword } from '../../../main/demo/tenant/organisation.ts';
import { accessibilityViolations, launchPageEngine } from '../../support/pages.ts';
import { describeWith, parts } from '../../support/parts.ts';
import { useAll } from '../../support/use-all.ts';
import { claimsOf, createTenantClient, type TenantClient } from './tenant-client.ts';

describeWith([parts.pageEngine], 'the sign-in pages in a real browser', () => {
  let client: TenantClient;
  let browser: Browser;

  const tenant = useAll(startLocalTenant);
  beforeAll(async () => {
    client = createTenantClient(tenant);
    browser = await launchPageEngine();
  });

  afterAll(async () => {
    await browser.close();
    await client.close();
  });

  async function open(colorScheme: 'light' | 'dark', javaScriptEnabled = true): Promise<Page> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, colorScheme, javaScriptEnabled });
    return context.newPage();
  }

  test.each(['light', 'dark'] as const)(
    'by keyboard alone, accessible at every step: %s',
    async (colorScheme) => {
      const page = await open(colorScheme);
      const code = await client.deviceCode('openid User.Read Mail.Read');
      await page.goto(tenant.verificationUri);
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(background).toBe(colorScheme === 'light' ? 'rgb(238, 240, 244)' : 'rgb(21, 22, 26)');
      expect(await accessibilityViolations(page)).toEqual([]);

      await page.keyboard.type('WRONGCODE');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
      expect(await accessibilityViolations(page)).toEqual([]);

      await page.keyboard.press('ControlOrMeta+A');
      await page.keyboard.type(code['user_code'] ?? '');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
      expect(await accessibilityViolations(page)).toEqual([]);

      await page.keyboard.type('bruno@fabrikam.example');
      await page.keyboard.press('Tab');
      await page.keyboard.type(samplePassword);
      await page.keyboard.press('Enter');
      const steps: string[] = [];
      for (const heading of [
        'Approve the sign-in',
        'Permissions requested',
        'Are you trying to sign in to Latchkey?',
      ]) {
        // The second round finds the consent of the first one given.
        if (heading === 'Permissions requested' && colorScheme === 'dark') continue;
        await page.getByRole('heading', { name: heading }).waitFor();
        steps.push(heading);
        expect(await accessibilityViolations(page)).toEqual([]);
        await page.keyboard.press('Enter');
      }
      await page.getByRole('heading', { name: 'You are signed in' }).waitFor();
      expect(await accessibilityViolations(page)).toEqual([]);
      expect(steps.length).toBe(colorScheme === 'light' ? 3 : 2);
      const { body } = await client.poll(code['device_code'] ?? '');
      expect(claimsOf(body['id_token'])['preferred_username']).toBe('bruno@fabrikam.example');
      await page.context().close();
    },
  );

  test('works with scripts switched off, and shows hostile names as text', async () => {
    const page = await open('light', false);
    const code = await client.deviceCode('openid User.Read');
    await page.goto(`${tenant.verificationUri}?otc=${code['user_code'] ?? ''}`);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: '<b>Farid</b>' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'You are signed in' }).waitFor();
    expect(await page.locator('b').count()).toBe(0);
    expect((await client.poll(code['device_code'] ?? '')).status).toBe(200);
    await page.context().close();
  });

  test('a browser sign-in posts its code to the application by itself', async () => {
    const page = await open('light');
    const posted = new Promise<string>((resolve) => {
      void page.route('http://localhost:53124/', (route) => {
        resolve(route.request().postData() ?? '');
        return route.fulfill({ body: 'done' });
      });
    });
    const url = new URL(`${tenant.authority}/oauth2/v2.0/authorize`);
    url.search = new URLSearchParams({
      client_id: tenant.clientId,
      response_type: 'code',
      response_mode: 'form_post',
      redirect_uri: 'http://localhost:53124/',
      scope: 'openid User.Read',
      state: 'kept',
    }).toString();
    await page.goto(url.href);
    await page.getByRole('button', { name: 'Ada Marsh' }).click();
    const fields = new URLSearchParams(await posted);
    expect(fields.get('state')).toBe('kept');
    expect(fields.get('code')).toMatch(/^A\./);
    await page.context().close();
  });
});
