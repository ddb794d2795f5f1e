import type { Page } from 'playwright-core';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { parts, describeWith } from '../support/parts.ts';
import * as connections from './connection-states.ts';
import { checkScreens, eachScreen, place, press, type Screen } from './each-screen.ts';
import type { FakeBridge } from './fake-bridge.ts';
import * as states from './states.ts';
import { openConnection } from './walk.ts';

async function open(page: Page, bridge: FakeBridge, read = connections.written): Promise<void> {
  bridge.answer({ readConnections: () => read, listSecrets: () => connections.passwords });
  await place('Connections')(page);
  await page.getByRole('button', { name: 'Add a connection' }).waitFor();
}

const screens: Screen[] = [
  {
    name: 'access-lacks',
    state: connections.lacking,
    shows: [
      'Not ready',
      'cannot be reached. Join the network (VPN).',
      'The password of sales_reader is not stored.',
      'latchkey secret set sales-key < key.pem',
      'The vault does not answer.',
      'Set one up',
    ],
    open: (page) => openConnection(page, 'Sales warehouse'),
  },
  {
    name: 'access-unknown',
    state: connections.lacking,
    shows: ['Not looked at yet', 'Nobody has looked yet', 'Look now'],
    open: (page) => openConnection(page, 'Orders, production'),
  },
  {
    name: 'connections',
    state: states.signedIn,
    shows: [
      'Sales warehouse',
      'db.contoso.example, by the way that the file names',
      'Sales analysts as sales_reader · password stored',
      'Database operators as sales_owner · password not stored',
      'sql1, sql2:1434',
      'Not in use yet',
      'as the file says',
    ],
    open,
  },
  {
    name: 'connections-empty',
    state: states.signedIn,
    shows: ['No connection is set up yet', 'Add a connection', 'Import'],
    open: (page, bridge) => open(page, bridge, connections.empty),
  },
  {
    name: 'connections-hostile',
    state: states.signedIn,
    shows: [states.hostileNames.html],
    open: (page, bridge) => open(page, bridge, connections.hostile),
  },
  {
    name: 'connection-add',
    state: states.signedIn,
    shows: [
      '5 fields need another value.',
      'Enter the name of the server.',
      'Look the group up, and choose it.',
      'Nothing has been changed yet.',
      'Encryption to the server',
    ],
    async open(page, bridge) {
      await open(page, bridge);
      await press(page, 'Add a connection');
      await press(page, 'Add connection');
    },
  },
  {
    name: 'connection-group',
    state: states.signedIn,
    shows: ['Data Analysts', 'Details', 'Password'],
    async open(page, bridge) {
      bridge.answer({
        findGroups: () => ({
          groups: [
            { id: '6b1e4a2c-0000-4000-8000-000000000001', name: 'Data Analysts' },
            { id: '6b1e4a2c-0000-4000-8000-000000000002', name: states.hostileNames.html },
          ],
        }),
      });
      await open(page, bridge);
      await press(page, 'Add a connection');
      await page.getByLabel('Directory group').fill('Data');
      await page.keyboard.press('Enter');
    },
  },
  {
    name: 'connection-edit',
    state: states.signedIn,
    shows: ['One field needs another value.', 'Must be an address', 'Rule 2', 'One is stored.'],
    async open(page, bridge) {
      bridge.answer({
        saveConnections() {
          throw new LatchkeyError(
            'config-invalid',
            'The configuration /etc/latchkey/latchkey.yaml has a fault:\n  line 9: connections[0].upstream.host ("!"): must be an address',
          );
        },
      });
      await open(page, bridge);
      await press(page, 'Edit sales');
      await page.getByLabel('Host', { exact: true }).fill('!');
      await press(page, 'Save');
    },
  },
  {
    name: 'connection-tested',
    state: states.signedIn,
    shows: ['17.2 (Debian 17.2-1)', 'CN=db.contoso.example', 'sha256:5e1f', 'Store the right password.'],
    async open(page, bridge) {
      bridge.answer({ testConnection: () => connections.tested });
      await open(page, bridge);
      await press(page, 'Test sales');
    },
  },
  {
    name: 'connection-testing',
    state: states.signedIn,
    shows: ['Dialling the server…', 'Cancel'],
    async open(page, bridge) {
      bridge.answer({ testConnection: () => new Promise(() => undefined) });
      await open(page, bridge);
      await press(page, 'Test sales');
    },
  },
  {
    name: 'connection-password',
    state: states.signedIn,
    shows: ['Whose', 'Password of role sales_owner', 'never shown again'],
    async open(page, bridge) {
      await open(page, bridge);
      await press(page, 'Passwords of sales');
    },
  },
  {
    name: 'connection-import',
    state: states.signedIn,
    shows: [
      'Import 2 connections',
      'postgresql at dwh.contoso.example:6432',
      'sales is there already',
      'Oracle HR is left out',
      'has a password in the list',
    ],
    async open(page, bridge) {
      bridge.answer({ readImport: () => connections.imported });
      await open(page, bridge);
      await press(page, 'Import');
      await press(page, 'Choose a file…');
    },
  },
  {
    name: 'connection-export',
    state: states.signedIn,
    shows: ['All of them', 'For a colleague', 'Choose where…'],
    async open(page, bridge) {
      await open(page, bridge);
      await press(page, 'Export');
    },
  },
  {
    name: 'connection-remove',
    state: states.signedIn,
    shows: ['Remove this connection?', 'is taken out of the configuration file'],
    async open(page, bridge) {
      await open(page, bridge);
      await press(page, 'Remove payroll');
    },
  },
  {
    name: 'connection-saved',
    state: states.signedIn,
    shows: ['Saved: dwh (port 15432)', 'It counts from now on.', 'The password is not kept'],
    async open(page, bridge) {
      bridge.answer({
        saveConnections: () => ({
          ...connections.saved,
          notStored: { code: 'seal-unavailable', message: 'The password is not kept.' },
        }),
      });
      await open(page, bridge);
      await press(page, 'Edit sales');
      await press(page, 'Save');
    },
  },
];

describeWith([parts.pageEngine], eachScreen, () =>
  checkScreens(screens, ['connections', 'connection-add', 'connection-import']),
);
