import type { Page } from 'playwright-core';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { parts, describeWith } from '../support/parts.ts';
import { checkScreens, place, type Screen } from './each-screen.ts';
import * as identity from './identity-states.ts';
import * as states from './states.ts';

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
      '3f8c2b71-94a6-4a0e-b1f7-2c5d6e7f8a90',
      'Cancel sign-in',
    ],
  },
  {
    name: 'access',
    state: states.signedIn,
    shows: [
      'Adele Vance',
      'adele.vance@contoso.example',
      'Signed in until 16:24',
      'for another 7 h 12 min',
      'through Database operators, for 5 minutes',
      'psql "host=127.0.0.1 port=6432',
      'Your 3 groups',
      'None of your groups opens this database',
      'PostgreSQL · sales at 127.0.0.1:6432',
      'MySQL/MariaDB · orders at 127.0.0.1:6433',
      'SQL Server · payroll at 127.0.0.1:6434',
    ],
  },
  { name: 'no-access', state: states.noAccess, shows: ['No access', 'Your group'] },
  {
    name: 'troubled',
    state: states.troubled,
    shows: [
      'This is a local test tenant, not Microsoft',
      'The audit cannot be written because the disk is full',
      'the directory does not answer',
      'taken by pgbouncer',
      'Not available',
    ],
  },
  {
    name: 'groups',
    state: states.someGroups,
    shows: ['Your 40 groups'],
    open: (page) => page.locator('summary').click(),
  },
  {
    name: 'activity',
    state: states.busy,
    shows: [
      'calls itself DBeaver 25.3 - Main',
      'process 4211',
      'with the handle of DBeaver',
      'with a handle that has been revoked',
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
    shows: ['Nobody is connected', 'No token is valid right now', '/home/adele/.local/state/latchkey/audit'],
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
      'A handle is a password that a tool may save.',
      'DBeaver',
      'Sales warehouse · role sales_reader',
      'only for /usr/share/dbeaver-ce/dbeaver',
      'made 3 Feb 2026',
      'used 5 min ago',
      'Nightly report',
      'Orders, production · default role',
      'for any program that you allow',
      'not used since Latchkey started',
      'Make a handle',
    ],
    open: place('Tools'),
  },
  {
    name: 'tools-empty',
    state: states.signedIn,
    shows: ['No tool has a handle yet', 'Make a handle'],
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
      await page.getByRole('button', { name: 'Make a handle' }).click();
      await page.getByLabel('Connection').selectOption('Orders, production');
      await page.getByRole('button', { name: 'Make and copy' }).click();
    },
  },
  {
    name: 'handle-copied',
    state: states.busy,
    shows: ['The handle for DBeaver is copied.', 'It is not shown again.', 'leaves the clipboard in 60 s'],
    async open(page, bridge) {
      bridge.answer({ copyHandle: () => ({ id: 'h9', clearsAt: states.at(1) }) });
      await place('Tools')(page);
      await page.getByRole('button', { name: 'Make a handle' }).click();
      await page.getByLabel('Tool').fill('DBeaver');
      await page.keyboard.press('Enter');
    },
  },
  {
    name: 'handle-revoke',
    state: states.busy,
    shows: ['Revoke this handle?', 'What DBeaver has saved stops working for good'],
    async open(page) {
      await place('Tools')(page);
      await page.getByRole('button', { name: 'Revoke the handle of DBeaver' }).click();
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
  },
];

const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).click();

/** Types a code into the form that asks for one, and sends it. */
async function giveCode(page: Page, label: string): Promise<void> {
  await page.getByLabel(label).fill('123456');
  await page.keyboard.press('Enter');
}

screens.push(
  {
    name: 'browser-first',
    state: identity.browserFirst,
    shows: ['Sign in with the browser', 'Sign in with a code', 'opens the sign-in page in your browser'],
  },
  {
    name: 'no-provider',
    state: identity.noProvider,
    shows: ['No directory is turned on', 'Set up a provider'],
  },
  {
    name: 'blocked-code',
    state: identity.blocked,
    shows: [
      'A Conditional Access policy does not allow signing in with a code.',
      'AADSTS53003',
      'Sign in with the browser instead',
      'Sign in with a code',
    ],
  },
  {
    name: 'waiting-for-browser',
    state: identity.browser,
    shows: ['Go on in your browser', 'Waits for another 4:00', 'contoso.example', 'Cancel sign-in'],
  },
  {
    name: 'break-glass',
    state: identity.browserFirst,
    shows: ['Break-glass sign-in', 'For emergencies only', 'User name', 'Password', 'Code'],
    open: (page) => press(page, 'Use a break-glass account'),
  },
  {
    name: 'prompt',
    state: identity.twoPrompts,
    shows: [
      'Second factor for Sales warehouse',
      'DBeaver 25.3 - Main (only its own word)',
      'process 4211',
      '/usr/share/dbeaver-ce/dbeaver',
      'sales_reader',
      '127.0.0.1:51544',
      '3 logins',
      'Can be answered for another 2:30',
      'Ask my phone',
      'Deny',
      'One more waits after this one',
    ],
  },
  {
    name: 'prompt-phone',
    state: identity.phoneAsked,
    shows: ['Choose this number on your phone', '47'],
  },
  {
    name: 'prompt-phone-failed',
    state: identity.phoneFailed,
    shows: ['The push server does not answer.', 'your answer counts for the next one', 'Ask my phone'],
  },
  {
    name: 'prompt-locked',
    state: identity.promptWhileLocked,
    shows: ['No code is taken until 09:24', 'Deny'],
  },
  {
    name: 'prompt-wrong-code',
    state: identity.prompted,
    shows: ['The code is wrong.', 'Type the six digits that it shows now.'],
    async open(page, bridge) {
      bridge.answer({ answerPrompt: refuse });
      await giveCode(page, 'Code of your authenticator');
    },
  },
  {
    name: 'prompt-put-off',
    state: identity.twoPrompts,
    shows: ['A login is waiting for your second factor', 'Sales warehouse, and 1 more', 'Answer'],
    async open(page) {
      await page.keyboard.press('Escape');
      await page.getByText('Second factor for Orders').waitFor();
      await page.keyboard.press('Escape');
    },
  },
  {
    name: 'prompt-hostile',
    state: identity.hostilePrompt,
    shows: [states.hostileNames.html, states.hostileNames.arabic],
  },
  {
    name: 'security',
    state: identity.withFactors,
    shows: [
      'Authenticator application',
      '9 recovery codes are left',
      'Set up another one',
      'Phone',
      'Signing in',
    ],
    open: place('Security'),
  },
  {
    name: 'security-none',
    state: identity.withoutFactor,
    shows: [
      'You need a second factor',
      'Set up an authenticator',
      'Set up an authenticator application first',
    ],
    open: place('Security'),
  },
  {
    name: 'security-locked',
    state: identity.lockedOut,
    shows: [
      'Locked until 09:24',
      '2 recovery codes are left',
      'has not set up a server that can reach phones',
    ],
    open: place('Security'),
  },
  {
    name: 'security-signed-out',
    state: states.signedOut,
    shows: ['Sign in to see your second factors'],
    open: place('Security'),
  },
  {
    name: 'enrol-authenticator',
    state: identity.withoutFactor,
    shows: ['Scan this with the application', identity.enrolment.key, 'Enter the code that it shows'],
    async open(page, bridge) {
      bridge.answer({ enrolTotp: () => identity.enrolment });
      await place('Security')(page);
      await press(page, 'Set up an authenticator');
    },
  },
  {
    name: 'recovery-codes',
    state: identity.withoutFactor,
    shows: ['Your recovery codes', ...identity.recoveryCodes, 'I have stored them in a safe place', 'Print'],
    async open(page, bridge) {
      bridge.answer({
        enrolTotp: () => identity.enrolment,
        confirmTotp: () => ({ recoveryCodes: identity.recoveryCodes }),
      });
      await place('Security')(page);
      await press(page, 'Set up an authenticator');
      await giveCode(page, 'Six digits');
    },
  },
  {
    name: 'remove-authenticator',
    state: identity.withFactors,
    shows: ['then need your phone', 'Code of the authenticator you have now', 'Remove authenticator'],
    async open(page) {
      await place('Security')(page);
      await press(page, 'Remove the authenticator');
    },
  },
  {
    name: 'enrol-phone',
    state: identity.phoneTest,
    shows: [
      'Subscribe in the ntfy application',
      'push.contoso.example',
      identity.phoneEnrolment.key,
      'Try it',
      '83',
    ],
    async open(page, bridge) {
      bridge.answer({ enrolPush: () => identity.phoneEnrolment });
      await place('Security')(page);
      await press(page, 'Set up a phone');
      await giveCode(page, 'Code of your authenticator');
    },
  },
  {
    name: 'providers',
    state: identity.chain,
    shows: [
      'Contoso',
      'everybody whom the tenant knows',
      'with a code, then with the browser',
      'fabrikam.example, fabrikam.test',
      'stored, encrypted',
      'Local, break-glass accounts',
    ],
    open: place('Providers'),
  },
  {
    name: 'providers-empty',
    state: identity.noProvider,
    shows: ['No provider is set up yet', 'Add a provider'],
    open: place('Providers'),
  },
  {
    name: 'provider-add',
    state: identity.chain,
    shows: [
      '2 fields need another value.',
      'Enter the address of the authority.',
      'Nothing has been changed yet.',
    ],
    async open(page) {
      await place('Providers')(page);
      await press(page, 'Add a provider');
      await page.getByLabel('Name').fill('northwind');
      await press(page, 'Add provider');
    },
  },
  {
    name: 'provider-edit',
    state: identity.chain,
    shows: [
      'The tenant is now fabrikam.example',
      'Must be an https address',
      'One field needs another value.',
    ],
    async open(page, bridge) {
      bridge.answer({ saveProvider: refuseAuthority });
      await place('Providers')(page);
      await press(page, 'Edit fabrikam');
      await press(page, 'Save');
    },
  },
  {
    name: 'provider-secret',
    state: identity.chain,
    shows: ['New application secret', 'Forget the stored one'],
    async open(page) {
      await place('Providers')(page);
      await press(page, 'Application secret of fabrikam');
    },
  },
  {
    name: 'provider-checked',
    state: identity.chain,
    shows: ['Allow public client flows', 'AADSTS7000218'],
    async open(page, bridge) {
      bridge.answer({ validateProvider: () => identity.checks });
      await place('Providers')(page);
      await press(page, 'Check Contoso');
    },
  },
  {
    name: 'provider-remove',
    state: identity.chain,
    shows: ['Remove this provider?', 'You are signed in through it'],
    async open(page) {
      await place('Providers')(page);
      await press(page, 'Remove Contoso');
    },
  },
  {
    name: 'doctor',
    state: states.signedIn,
    shows: [
      '2 failed, 1 warning, 1 skipped, 3 in order',
      'Run: latchkey secret set orders_owner',
      'AADSTS7000218',
    ],
    async open(page, bridge) {
      bridge.answer({ runDoctor: () => identity.checks });
      await place('Doctor')(page);
      await press(page, 'Run all checks');
      await page.locator('summary').click();
    },
  },
  {
    name: 'doctor-running',
    state: states.signedIn,
    shows: ['Checking. This takes up to a minute.'],
    async open(page, bridge) {
      bridge.answer({ runDoctor: () => new Promise(() => undefined) });
      await place('Doctor')(page);
      await press(page, 'Run all checks');
    },
  },
);

function refuse(): never {
  throw new LatchkeyError('mfa-wrong', 'The code is wrong.', {
    remedy: 'Type the six digits that it shows now.',
  });
}

function refuseAuthority(): never {
  throw new LatchkeyError(
    'config-invalid',
    'The configuration /etc/latchkey/latchkey.yaml has a fault:\n  line 9: providers[1].authority ("http://x"): must be an https address such as https://login.microsoftonline.com/<tenant id>',
    { remedy: 'Correct the lines named and start again; nothing has been changed.' },
  );
}

describeWith(
  [parts.chromium],
  'each screen: accessible in light and dark, whole at 200 % zoom, within the policy',
  () =>
    checkScreens('screens', screens, [
      'code',
      'access',
      'settings',
      'prompt',
      'enrol-authenticator',
      'providers',
      'doctor',
    ]),
);
