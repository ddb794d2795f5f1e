import { TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, refusalOf, type Latchkey } from '../support/latchkey.ts';
import { keepScreenshot } from '../support/pages.ts';
import { describeWith } from '../support/parts.ts';
import { type Application, applicationParts, startApplication } from './application.ts';

/** The application as it ships: an authenticator is set up in the window, and a login waits for its code. */
describeWith(applicationParts, 'the second factor in the window', () => {
  let latchkey: Latchkey;
  let page: Page;
  let close: Application['close'] | undefined;
  let authenticator: TOTP;
  let recoveryCodes: string[];

  beforeAll(async () => {
    ({ latchkey, page, close } = await startApplication({
      configure(configuration) {
        for (const rule of configuration.connections[0]?.rules ?? []) Object.assign(rule, { mfa: 'login' });
        Object.assign(configuration, { mfa: { cache: '0s' } });
      },
    }));
    await latchkey.signIn('ada@fabrikam.example');
    await page.getByText('Signed in until').waitFor();
  }, 300_000);
  afterAll(() => close?.());

  test('an authenticator is set up: key, first code, recovery codes', async () => {
    await page.getByRole('navigation').getByRole('button', { name: 'Security' }).click();
    await page.getByText('You need a second factor').waitFor();
    await page.getByRole('button', { name: 'Set up an authenticator' }).click();
    await page.getByRole('img', { name: 'QR code' }).waitFor();
    await keepScreenshot(page, 'electron-enrolment');
    const text = await page.locator('main').innerText();
    const secret =
      /(?:[A-Z2-7]{4}\s+){7}[A-Z2-7]{4}|(?:[A-Z2-7]{4}\s+)+[A-Z2-7]{1,4}/
        .exec(text)?.[0]
        .replaceAll(/\s/g, '') ?? '';
    authenticator = new TOTP({ secret });
    await page.getByLabel('Six digits').fill(authenticator.generate());
    await page.getByRole('button', { name: 'Confirm' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('I have stored them').waitFor();
    recoveryCodes = (await dialog.innerText()).match(/[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2,}/g) ?? [];
    expect(recoveryCodes).toHaveLength(10);
    await dialog.getByLabel('I have stored them').check();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.getByText('10 recovery codes are left').waitFor();
    expect(JSON.stringify(await latchkey.state())).not.toContain(secret);
  });

  test('a login waits for the prompt, which names who asks, and goes on with the code', async () => {
    const login = connect(await latchkey.token('sales'));
    const dialog = page.getByRole('dialog');
    await dialog.getByText('latchkey-test').waitFor();
    await keepScreenshot(page, 'electron-prompt');
    await dialog.getByLabel('Code of your authenticator').fill('000000');
    await page.keyboard.press('Enter');
    await dialog.getByRole('alert').waitFor();
    await dialog.getByLabel('Code of your authenticator').fill(recoveryCodes[0] ?? '');
    await page.keyboard.press('Enter');
    const client = await login;
    expect((await client.query('select current_user')).rows).toEqual([{ current_user: 'sales_readonly' }]);
    await client.end();
    await dialog.waitFor({ state: 'hidden' });
  });

  test('a login that is denied in the window is told so', async () => {
    const refused = refusalOf(connect(await latchkey.token('sales')));
    await page.getByRole('dialog').getByRole('button', { name: /^Deny/ }).click();
    expect(await refused).toMatchObject({
      sqlState: '28000',
      message: expect.stringContaining('denied') as string,
    });
  });
});
