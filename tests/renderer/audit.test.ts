import type { Page } from 'playwright-core';
import { expect, test, vi } from 'vitest';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { auditOf, changed, whole } from './audit-states.ts';
import { startRenderer } from './browser.ts';
import { checkScreens, eachScreen, place, press } from './each-screen.ts';
import type { FakeBridge } from './fake-bridge.ts';
import * as states from './states.ts';
import { announced, eventually, focusedName, goTo, tabTo } from './walk.ts';

const open = async (page: Page, bridge: FakeBridge, records = 100_000): Promise<void> => {
  bridge.answer({ readAudit: auditOf(records), verifyAudit: () => whole });
  await place('Audit')(page);
};

describeWith([parts.pageEngine], `the audit, ${eachScreen}`, () =>
  checkScreens(
    [
      {
        name: 'audit',
        state: states.signedIn,
        shows: ['Login refused', 'Second factor accepted', 'Sales warehouse', '10 records'],
        open: (page, bridge) => open(page, bridge, 10),
      },
      {
        name: 'audit-record',
        state: states.signedIn,
        shows: [
          'The audit is whole: 100000 records',
          'process path',
          '/usr/share/dbeaver-ce/dbeaver',
          'token-expired',
        ],
        async open(page, bridge) {
          await open(page, bridge, 10);
          await press(page, 'Check the chain');
          await page.locator('summary').first().click();
        },
      },
      {
        name: 'audit-changed',
        state: states.signedIn,
        shows: [
          'The audit was changed: audit-000003.jsonl, line 42',
          'audit-000003.jsonl, line 43',
          'Compare with a backup',
        ],
        async open(page, bridge) {
          await open(page, bridge, 10);
          bridge.answer({ verifyAudit: () => changed });
          await press(page, 'Check the chain');
        },
      },
      {
        name: 'audit-nothing',
        state: states.signedIn,
        shows: ['No such records', 'Show all records'],
        async open(page, bridge) {
          await open(page, bridge, 10);
          await page.getByLabel('Search').fill('no such words');
        },
      },
      {
        name: 'audit-between',
        state: states.signedIn,
        shows: ['From', 'Up to and with'],
        async open(page, bridge) {
          await open(page, bridge, 10);
          await page.getByLabel('When').selectOption('Between two days');
        },
      },
    ],
    ['audit'],
  ),
);

describeWith([parts.pageEngine], 'the audit in the window', () => {
  vi.setConfig({ testTimeout: 120_000 });
  const renderer = useAll(startRenderer);
  const asked = (bridge: FakeBridge) =>
    bridge.calls.flatMap(({ action, request }) => (action === 'readAudit' ? [request] : []));
  const rows = (page: Page) =>
    page.getByRole('list', { name: 'Records, the newest first' }).locator('summary');

  test('100,000 records are turned over by keyboard, and never more than a page is in the window', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    await open(page, bridge);
    await eventually(() => rows(page).count()).toBe(50);
    expect(asked(bridge)).toEqual([{ limit: 50 }]);
    await eventually(() => announced(page)).toContain('50 records on page 1');
    await rows(page).last().focus();
    await tabTo(page, /^Older$/);
    await page.keyboard.press('Enter');
    await eventually(() => asked(bridge).at(-1)).toEqual({ limit: 50, before: '1:99950' });
    await eventually(() => announced(page)).toContain('50 records on page 2');
    expect(await rows(page).count()).toBe(50);
    await rows(page).first().click();
    expect(await page.locator('details[open] dd').first().innerText()).toBe('99950');
    await press(page, 'Newer');
    await eventually(() => announced(page)).toContain('on page 1');
    await press(page, /^Older$/);
    await press(page, /^Older$/);
    await eventually(() => announced(page)).toContain('on page 3');
    await press(page, 'To the newest');
    await eventually(() => announced(page)).toContain('on page 1');
  });

  test('filters are sent along, begin at the newest record, and are taken away at once', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    await open(page, bridge);
    await press(page, /^Older$/);
    await page.getByLabel('Connection').selectOption('Sales warehouse');
    await page.getByLabel('What', { exact: true }).selectOption('Database logins');
    await page.getByLabel('Only what was refused').check();
    await page.getByLabel('Person').fill(' adele ');
    await page.getByLabel('When').selectOption('The last hour');
    const filter = {
      connection: 'sales',
      kind: 'logins',
      refused: true,
      person: 'adele',
      since: states.at(-60),
    };
    await eventually(() => asked(bridge).at(-1)).toEqual({ ...filter, limit: 50 });
    await page.getByLabel('When').selectOption('Between two days');
    await page.getByLabel('From').fill('2026-03-01');
    await page.getByLabel('Up to and with').fill('2026-03-02');
    const days = { ...filter, since: '2026-03-01T00:00:00.000Z', until: '2026-03-03T00:00:00.000Z' };
    await eventually(() => asked(bridge).at(-1)).toEqual({ ...days, limit: 50 });
    bridge.answer({ saveAudit: () => ({ path: '/home/adele/audit.jsonl', records: 312 }) });
    await press(page, 'Export these records…');
    await page.getByText('312 records written to /home/adele/audit.jsonl.').first().waitFor();
    expect(bridge.calls.findLast(({ action }) => action === 'saveAudit')?.request).toEqual(days);

    await page.getByLabel('Search').fill('no such words');
    await press(page, 'Show all records');
    await eventually(() => rows(page).count()).toBe(50);
    expect(asked(bridge).at(-1)).toEqual({ limit: 50 });
    expect(await page.getByLabel('Search').inputValue()).toBe('');
  });

  test('a search goes on piece by piece until it has a page, and can be stopped and taken up again', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    await open(page, bridge);
    let goOn = (): void => undefined;
    const answer = auditOf(100_000);
    const waiting: string[] = [];
    bridge.answer({
      async readAudit(request) {
        if (request.text === undefined || request.before === undefined) return answer(request);
        waiting.push(request.before);
        await new Promise<void>((resolve) => (goOn = resolve));
        return answer(request);
      },
    });
    await page.getByLabel('Search').fill('"seq":3,');
    await page.getByText('Searching, back to').waitFor();
    await eventually(() => waiting.length).toBe(1);
    await press(page, 'Stop');
    goOn();
    await page.getByText('Nothing found, back to').waitFor();
    expect(waiting).toHaveLength(1);
    await press(page, 'Search further back');
    for (const turns of [2, 3, 4, 5]) {
      await eventually(() => waiting.length).toBe(turns);
      goOn();
    }
    await eventually(() => rows(page).count()).toBe(1);
    expect(await focusedName(page)).not.toBe('');
  });

  test('a page that cannot be read says why', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    bridge.answer({
      readAudit: () => {
        throw new Error('EIO');
      },
    });
    await goTo(page, 'Audit');
    await page.getByText('Latchkey met an error it did not expect.').waitFor();
  });
});
