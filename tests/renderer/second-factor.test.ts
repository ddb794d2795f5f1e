import type { Page } from 'playwright-core';
import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import * as identity from './identity-states.ts';
import { scan } from './scan.ts';
import * as states from './states.ts';
import {
  announced,
  arriveAt,
  eventually,
  expectVisibleFocus,
  focusedName,
  goTo,
  kept,
  tabTo,
} from './walk.ts';

function wrongCode(): never {
  throw new LatchkeyError('mfa-wrong', 'The code is wrong.', {
    remedy: 'Type the six digits that it shows now.',
  });
}

const dialog = (page: Page, title: string) => page.getByRole('dialog', { name: title });

describeWith([parts.pageEngine], 'second factors in the window', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const renderer = useAll(startRenderer);

  test('enrolment of an authenticator by keyboard alone, to the recovery codes', async () => {
    const { page, bridge } = await renderer.show(identity.withoutFactor);
    let tries = 0;
    bridge.answer({
      enrolTotp: () => identity.enrolment,
      confirmTotp() {
        tries += 1;
        return tries === 1 ? wrongCode() : { recoveryCodes: identity.recoveryCodes };
      },
    });
    await tabTo(page, /^Security/);
    await page.keyboard.press('Enter');
    await arriveAt(page, 'Security');
    await tabTo(page, /Set up an authenticator/);
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await eventually(() => focusedName(page)).toBe('Six digits');
    await expectVisibleFocus(page);

    await page.keyboard.type('000000');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'The code is wrong.' }).waitFor();
    await eventually(() => focusedName(page)).toBe('Six digits');
    expect(await page.getByLabel('Six digits').inputValue()).toBe('');

    await page.keyboard.type(' 492 039 ');
    await page.keyboard.press('Enter');
    await dialog(page, 'Your recovery codes').waitFor();
    expect(bridge.calls.filter(({ action }) => action === 'confirmTotp')).toEqual([
      { action: 'confirmTotp', request: { code: '000000' } },
      { action: 'confirmTotp', request: { code: '492 039' } },
    ]);
    await bridge.push(identity.withoutPhone);

    // Nothing leads away from the codes but to say that they are stored.
    for (let press = 0; press < 3; press += 1) await page.keyboard.press('Escape');
    await dialog(page, 'Your recovery codes').waitFor();
    await tabTo(page, /^Done$/);
    await page.keyboard.press('Enter');
    expect(await dialog(page, 'Your recovery codes').isVisible()).toBe(true);
    await tabTo(page, /I have stored them/, 'Shift+Tab');
    await page.keyboard.press('Space');
    await tabTo(page, /^Done$/);
    await page.keyboard.press('Enter');
    await dialog(page, 'Your recovery codes').waitFor({ state: 'detached' });
    await eventually(() => announced(page)).toBe('Authenticator set up');
    expect(await focusedName(page)).toBe('Authenticator application');
    await page.getByText('9 recovery codes are left').waitFor();
  });

  test('neither key nor codes stay anywhere once the step is over', async () => {
    const { page, bridge } = await renderer.show(identity.withoutFactor);
    bridge.answer({
      enrolTotp: () => identity.enrolment,
      confirmTotp: () => ({ recoveryCodes: identity.recoveryCodes }),
    });
    await goTo(page, 'Security');
    await page.getByRole('button', { name: 'Set up an authenticator' }).click();
    await page.getByLabel('Six digits').fill('492039');
    expect(await kept(page)).toContain(identity.enrolment.key);
    await page.keyboard.press('Enter');
    await dialog(page, 'Your recovery codes').waitFor();
    expect(await kept(page)).not.toContain(identity.enrolment.key);
    expect(await kept(page)).not.toContain('492039');
    expect(await kept(page)).toContain(identity.recoveryCodes[0]);
    await page.getByLabel('I have stored them').check();
    await page.getByRole('button', { name: 'Done' }).click();
    for (const secret of [...identity.recoveryCodes, identity.enrolment.key, 'secret='])
      expect(await kept(page)).not.toContain(secret);

    await bridge.push(identity.withoutFactor);
    await page.getByRole('button', { name: 'Set up an authenticator' }).click();
    await page.getByTestId('key').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    expect(await kept(page)).not.toContain(identity.enrolment.key);
    expect(await focusedName(page)).toBe('Authenticator application');
  });

  test('recovery codes are copied as lines, and printed alone', async () => {
    const { page, bridge } = await renderer.show(identity.withoutFactor);
    bridge.answer({
      enrolTotp: () => identity.enrolment,
      confirmTotp: () => ({ recoveryCodes: identity.recoveryCodes }),
    });
    await goTo(page, 'Security');
    await page.getByRole('button', { name: 'Set up an authenticator' }).click();
    await page.getByLabel('Six digits').fill('492039');
    await page.keyboard.press('Enter');
    const codes = dialog(page, 'Your recovery codes');
    await page.evaluate(() =>
      document.addEventListener('copy', () => {
        document.documentElement.dataset['copied'] = String(getSelection());
      }),
    );
    await codes.getByRole('button', { name: 'Copy' }).click();
    await eventually(() => page.evaluate(() => document.documentElement.dataset['copied'])).toBe(
      identity.recoveryCodes.join('\n'),
    );
    expect(await codes.getByRole('button', { name: 'Copied' }).count()).toBe(1);
    await page.emulateMedia({ media: 'print' });
    expect(await codes.getByText(identity.recoveryCodes[9] ?? '').isVisible()).toBe(true);
    expect(await page.getByRole('heading', { name: 'Security' }).isVisible()).toBe(false);
  });

  test('the QR code is read from the screen: light, dark, forced colours, narrow', async () => {
    for (const options of [
      { colorScheme: 'light' },
      { colorScheme: 'dark' },
      { colorScheme: 'dark', forcedColors: 'active' },
      { colorScheme: 'dark', viewport: { width: 210, height: 700 }, deviceScaleFactor: 2 },
    ] as const) {
      const { page, bridge, complaints } = await renderer.show(identity.withoutPhone, options);
      bridge.answer({ enrolTotp: () => identity.enrolment, enrolPush: () => identity.phoneEnrolment });
      await goTo(page, 'Security');
      for (const [button, offer] of [
        ['Set up another one', identity.enrolment],
        ['Set up a phone', identity.phoneEnrolment],
      ] as const) {
        await page.getByRole('button', { name: button }).click();
        await page.getByLabel(/^Code of/).fill('123456');
        await page.keyboard.press('Enter');
        const picture = page.getByRole('img', { name: 'QR code' });
        await picture.waitFor();
        expect(await scan(picture), JSON.stringify(options)).toEqual({
          text: offer.uri,
          quietZone: [255, 255, 255],
        });
        expect(await page.getByTestId('key').innerText()).toBe(offer.key);
        await page.getByRole('button', { name: 'Cancel' }).click();
      }
      expect(complaints).toEqual([]);
      await page.context().close();
    }
  });

  test('a phone is set up with a code and the number test, and removed with a code', async () => {
    const { page, bridge } = await renderer.show(identity.withoutPhone);
    let finish = (): void => {};
    bridge.answer({
      enrolPush: () => identity.phoneEnrolment,
      confirmPush: () =>
        new Promise<undefined>((resolve) => {
          finish = () => resolve(undefined);
        }),
    });
    await goTo(page, 'Security');
    await page.getByRole('button', { name: 'Set up a phone' }).click();
    await page.keyboard.type('123456');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Send the request' }).click();
    await page.getByRole('button', { name: 'Waiting for the phone…' }).waitFor();
    await bridge.push(identity.phoneTest);
    expect(await page.getByTestId('phone-number').innerText()).toBe('83');
    await eventually(() => announced(page)).toBe('Choose 83 on your phone');
    await bridge.push(identity.withFactors);
    finish();
    await eventually(() => announced(page)).toBe('Phone set up');

    await page.getByRole('button', { name: 'Remove the phone' }).click();
    await page.keyboard.type('654321');
    await page.keyboard.press('Enter');
    await eventually(() => announced(page)).toBe('Phone removed');
    expect(bridge.calls.slice(-3)).toEqual([
      { action: 'enrolPush', request: { code: '123456' } },
      { action: 'confirmPush', request: {} },
      { action: 'removePush', request: { code: '654321' } },
    ]);
  });

  test('an authenticator is removed with a code of it; a wrong one says so and leaves it', async () => {
    const { page, bridge } = await renderer.show(identity.withFactors);
    bridge.answer({ removeTotp: wrongCode });
    await goTo(page, 'Security');
    await page.getByRole('button', { name: 'Remove the authenticator' }).click();
    await page.keyboard.press('Enter');
    await page.getByText('Enter a code first.').waitFor();
    expect(bridge.calls.map(({ action }) => action)).not.toContain('removeTotp');
    await page.keyboard.type('111111');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'The code is wrong.' }).waitFor();
    bridge.answer({ removeTotp: () => undefined });
    await page.keyboard.type('222222');
    await page.keyboard.press('Enter');
    await eventually(() => announced(page)).toBe('Authenticator removed');
  });

  test('a prompt takes the focus, keeps a wrong code open, takes a pasted one, and gives the focus back', async () => {
    const { page, bridge } = await renderer.show(identity.withFactors);
    const copy = page.getByRole('button', { name: 'Copy command for Sales warehouse' });
    await copy.focus();
    bridge.answer({ answerPrompt: wrongCode });
    await bridge.push(identity.prompted);
    const prompt = dialog(page, 'Second factor for Sales warehouse');
    await prompt.waitFor();
    expect(await focusedName(page)).toBe('Code of your authenticator');
    await expectVisibleFocus(page);
    // What was being typed elsewhere when it came up answers nothing.
    await page.keyboard.press('Enter');
    await prompt.getByText('Enter a code first.').waitFor();
    expect(bridge.calls.map(({ action }) => action)).not.toContain('answerPrompt');

    await page.keyboard.type('000000');
    await page.keyboard.press('Enter');
    await prompt.getByRole('alert').filter({ hasText: 'The code is wrong.' }).waitFor();
    await eventually(() => focusedName(page)).toBe('Code of your authenticator');
    expect(await prompt.getByLabel('Code of your authenticator').inputValue()).toBe('');

    bridge.answer({
      async answerPrompt() {
        await bridge.push(identity.withFactors);
        return undefined;
      },
    });
    const code = '7K3M-9Q2X-5V8B-1N4C-6Z0W-RRR0';
    await page.evaluate((text) => {
      const data = new DataTransfer();
      data.setData('text/plain', text);
      const paste = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
      // A script's paste event inserts nothing by itself; a page that refuses pasting would cancel it.
      if (document.activeElement?.dispatchEvent(paste) === true)
        document.execCommand('insertText', false, text);
    }, ` ${code}\n`);
    await page.keyboard.press('Enter');
    await prompt.waitFor({ state: 'detached' });
    expect(bridge.calls.at(-1)).toEqual({ action: 'answerPrompt', request: { id: 'p1', code } });
    expect(await focusedName(page)).toBe('Copy command for Sales warehouse');
    await eventually(() => announced(page)).toBe('Accepted. The login goes on.');
    expect(await kept(page)).not.toContain(code);
  });

  test('several prompts come one after the other; deny is for the one that is shown', async () => {
    const { page, bridge } = await renderer.show(identity.twoPrompts);
    const first = dialog(page, 'Second factor for Sales warehouse');
    const second = dialog(page, 'Second factor for Orders, production');
    await first.waitFor();
    expect(await page.getByRole('dialog').count()).toBe(1);
    expect(await first.getByText('One more waits after this one').count()).toBe(1);
    await tabTo(page, /^Deny$/);
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await eventually(() => bridge.calls.at(-1)).toEqual({ action: 'denyPrompt', request: { id: 'p1' } });
    await bridge.push(identity.secondPromptOnly);
    await second.waitFor();
    expect(await page.getByRole('dialog').count()).toBe(1);
    expect(await focusedName(page)).toBe('Code of your authenticator');
    expect(await second.innerText()).toContain('gives no name');
    expect(await second.innerText()).toContain('unknown program');
    expect(await second.innerText()).toContain('this computer (unix socket)');
    expect(await second.getByRole('button', { name: 'Ask my phone' }).count()).toBe(0);
    await bridge.push(identity.withFactors);
    await second.waitFor({ state: 'detached' });
  });

  test('the phone is asked, its number is large and announced, its failure is told', async () => {
    const { page, bridge } = await renderer.show(identity.prompted);
    let fail = (): void => {};
    bridge.answer({
      askPhone: () =>
        new Promise<undefined>((_resolve, reject) => {
          fail = () => reject(new LatchkeyError('mfa-expired', 'Nobody has answered on the phone.'));
        }),
    });
    await page.getByRole('button', { name: 'Ask my phone' }).click();
    await bridge.push(identity.phoneAsked);
    const number = page.getByTestId('phone-number');
    expect(await number.innerText()).toBe('47');
    expect(
      await number.evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize)),
    ).toBeGreaterThan(40);
    const field = await page.getByLabel('Code of your authenticator').boundingBox();
    const place = await number.boundingBox();
    expect(place && field && place.y + place.height < field.y).toBe(true);
    await eventually(() => page.getByRole('dialog').locator('output').last().innerText()).toBe(
      'Choose 47 on your phone',
    );
    // A code is still taken meanwhile.
    await page.getByLabel('Code of your authenticator').fill('123456');
    await page.keyboard.press('Enter');
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'answerPrompt',
      request: { id: 'p1', code: '123456' },
    });
    await bridge.push(identity.prompted);
    fail();
    await page.getByRole('alert').filter({ hasText: 'Nobody has answered on the phone.' }).waitFor();
    await page.getByRole('button', { name: 'Ask my phone' }).waitFor();
  });

  test('a prompt that was put off stays in sight and comes back with the window', async () => {
    const { page, bridge } = await renderer.show(identity.prompted);
    const prompt = dialog(page, 'Second factor for Sales warehouse');
    await prompt.waitFor();
    await page.keyboard.press('Escape');
    await prompt.waitFor({ state: 'detached' });
    for (const place of ['Activity', 'Doctor', 'Access']) {
      await goTo(page, place);
      await page.getByText('A login is waiting for your second factor').waitFor();
    }
    // The next snapshot of the same prompt does not bring it back by itself.
    await bridge.push(identity.prompted);
    expect(await prompt.count()).toBe(0);
    await page.getByRole('button', { name: 'Answer' }).click();
    await prompt.waitFor();
    await page.getByRole('button', { name: 'Not now' }).click();
    await prompt.waitFor({ state: 'detached' });
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    await prompt.waitFor();
    expect(bridge.calls.map(({ action }) => action)).not.toContain('denyPrompt');
    await bridge.push(identity.withFactors);
    await prompt.waitFor({ state: 'detached' });
    expect(await page.getByText('A login is waiting').count()).toBe(0);
  });

  test('names in a prompt stay text in an isolate of their own', async () => {
    const { page, complaints } = await renderer.show(identity.hostilePrompt);
    const prompt = page.getByRole('dialog');
    expect(await prompt.locator('img, script').count()).toBe(0);
    expect(await prompt.innerText()).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    expect(await prompt.locator('dd bdi').allInnerTexts()).toContain(states.hostileNames.html);
    expect(await page.title()).toBe('Latchkey');
    expect(complaints).toEqual([]);
  });

  test('the end of a prompt is told in time', async () => {
    const { page } = await renderer.show(identity.prompted);
    const timer = page.getByRole('dialog').getByRole('timer');
    expect(await timer.innerText()).toBe('Can be answered for another 2:30');
    await page.clock.setFixedTime(states.moment + 125_000);
    await eventually(() => timer.innerText()).toBe('Can be answered for another 0:25');
    await eventually(() => page.getByRole('dialog').locator('output').last().innerText()).toBe(
      'The prompt can be answered for half a minute more',
    );
  });
});
