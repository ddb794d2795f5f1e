import { parts, describeWith } from '../support/parts.ts';
import { checkScreens, eachScreen, place, press, type Screen } from './each-screen.ts';
import * as accounts from './account-states.ts';
import * as identity from './identity-states.ts';
import * as states from './states.ts';
import { openAccounts, openConnection } from './walk.ts';

const screens: Screen[] = [
  { name: 'signed-out', state: states.signedOut, shows: ['Sign in with a code', 'contoso.example'] },
  {
    name: 'two-providers',
    state: states.twoProviders,
    shows: ['Where is your account?', 'Fabrikam (partner)'],
  },
  {
    name: 'expired-code',
    state: states.expiredCode,
    shows: [
      'The code was not entered in time.',
      'Start the sign-in again',
      'AADSTS70020',
      'correlation id 6f0d2a58',
    ],
  },
  {
    name: 'port-taken',
    state: states.portTaken,
    shows: ['taken by pgbouncer (process 812)', 'Stop that program'],
  },
  { name: 'contacting', state: states.contacting, shows: ['Contacting the directory', 'Cancel'] },
  { name: 'reading-groups', state: states.readingGroups, shows: ['Reading your groups'] },
  { name: 'restoring', state: states.restoring, shows: ['Restoring your last sign-in'] },
  {
    name: 'code',
    state: states.code,
    shows: [
      'Copy code',
      'Open sign-in page',
      'login.microsoft.com/device',
      'Valid for another 14:00',
      'Enter this code only if you started this sign-in on this computer',
      'contoso.example',
      'Details',
      'Cancel sign-in',
    ],
  },
  {
    name: 'code-page-error',
    state: states.code,
    shows: ['The page shows an error?', 'Sign in with the browser instead', '53003', '50105'],
    open: (page) => page.locator('summary', { hasText: 'shows an error' }).click(),
  },
  {
    name: 'access',
    state: states.signedIn,
    shows: [
      // In the narrow rail the words stand for screen readers alone.
      'Signed in until',
      '16:24',
      'Your connections',
      'Open to you',
      'Sales warehouse',
      '127.0.0.1:6432',
      'sales_reader',
      'Orders, production',
      '127.0.0.1:6433',
      'orders_reader',
      'No access',
      '127.0.0.1:6434',
    ],
  },
  {
    name: 'access-detail',
    state: states.busy,
    shows: [
      'MySQL/MariaDB · orders at 127.0.0.1:6433',
      'through Sales analysts, for 15 minutes',
      'through Database operators, for 5 minutes',
      'A token is valid for another 4:00',
      'psql "host=127.0.0.1 port=6433',
      'Connect a tool',
      'Test',
      'Edit',
      'Why?',
      'Live database sessions',
      'Unknown program',
    ],
    open: (page) => openConnection(page, 'Orders, production'),
  },
  {
    name: 'access-closed',
    state: states.signedIn,
    shows: ['SQL Server · payroll at 127.0.0.1:6434', 'None of your groups opens this database'],
    open: (page) => openConnection(page, 'Payroll'),
  },
  {
    name: 'access-search',
    state: states.signedIn,
    shows: ['1 found', 'Orders, production'],
    open: (page) => page.getByRole('searchbox', { name: 'Search connections' }).fill('orders mysql'),
  },
  {
    name: 'access-menu',
    state: states.signedIn,
    shows: ['Connect a tool', 'Copy command', 'Test', 'Edit'],
    open: (page) => press(page, 'More for Orders, production'),
  },
  {
    name: 'palette',
    state: states.signedIn,
    shows: ['Go to', 'Sales warehouse', 'Copy token: Orders, production, orders_owner', 'Open Activity'],
    async open(page, bridge) {
      bridge.answer({ connectTools: () => [] });
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').waitFor();
    },
  },
  {
    name: 'access-favourites',
    state: { ...states.signedIn, favourites: ['orders'] },
    shows: ['Favourites', 'Others', 'No access'],
  },
  {
    name: 'who',
    state: states.signedIn,
    shows: [
      'Adele Vance',
      'adele.vance@contoso.example · Contoso',
      'Signed in until 16:24',
      'for another 7 h 12 min',
      'Your 3 groups',
      'Sign out',
      'Add an account',
    ],
    open: openAccounts,
  },
  {
    name: 'two-accounts',
    state: accounts.troubledAccounts,
    shows: [
      'adele.vance@contoso.example',
      'adm-adele@contoso.example',
      'the directory does not answer',
      'carla@fabrikam.example: The sign-in has reached its deadline.',
      'sales_owner',
    ],
  },
  {
    name: 'who-two-accounts',
    state: accounts.troubledAccounts,
    shows: ['2 accounts', 'Adele Vance (admin)', 'for another 50 min', 'Usual account', 'Add an account'],
    open: openAccounts,
  },
  {
    name: 'keyring-locked',
    state: identity.keyringLocked,
    shows: [
      'Your stored sign-in and passwords cannot be read now',
      'The keyring of this computer is locked.',
      'Unlock the keyring',
    ],
  },
  {
    name: 'access-keyring-locked',
    state: identity.keyringLockedLater,
    shows: ['Your connections', 'The keyring of this computer is locked.', 'Unlock the keyring'],
  },
  {
    name: 'access-locked',
    state: identity.locked,
    shows: [
      'No login is let in since the screen was locked (09:00)',
      'The system has not said that the screen is unlocked again.',
      'Let logins in again',
    ],
  },
  {
    name: 'changed-configuration',
    state: states.changedConfiguration,
    shows: [
      'The configuration file has changed',
      'connection "sales": port, rules',
      '2 database sessions do not stand in it any more and end.',
      'Apply the changes',
      'counts from the next start of Latchkey',
      'api.port',
    ],
  },
  {
    name: 'faulty-configuration',
    state: states.faultyConfiguration,
    shows: ['line 12: connections[0].port must be a number', 'What counted before goes on.'],
  },
  { name: 'no-access', state: states.noAccess, shows: ['No access', 'Your connections'] },
  {
    name: 'troubled',
    state: states.troubled,
    shows: [
      'This is a local test tenant, not Microsoft',
      'The audit cannot be written because the disk is full',
      'does not take records (ECONNREFUSED). The audit has to reach it: nobody is let in from',
      'the directory does not answer',
      'taken by pgbouncer',
      'Not available',
    ],
    open: (page) => openConnection(page, 'Sales warehouse'),
  },
  {
    name: 'groups',
    state: states.someGroups,
    shows: ['Your 40 groups'],
    async open(page) {
      await openAccounts(page);
      await page.locator('summary').click();
    },
  },
  {
    name: 'activity',
    state: states.busy,
    shows: [
      'calls itself DBeaver 25.3 - Main',
      'process 4211',
      'with the saved password of DBeaver',
      'with a saved password that has been revoked',
      '48 kB sent, 7.3 MB received',
      '312 bytes sent, 0 bytes received',
      'Unknown program',
      'gives itself no name',
      'adele.vance@contoso.example',
      'connected 5 min ago',
      'End all',
      'used 2 times',
      'not used yet',
      '9:00 left',
    ],
    open: place('Activity'),
  },
  {
    name: 'activity-empty',
    state: states.signedIn,
    shows: ['Nobody is connected', 'No token is valid right now'],
    open: place('Activity'),
  },
  {
    name: 'cut-session',
    state: states.busy,
    shows: ['End this session?', 'an open transaction is rolled back'],
    async open(page) {
      await place('Activity')(page);
      await page.getByRole('button', { name: 'End the session of psql' }).click();
    },
  },
  {
    name: 'cut-all-sessions',
    state: states.busy,
    shows: ['End all sessions?', '3 database sessions end at once', 'so that tools may connect again'],
    async open(page) {
      await place('Activity')(page);
      await page.getByRole('button', { name: 'End all' }).click();
    },
  },
  {
    name: 'tools',
    state: states.busy,
    shows: [
      'A saved password is one that a tool may keep.',
      'DBeaver',
      'Sales warehouse · role sales_reader',
      'only for /usr/share/dbeaver-ce/dbeaver',
      'good until 4 May 2026',
      'made 3 Feb 2026',
      'used 5 min ago',
      'Nightly report',
      'Orders, production · default role',
      'for any program that you allow',
      'expired 10 Mar 2026',
      'not used since Latchkey started',
      'Make a saved password',
    ],
    open: place('Tools'),
  },
  {
    name: 'tools-empty',
    state: states.signedIn,
    shows: ['No tool has a saved password yet', 'Make a saved password'],
    open: place('Tools'),
  },
  {
    name: 'tools-signed-out',
    state: { ...states.signedOut, handles: states.busy.handles },
    shows: ['Sign in to make one.', 'Nightly report'],
    open: place('Tools'),
  },
  {
    name: 'tools-hostile',
    state: states.hostile,
    shows: [states.hostileNames.html, states.hostileNames.arabic],
    open: place('Tools'),
  },
  {
    name: 'handle-new',
    state: states.signedIn,
    shows: ['Enter a name first.', 'Connection', 'Role', 'found anew at each login', 'Make and copy'],
    async open(page) {
      await place('Tools')(page);
      await page.getByRole('button', { name: 'Make a saved password' }).click();
      await page.getByLabel('Connection').selectOption('Orders, production');
      await page.getByRole('button', { name: 'Make and copy' }).click();
    },
  },
  {
    name: 'handle-copied',
    state: states.busy,
    shows: [
      'The saved password for DBeaver is copied.',
      'It is not shown again.',
      'leaves the clipboard in 60 s',
    ],
    async open(page, bridge) {
      bridge.answer({ copyHandle: () => ({ id: 'h9', clearsAt: states.at(1) }) });
      await place('Tools')(page);
      await page.getByRole('button', { name: 'Make a saved password' }).click();
      await page.getByLabel('Tool').fill('DBeaver');
      await page.keyboard.press('Enter');
    },
  },
  {
    name: 'handle-revoke',
    state: states.busy,
    shows: ['Revoke this saved password?', 'What DBeaver has saved stops working for good'],
    async open(page) {
      await place('Tools')(page);
      await page.getByRole('button', { name: 'Revoke the saved password of DBeaver' }).click();
    },
  },
  {
    name: 'settings',
    state: states.troubled,
    shows: [
      'Appearance',
      'Start when I log in',
      'kept in memory only',
      'No keyring',
      'Quit Latchkey',
      'Latchkey 0.1.0',
    ],
    open: place('Settings'),
  },
  {
    name: 'hostile-names',
    state: states.hostile,
    shows: [states.hostileNames.html, states.hostileNames.arabic],
    open: (page) => page.getByRole('row').getByRole('button').first().click(),
  },
  {
    name: 'hostile-list',
    state: states.hostile,
    shows: ['nimda', states.hostileNames.html],
  },
];

describeWith([parts.pageEngine], eachScreen, () => checkScreens(screens, ['code', 'access', 'settings']));
