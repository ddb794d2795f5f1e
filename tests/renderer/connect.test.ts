import type { Page } from 'playwright-core';
import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { AppState } from '../../main/contract/state.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import { settingsOf, tools } from './connect-states.ts';
import { checkScreens, type Screen } from './each-screen.ts';
import type { FakeBridge } from './fake-bridge.ts';
import * as states from './states.ts';
import { eventually, expectVisibleFocus, focusedName, kept, openConnection, tabTo } from './walk.ts';

const said = (page: Page) => page.getByRole('dialog').locator('output').last().innerText();

async function open(page: Page, bridge: FakeBridge): Promise<void> {
  bridge.answer({ connectTools: () => tools, connectSettings: ({ tool }) => settingsOf(tool) });
  await page.getByRole('button', { name: 'Connect a tool to Sales warehouse' }).click();
}

const screens: Screen[] = [
  {
    name: 'connect-psql',
    state: states.signedIn,
    shows: [
      'Connect a tool to Sales warehouse',
      'psql, pg_dump and other programs of PostgreSQL',
      'Found on this computer',
      '~/.pg_service.conf',
      'What is yours in it stays',
      'Close',
    ],
    open,
  },
  {
    name: 'connect-dbeaver',
    state: states.signedIn,
    shows: ['Copy the password', 'For its dialog', '127.0.0.1', 'Open DBeaver', '<password>'],
    async open(page, bridge) {
      await open(page, bridge);
      await page.getByRole('radio', { name: 'DBeaver' }).check();
    },
  },
  {
    name: 'connect-written',
    state: states.signedIn,
    shows: ['Written.', '/home/adele/.pg_service.conf'],
    async open(page, bridge) {
      bridge.answer({ writeSettings: () => ({ written: ['/home/adele/.pg_service.conf'] }) });
      await open(page, bridge);
      await page.getByRole('button', { name: /^Write th/ }).click();
    },
  },
  {
    name: 'connect-failed',
    state: states.signedIn,
    shows: ['There are no settings for this.', 'Choose another.'],
    async open(page, bridge) {
      bridge.answer({
        connectTools() {
          throw new LatchkeyError('request-invalid', 'There are no settings for this.', {
            remedy: 'Choose another.',
          });
        },
      });
      await page.getByRole('button', { name: 'Connect a tool to Sales warehouse' }).click();
    },
  },
];

describeWith([parts.pageEngine], 'each state of the tool settings: accessible, whole at 200 % zoom', () =>
  checkScreens(screens, ['connect-dbeaver']),
);

describeWith([parts.pageEngine], 'settings of tools in the window', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const renderer = useAll(startRenderer);

  test('a tool that is installed comes first; texts are copied by main, files written, the tool opened', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    bridge.answer({
      connectTools: () => tools,
      connectSettings: ({ tool }) => settingsOf(tool),
      writeSettings: () => ({ written: ['/home/adele/one', '/home/adele/two'] }),
      copyHandle: () => ({ id: 'h9', clearsAt: states.at(1) }),
    });
    await tabTo(page, /Connect a tool to Sales warehouse/);
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await eventually(() => dialog.getByRole('radio', { name: 'psql' }).isChecked()).toBe(true);
    const first = await dialog.getByRole('radiogroup', { name: 'Tool' }).locator('label').allInnerTexts();
    expect(first.slice(0, 3)).toEqual([
      expect.stringContaining('Found on this computer'),
      expect.stringContaining('Found on this computer'),
      expect.not.stringContaining('Found on this computer'),
    ]);
    await dialog.getByRole('searchbox', { name: 'Search tools' }).fill('dbea');
    expect(await dialog.getByRole('radio').count()).toBe(1);
    await dialog.getByRole('radio', { name: 'DBeaver' }).check();
    const settings = settingsOf('dbeaver');
    const label = settings.texts[0]?.label ?? '';
    await dialog.getByRole('button', { name: `Copy ${label}` }).click();
    await eventually(() => said(page)).toBe(`${label} copied`);
    expect(bridge.calls.at(-1)).toEqual({
      action: 'copySetting',
      request: { connection: 'sales', tool: 'dbeaver', text: 0 },
    });

    const port = settings.fields.findIndex(({ label: one }) => one === 'Port');
    await dialog.getByRole('button', { name: 'Copy Port of the dialog' }).click();
    await eventually(() => said(page)).toBe('Port copied');
    expect(bridge.calls.at(-1)).toEqual({
      action: 'copySetting',
      request: { connection: 'sales', tool: 'dbeaver', field: port },
    });

    await dialog.getByRole('button', { name: /^Write th/ }).click();
    await dialog.getByText('/home/adele/two').waitFor();
    await eventually(() => said(page)).toBe('2 files written');
    await dialog.getByRole('button', { name: 'Copy the password for DBeaver' }).click();
    await dialog.getByText('It leaves the clipboard in 60 s').waitFor();
    expect(bridge.calls.at(-1)).toEqual({
      action: 'copyHandle',
      request: { connection: 'sales', tool: 'DBeaver' },
    });
    await tabTo(page, /Open DBeaver/);
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await eventually(() => said(page)).toBe('DBeaver is starting');
    expect(bridge.calls.slice(-1)).toEqual([
      { action: 'openTool', request: { connection: 'sales', tool: 'dbeaver' } },
    ]);
    expect(await kept(page)).not.toContain('lkh_');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await focusedName(page)).toBe('Connect a tool to Sales warehouse');
  });

  test('the settings that are shown are those of the tool that stands in the list, whichever answer comes last', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    const answers = new Map<string, () => void>();
    bridge.answer({
      connectTools: () => tools,
      async connectSettings({ tool }) {
        await new Promise<void>((resolve) => answers.set(tool, resolve));
        return settingsOf(tool);
      },
    });
    await page.getByRole('button', { name: 'Connect a tool to Sales warehouse' }).click();
    const list = page.getByRole('dialog').getByRole('radio', { name: 'DBeaver' });
    await list.waitFor();
    await eventually(() => answers.has('psql')).toBe(true);
    await list.check();
    await eventually(() => answers.has('dbeaver')).toBe(true);
    answers.get('dbeaver')?.();
    await page.getByRole('button', { name: 'Open DBeaver' }).waitFor();
    answers.get('psql')?.();
    await page.waitForTimeout(200);
    expect(await list.isChecked()).toBe(true);
    expect(await page.getByRole('button', { name: 'Open DBeaver' }).isVisible()).toBe(true);
  });

  test('where there are several roles, one may be chosen for the tool', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    bridge.answer({
      connectTools: () => tools,
      connectSettings: ({ tool }) => settingsOf(tool),
      writeSettings: () => ({ written: ['/home/adele/one'] }),
    });
    await page.getByRole('button', { name: 'Connect a tool to Sales warehouse' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: 'psql' }).waitFor();
    expect(await dialog.getByLabel('Role', { exact: true }).count()).toBe(0);
    await page.keyboard.press('Escape');
    await openConnection(page, 'Orders, production');
    await page.getByRole('button', { name: 'Connect a tool to Orders, production' }).click();
    await dialog.getByLabel('Role', { exact: true }).selectOption('orders_owner');
    await dialog.getByRole('button', { name: /^Write th/ }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'writeSettings',
      request: { connection: 'orders', tool: 'psql', role: 'orders_owner' },
    });
  });

  test('what cannot be written says why, and nothing is called written', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    bridge.answer({
      writeSettings() {
        throw new LatchkeyError('command-failed', 'The file cannot be understood.', {
          remedy: 'Correct line 3.',
        });
      },
    });
    await open(page, bridge);
    await page.getByRole('button', { name: /^Write th/ }).click();
    await page.getByRole('alert').filter({ hasText: 'The file cannot be understood.' }).waitFor();
    expect(await page.getByText('Written.').count()).toBe(0);
  });

  test('names in settings stay text in an isolate of their own', async () => {
    const hostile: AppState = {
      ...states.signedIn,
      connections: states.signedIn.connections.map((connection) => ({
        ...connection,
        title: states.hostileNames.bidi,
      })),
    };
    const { page, bridge, complaints } = await renderer.show(hostile);
    const settings = settingsOf('dbeaver');
    bridge.answer({
      connectTools: () => [{ id: 'x', title: states.hostileNames.bidi, installed: true }],
      connectSettings: () => ({
        ...settings,
        title: states.hostileNames.bidi,
        steps: [states.hostileNames.html],
        fields: Object.values(states.hostileNames).map((value) => ({ label: value, value })),
        texts: [
          {
            label: states.hostileNames.arabic,
            language: 'sh',
            text: `one\n${states.hostileNames.bidi}\n\ttwo`,
          },
        ],
        files: [{ path: states.hostileNames.long, note: states.hostileNames.bidi }],
      }),
    });
    await page
      .getByRole('button', { name: /^Connect a tool/ })
      .first()
      .click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('two').waitFor();
    expect(await dialog.innerText()).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    expect(await dialog.locator('img, script').count()).toBe(0);
    expect(await dialog.locator('pre').innerText()).toBe('one\n\uFFFDnimda\uFFFD \uFFFDgpj.exe\n  two');
    expect(await page.title()).toBe('Latchkey');
    expect(complaints).toEqual([]);
  });
});
