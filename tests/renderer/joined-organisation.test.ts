import { expect, test } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { AppState } from '../../main/contract/state.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import { checkScreens, place, press, type Screen } from './each-screen.ts';
import { noProvider } from './identity-states.ts';
import { at, signedOut } from './states.ts';

const fingerprint = 'Qk3w9hG0cF2mXo7yVbN1uZ5tRj8pLdE4sA6iKqWgHxY';
const address = `https://settings.fabrikam.example/latchkey.jws#${fingerprint}`;
const found = {
  organisation: 'Fabrikam',
  url: 'https://settings.fabrikam.example/latchkey.jws',
  fingerprint,
  serial: 7,
  issuedAt: at(-60),
  hash: 'h7',
  sets: ['Database "sales": postgresql at db.fabrikam.example.', 'You cannot change: session.deadline.'],
};
const bundleFile = { path: '/media/stick/fabrikam.jws', address: 'file:///media/stick/fabrikam.jws' };
const { organisation: name, hash: _, sets: __, ...rest } = found;
const joined: AppState = {
  ...signedOut,
  joinedOrganisation: {
    name,
    ...rest,
    joinedAt: at(-50),
    counts: true,
    problem: {
      code: 'bundle-unreachable',
      message: "The organisation's bundle could not be fetched from settings.fabrikam.example (HTTP 404).",
    },
  },
};

const screens: Screen[] = [
  {
    name: 'join-by-link',
    state: { ...noProvider, link: { kind: 'join', address } },
    shows: ['Join an organisation', 'Take it only from somebody whom you know', 'Show what it sets'],
  },
  {
    name: 'join-decision',
    state: { ...noProvider, link: { kind: 'join', address } },
    shows: ['Fabrikam', fingerprint, 'You cannot change: session.deadline.', 'without asking you'],
    async open(page, bridge) {
      bridge.answer({ lookAtOrganisation: () => found });
      await press(page, 'Show what it sets');
    },
  },
  {
    name: 'join-by-file',
    state: noProvider,
    shows: ['/media/stick/fabrikam.jws', 'Fingerprint of its key', 'Choose another file…'],
    answers: { chooseBundle: () => ({ file: bundleFile }) },
    async open(page) {
      await press(page, 'Join your organisation…');
      await press(page, 'Choose a file instead…');
    },
  },
  {
    name: 'joined-organisation',
    state: joined,
    shows: ['Fabrikam', 'Serial number 7', fingerprint, 'could not be fetched', 'Leave…'],
    open: place('Settings'),
  },
];

describeWith([parts.pageEngine], 'an organisation', () => {
  checkScreens(screens, []);
  const renderer = useAll(startRenderer);

  test('is joined at the first start: pasted, shown, and joined as it was shown', async () => {
    const { page, bridge } = await renderer.show(noProvider);
    bridge.answer({ lookAtOrganisation: () => found, joinOrganisation: () => ({ organisation: name }) });
    await press(page, 'Join your organisation…');
    await page.locator('dialog').waitFor();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('dialog').innerText()).toContain('Paste the address');
    await page.getByLabel('Address', { exact: true }).fill(` ${address} `);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Join', exact: true }).click();
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(bridge.calls.filter(({ action }) => action.endsWith('Organisation'))).toEqual([
      { action: 'lookAtOrganisation', request: { address } },
      { action: 'joinOrganisation', request: { address, hash: 'h7' } },
    ]);
  });

  test('is joined by a file that was chosen, with the fingerprint beside it', async () => {
    const { page, bridge } = await renderer.show(noProvider);
    bridge.answer({
      chooseBundle: () => ({}),
      lookAtOrganisation: () => found,
      joinOrganisation: () => ({ organisation: name }),
    });
    await press(page, 'Join your organisation…');
    await press(page, 'Choose a file instead…');
    await expect.poll(() => bridge.calls.at(-1)?.action).toBe('chooseBundle');
    expect(await page.getByLabel('Address', { exact: true }).count()).toBe(1);
    bridge.answer({ chooseBundle: () => ({ file: bundleFile }) });
    await press(page, 'Choose a file instead…');
    await page.getByText(bundleFile.path).waitFor();
    await press(page, 'Show what it sets');
    await expect.poll(() => page.locator('dialog').innerText()).toContain('Paste the fingerprint');
    await page.getByLabel('Fingerprint of its key').fill(fingerprint);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Join', exact: true }).click();
    await page.locator('dialog').waitFor({ state: 'detached' });
    const whole = `${bundleFile.address}#${fingerprint}`;
    expect(bridge.calls.filter(({ action }) => action.endsWith('Organisation'))).toEqual([
      { action: 'lookAtOrganisation', request: { address: whole } },
      { action: 'joinOrganisation', request: { address: whole, hash: 'h7' } },
    ]);
  });

  test('that a link names is not even looked at before the person says so; Escape takes the link away', async () => {
    const { page, bridge } = await renderer.show({ ...noProvider, link: { kind: 'join', address } });
    await expect.poll(() => page.getByLabel('Address', { exact: true }).inputValue()).toBe(address);
    await page.keyboard.press('Escape');
    await expect.poll(() => bridge.calls.map(({ action }) => action)).toContain('dismissLink');
    expect(bridge.calls.some(({ action }) => action.endsWith('Organisation'))).toBe(false);
  });

  test('that cannot be verified is refused with its reason', async () => {
    const { page, bridge } = await renderer.show({ ...noProvider, link: { kind: 'join', address } });
    bridge.answer({
      lookAtOrganisation() {
        throw new LatchkeyError('bundle-wrong-key', 'The bundle is signed with another key.', {
          remedy: 'Ask for the address.',
        });
      },
    });
    await press(page, 'Show what it sets');
    await expect.poll(() => page.locator('dialog').innerText()).toContain('signed with another key');
    expect(await page.getByRole('button', { name: 'Join', exact: true }).count()).toBe(0);
  });

  test('is left in the settings, after a question', async () => {
    const { page, bridge } = await renderer.show(joined);
    bridge.answer({ leaveOrganisation: () => ({ organisation: name }) });
    await place('Settings')(page);
    await press(page, 'Leave…');
    await page.getByRole('button', { name: 'Leave', exact: true }).click();
    await expect.poll(() => bridge.calls.map(({ action }) => action)).toContain('leaveOrganisation');
  });
});
