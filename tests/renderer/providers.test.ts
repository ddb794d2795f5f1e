import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import * as identity from './identity-states.ts';
import * as states from './states.ts';
import { announced, eventually, expectVisibleFocus, focusedName, goTo, kept, tabTo } from './walk.ts';

const twoFaults = `The configuration /etc/latchkey/latchkey.yaml has 2 faults:
  line 14: providers[3].authority ("http://login.example"): must be an https address such as https://login.microsoftonline.com/<tenant id>
  line 15: providers[3].applicationId ("abc"): must be an id such as 1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2`;

describeWith([parts.pageEngine], 'providers and doctor in the window', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const renderer = useAll(startRenderer);

  test('a provider is added by keyboard alone; faults stand at their fields and are announced', async () => {
    const { page, bridge } = await renderer.show(identity.chain);
    bridge.answer({
      saveProvider() {
        throw new LatchkeyError('config-invalid', twoFaults, { remedy: 'Correct the lines named.' });
      },
    });
    await goTo(page, 'Providers');
    await tabTo(page, /Add a provider/);
    await page.keyboard.press('Enter');
    await eventually(() => focusedName(page)).toBe('Name');
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: '3 fields need another value.' }).waitFor();
    await eventually(() => focusedName(page)).toBe('Name');
    expect(bridge.calls.map(({ action }) => action)).not.toContain('saveProvider');

    await page.keyboard.type('northwind');
    await tabTo(page, /^Application id$/);
    await page.keyboard.type('abc');
    await tabTo(page, /^Authority$/);
    await page.keyboard.type('https://login.microsoftonline.com/common/oauth2/v2.0/token');
    await tabTo(page, /^Domains$/);
    await page.keyboard.type('northwind.example, northwind.test');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Shift+Tab');
    await tabTo(page, /^Add provider$/);
    await page.keyboard.press('Enter');

    // The check of main, before main is asked.
    await page.getByRole('alert').filter({ hasText: 'One field needs another value.' }).waitFor();
    await page.getByText('which stands for every tenant').waitFor();
    const authority = page.getByLabel('Authority');
    await eventually(() => focusedName(page)).toBe('Authority');
    expect(bridge.calls.map(({ action }) => action)).not.toContain('saveProvider');
    await authority.fill('https://login.microsoftonline.com/northwind.test');
    await page.keyboard.press('Enter');

    await page.getByRole('alert').filter({ hasText: '2 fields need another value.' }).waitFor();
    await eventually(() => focusedName(page)).toBe('Application id');
    for (const [label, fault] of [
      ['Authority', 'Must be an https address'],
      ['Application id', 'Must be an id such as'],
    ] as const) {
      const field = page.getByLabel(label);
      expect(await field.getAttribute('aria-invalid')).toBe('true');
      const ids = ((await field.getAttribute('aria-describedby')) ?? '').split(' ');
      const described = await Promise.all(ids.map((id) => page.locator(`[id="${id}"]`).innerText()));
      expect(described.join(' ')).toContain(fault);
    }
    expect(await page.getByLabel('Domains').getAttribute('aria-invalid')).toBe('false');

    bridge.answer({ saveProvider: () => undefined });
    await page.getByLabel('Application id').fill('7d0f6f0e-9a53-4a43-9a0c-5b6c7d8e9f10');
    await authority.fill('https://login.microsoftonline.com/northwind.example');
    await page.keyboard.press('Enter');
    await eventually(() => announced(page)).toBe('Provider added');
    expect(bridge.calls.at(-1)).toEqual({
      action: 'saveProvider',
      request: {
        name: 'northwind',
        type: 'azure-directory',
        enabled: true,
        authority: 'https://login.microsoftonline.com/northwind.example',
        applicationId: '7d0f6f0e-9a53-4a43-9a0c-5b6c7d8e9f10',
        domains: ['northwind.example', 'northwind.test'],
        signIn: ['browser', 'device-code'],
        mailCodes: false,
      },
    });
    expect(await page.getByRole('button', { name: 'Add a provider' }).isVisible()).toBe(true);
  });

  test('an edit sends what is shown and leaves alone what the window is not told', async () => {
    const { page, bridge } = await renderer.show(identity.chain);
    await goTo(page, 'Providers');
    await page.getByRole('button', { name: 'Edit fabrikam' }).click();
    await page.getByLabel('Domains').fill('fabrikam.example');
    await page.getByLabel('Sign-in', { exact: true }).selectOption('Only with the browser');
    await page.getByRole('button', { name: 'Save' }).click();
    await eventually(() => announced(page)).toBe('fabrikam saved');
    expect(bridge.calls.at(-1)).toEqual({
      action: 'saveProvider',
      request: {
        name: 'fabrikam',
        type: 'azure-directory',
        enabled: false,
        applicationId: identity.fabrikam.applicationId,
        domains: ['fabrikam.example'],
        signIn: ['browser'],
      },
    });
    expect(await focusedName(page)).toBe('fabrikam');
  });

  test('faults elsewhere in the configuration are told as they are', async () => {
    const { page, bridge } = await renderer.show(identity.chain);
    const elsewhere =
      'The configuration x has a fault:\n  line 3: connections[0].port must be a whole number';
    bridge.answer({
      saveProvider() {
        throw new LatchkeyError('config-invalid', elsewhere, { remedy: 'Correct the lines named.' });
      },
    });
    await goTo(page, 'Providers');
    await page.getByRole('button', { name: 'Edit fabrikam' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    const alert = page.getByRole('alert').filter({ hasText: 'connections[0].port must be a whole number' });
    await alert.waitFor();
    expect(await alert.innerText()).toContain('Correct the lines named.');
  });

  test('the application secret is written, never read, and gone from the page with its form', async () => {
    const { page, bridge } = await renderer.show(identity.chain);
    const secret = 'canary~Q8x7secretvalue';
    bridge.answer({
      setProviderSecret() {
        throw new LatchkeyError('seal-unavailable', 'Secrets cannot be kept on this computer.');
      },
    });
    await goTo(page, 'Providers');
    await page.getByRole('button', { name: 'Application secret of fabrikam' }).click();
    const field = page.getByLabel('New application secret');
    expect(await field.getAttribute('type')).toBe('password');
    expect(await field.inputValue()).toBe('');
    await page.keyboard.type(secret);
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'Secrets cannot be kept' }).waitFor();
    expect(bridge.calls.at(-1)).toEqual({
      action: 'setProviderSecret',
      request: { name: 'fabrikam', secret },
    });
    // A wrong one can be corrected: it is in the field alone, marked whole.
    expect(await field.inputValue()).toBe(secret);
    expect(await page.content()).not.toContain(secret);
    await page.keyboard.type('another~secret');
    expect(await field.inputValue()).toBe('another~secret');

    bridge.answer({ setProviderSecret: () => undefined });
    await page.getByRole('button', { name: 'Forget the stored one' }).click();
    await eventually(() => announced(page)).toBe('Application secret forgotten');
    expect(bridge.calls.at(-1)?.request).toEqual({ name: 'fabrikam', secret: null });
    for (const gone of [secret, 'another~secret']) expect(await kept(page)).not.toContain(gone);

    await page.getByRole('button', { name: 'Application secret of Contoso' }).click();
    expect(await page.getByRole('button', { name: 'Forget the stored one' }).count()).toBe(0);
  });

  test('a certificate takes the place of the secret; its files go to the broker as one text', async () => {
    const { page, bridge } = await renderer.show(identity.chain);
    bridge.answer({ setProviderSecret: () => undefined });
    await goTo(page, 'Providers');
    await page.getByRole('button', { name: 'Application secret of fabrikam' }).click();
    const field = page.getByLabel('Or certificate and private key');
    const file = (name: string, text: string) => ({
      name,
      mimeType: 'application/x-pem-file',
      buffer: Buffer.from(text),
    });
    await field.setInputFiles([file('app.pfx', '0\u0082')]);
    await page.getByRole('button', { name: 'Store', exact: true }).click();
    await page.getByText('This is not PEM.').waitFor();
    expect(bridge.calls.map(({ action }) => action)).not.toContain('setProviderSecret');
    const key = '-----BEGIN PRIVATE KEY-----\ncanary~key\n-----END PRIVATE KEY-----';
    const certificate = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----';
    await field.setInputFiles([file('key.pem', key), file('cert.pem', certificate)]);
    await page.getByRole('button', { name: 'Store', exact: true }).click();
    await eventually(() => announced(page)).toBe('Certificate stored');
    expect(bridge.calls.at(-1)).toEqual({
      action: 'setProviderSecret',
      request: { name: 'fabrikam', secret: `${key}\n${certificate}` },
    });
    expect(await kept(page)).not.toContain('canary~key');
  });

  test('the end of a secret is told on the card, and marked when it is due', async () => {
    const soon = states.at(12.5 * 24 * 60);
    const { page } = await renderer.show({
      ...identity.chain,
      providers: [
        { ...states.contoso, hasSecret: true, secretEnd: { what: 'secret', at: '2399-01-02T00:00:00.000Z' } },
        { ...identity.fabrikam, secretEnd: { what: 'certificate', at: soon } },
      ],
    });
    await goTo(page, 'Providers');
    await page.getByText('The secret is good until 2399-01-02.').waitFor();
    await page.getByText(`The certificate runs out in 12 days, on ${soon.slice(0, 10)}.`).waitFor();
  });

  test('a provider is turned on and off; one asks before it ends the own session', async () => {
    const { page, bridge } = await renderer.show(identity.chain);
    await goTo(page, 'Providers');
    await page.getByLabel('fabrikam is turned on').click();
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'setProviderEnabled',
      request: { name: 'fabrikam', enabled: true },
    });
    await page.getByLabel('Contoso is turned on').click();
    const question = page.getByRole('dialog', { name: 'Turn this provider off?' });
    await question.waitFor();
    expect(await focusedName(page)).toBe('Cancel');
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    expect(await page.getByLabel('Contoso is turned on').isChecked()).toBe(true);
    await page.getByLabel('Contoso is turned on').click();
    await question.getByRole('button', { name: 'Turn off' }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'setProviderEnabled',
      request: { name: 'Contoso', enabled: false },
    });
  });

  test('a provider is removed only after the question', async () => {
    const { page, bridge } = await renderer.show(identity.chain);
    await goTo(page, 'Providers');
    await page.getByRole('button', { name: 'Remove fabrikam' }).click();
    const question = page.getByRole('dialog', { name: 'Remove this provider?' });
    await question.waitFor();
    expect(await question.innerText()).not.toContain('You are signed in through it');
    expect(bridge.calls.map(({ action }) => action)).not.toContain('removeProvider');
    await question.getByRole('button', { name: 'Remove provider' }).click();
    await eventually(() => announced(page)).toBe('Provider removed');
    expect(bridge.calls.at(-1)).toEqual({ action: 'removeProvider', request: { name: 'fabrikam' } });
  });

  test('asks with the number of accounts and live sessions that end with a provider', async () => {
    const [first] = identity.chain.accounts;
    if (first === undefined) throw new Error('nobody is signed in');
    const { databaseSessions } = states.busy;
    const { page, bridge } = await renderer.show({ ...identity.chain, databaseSessions });
    await goTo(page, 'Providers');
    const remove = page.getByRole('button', { name: 'Remove Contoso' });
    const question = page.getByRole('dialog', { name: 'Remove this provider?' });
    await remove.click();
    await question
      .getByText(
        'You are signed in through it: that sign-in and its tokens end. 3 database sessions end at once.',
      )
      .waitFor();
    await page.keyboard.press('Escape');
    const admin = { ...first.account, objectId: 'o2', username: 'adm-adele@contoso.example' };
    const elsewhere = { ...admin, objectId: 'o3', username: 'adele@fabrikam.example', provider: 'fabrikam' };
    const [live] = databaseSessions;
    await bridge.push({
      ...identity.chain,
      accounts: [first, { ...first, account: admin }, { ...first, account: elsewhere }],
      databaseSessions: [
        ...databaseSessions,
        ...[admin, elsewhere].flatMap(({ username }) =>
          live === undefined ? [] : [{ ...live, id: username, username }],
        ),
      ],
    });
    await remove.click();
    await question
      .getByText(
        '2 of your accounts are signed in through it: their sign-ins and tokens end. 4 database sessions end at once.',
      )
      .waitFor();
    expect(bridge.calls.map(({ action }) => action)).not.toContain('removeProvider');
  });

  test('findings come with the worst first, and are counted and passed on as text', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    let release = (): void => {};
    bridge.answer({
      runDoctor: () =>
        new Promise((resolve) => {
          release = () => resolve({ checks: identity.checks });
        }),
    });
    await goTo(page, 'Doctor');
    await tabTo(page, /Run all checks/);
    await page.keyboard.press('Enter');
    await page.getByText('Checking. This takes up to a minute.').waitFor();
    // A second press while it runs starts nothing.
    await page.keyboard.press('Enter');
    expect(bridge.calls.filter(({ action }) => action === 'runDoctor')).toHaveLength(1);
    release();
    await eventually(() => page.getByTestId('count').innerText()).toBe(
      '2 failed, 1 warning, 1 skipped, 3 in order',
    );
    await eventually(() => announced(page)).toBe('Checked: 2 failed, 1 warning, 1 skipped, 3 in order');
    const findings = await page.getByRole('list', { name: 'Findings' }).getByRole('listitem').allInnerTexts();
    expect(findings.map((text) => /Failed|Warning|Skipped|In order/.exec(text)?.[0])).toEqual([
      'Failed',
      'Failed',
      'Warning',
      'Skipped',
      'In order',
      'In order',
      'In order',
    ]);
    await page.locator('summary').click();
    const text = await page.getByLabel('Findings as text').innerText();
    expect(text).toContain('FAILED  contoso: application (AADSTS7000218)');
    expect(text).toContain('To do: Run: latchkey secret set orders_owner');
  });

  test('a name out of the configuration is text here as well', async () => {
    const { page, complaints } = await renderer.show({
      ...identity.chain,
      providers: [{ ...identity.fabrikam, name: states.hostileNames.html, tenant: states.hostileNames.bidi }],
    });
    await goTo(page, 'Providers');
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.locator('body').innerText()).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    await page.getByRole('button', { name: /^Edit / }).click();
    expect(await page.locator('body').innerText()).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    expect(complaints).toEqual([]);
  });
});
