import { expect, test, vi } from 'vitest';
import type { ActionReply } from '../../main/contract/action-schemas.ts';
import type { AppState } from '../../main/contract/state.ts';
import { describeWith, parts } from '../support/parts.ts';
import { startRenderer } from './browser.ts';
import * as connections from './connection-states.ts';
import { checkScreens, place, press, type Screen } from './each-screen.ts';
import type { FakeBridge } from './fake-bridge.ts';
import * as identity from './identity-states.ts';
import * as states from './states.ts';
import { useAll } from '../support/use-all.ts';
import { goTo } from './walk.ts';

const organisationSettings = {
  origin: '/etc/latchkey/organisation.yaml',
  locked: ['session.deadline', 'connections.*.rules'],
  forbid: ['providers' as const, 'connections' as const],
  ignored: [
    'session.deadline (line 12) does not count: your organisation has locked session.deadline (/etc/latchkey/organisation.yaml, line 2)',
  ],
};
const of = (state: AppState): AppState => ({ ...state, organisationSettings });

const [sales, payroll] = connections.written.connections;
if (sales === undefined || payroll === undefined) throw new Error('no connections to show');
const written: ActionReply<'readConnections'> = {
  ...connections.written,
  connections: [
    { ...sales, organisation: { locked: ['rules', 'upstream'], isAdapted: true } },
    { ...payroll, name: 'ledger', counts: true, organisation: { locked: [''], isAdapted: false } },
    {
      ...payroll,
      ignored:
        'connections.payroll (line 3) does not count: your organisation allows no connections of your own, or changes of its own',
    },
  ],
};
const [first, ...others] = identity.chain.providers;
if (first === undefined) throw new Error('no provider to show');
const chain = of({
  ...identity.chain,
  providers: [{ ...first, organisation: { locked: [''] } }, ...others],
});

const answer = (bridge: FakeBridge): void =>
  bridge.answer({
    readConnections: () => written,
    listSecrets: () => connections.passwords,
    saveConnections: () => connections.saved,
  });

const screens: Screen[] = [
  {
    name: 'organisation-settings',
    state: of(states.signedIn),
    shows: [
      'Your organisation',
      '/etc/latchkey/organisation.yaml',
      'session.deadline',
      'providers of your own',
    ],
    open: place('Settings'),
  },
  {
    name: 'organisation-connections',
    state: of(states.signedIn),
    shows: ['of your organisation', 'Does not count', 'allows no connections but its own'],
    async open(page, bridge) {
      answer(bridge);
      await place('Connections')(page);
    },
  },
  {
    name: 'organisation-connection-edit',
    state: of(states.signedIn),
    shows: ['Your organisation has set the rules'],
    async open(page, bridge) {
      answer(bridge);
      await place('Connections')(page);
      await press(page, 'Edit sales');
    },
  },
  {
    name: 'organisation-providers',
    state: chain,
    shows: ['of your organisation', 'allows no providers but its own'],
    open: place('Providers'),
  },
];

describeWith([parts.pageEngine], 'settings of an organisation in the window', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const renderer = useAll(startRenderer);
  checkScreens(screens, []);

  test('of connections, what is locked or forbidden is not offered', async () => {
    const { page, bridge } = await renderer.show(of(states.signedIn));
    answer(bridge);
    await goTo(page, 'Connections');
    await page.getByRole('heading', { name: 'Sales warehouse' }).waitFor();
    const names = await page.getByRole('main').getByRole('button').allInnerTexts();
    expect(names).toEqual(['Export', 'Edit', 'Test', 'Passwords', 'Take back changes', 'Test', 'Remove']);

    await press(page, 'Edit sales');
    await page.getByText('Your organisation has set the rules').waitFor();
    expect(await page.getByLabel('Host').getAttribute('readonly')).not.toBeNull();
    expect(await page.getByLabel('TLS').isDisabled()).toBe(true);
    expect(await page.getByRole('button', { name: 'Add another rule' }).count()).toBe(0);
    await page.getByLabel('Local port').fill('7432');
    await press(page, 'Save');
    const saved = () => bridge.calls.filter(({ action }) => action === 'saveConnections');
    await expect.poll(saved).toHaveLength(1);
    expect(JSON.stringify(saved()[0]?.request)).toContain('"is":"there","settings":{"port":7432}');
  });

  test('a provider of the organisation is neither turned off, edited nor removed', async () => {
    const { page } = await renderer.show(chain);
    await goTo(page, 'Providers');
    await page.getByRole('heading', { name: first.name }).waitFor();
    for (const name of [`Edit ${first.name}`, `Remove ${first.name}`, 'Add a provider'])
      expect(await page.getByRole('button', { name }).count(), name).toBe(0);
    expect(await page.getByLabel(`${first.name} is turned on`).count()).toBe(0);
    await page.getByRole('button', { name: `Check ${first.name}` }).waitFor();
  });
});
