import type { Page } from 'playwright-core';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { parts, describeWith } from '../support/parts.ts';
import { checkScreens, eachScreen, place, press, type Screen } from './each-screen.ts';
import * as identity from './identity-states.ts';
import * as states from './states.ts';

/** Types a code into the form that asks for one, and sends it. */
async function giveCode(page: Page, label: string): Promise<void> {
  await page.getByLabel(label).fill('123456');
  await page.keyboard.press('Enter');
}

const screens: Screen[] = [
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
    name: 'prompt-shared',
    state: identity.sharedPrompt,
    shows: [
      'only if you have just started all of these logins yourself',
      'It counts for this whole sign-in.',
      'Lets in too',
      'psql as orders_owner on Orders, production',
      'unknown program on Payroll',
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
      'Tokens and database sessions end, and nobody is let in until the unlock.',
      'Set by your organisation: session.onLock',
      'How long a login of PostgreSQL waits for you',
      'Set in your configuration file: hold.sqlserver',
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
    name: 'step-up-code',
    state: identity.withFactors,
    shows: ['Confirm that it is you', 'This changes who may decide here', 'The code is wrong.', 'Cancel'],
    async open(page, bridge) {
      bridge.answer({ setProviderEnabled: refuse });
      await place('Providers')(page);
      await page.getByLabel('fabrikam is turned on').click();
      await giveCode(page, 'Code of your authenticator');
    },
  },
  {
    name: 'step-up-phone',
    state: identity.onlyPhone,
    shows: ['Your phone is asked whether it is you', '62', 'Waiting for the phone…', 'Cancel'],
    async open(page, bridge) {
      bridge.answer({ setProviderEnabled: () => new Promise(() => undefined) });
      await place('Providers')(page);
      await page.getByLabel('fabrikam is turned on').click();
      await press(page, 'Ask my phone');
      await bridge.push(identity.onlyPhoneAsked);
    },
  },
  {
    name: 'step-up-sign-in',
    state: identity.withoutFactor,
    shows: ['you have no second factor', 'within five minutes', 'Sign in again', 'Cancel'],
    async open(page, bridge) {
      bridge.answer({ enrolTotp: demandSignIn });
      await place('Security')(page);
      await press(page, 'Set up an authenticator');
    },
  },
];

function refuse(): never {
  throw new LatchkeyError('mfa-wrong', 'The code is wrong.', {
    remedy: 'Type the six digits that it shows now.',
  });
}

function demandSignIn(): never {
  throw new LatchkeyError('mfa-required', 'This change takes a sign-in of the last five minutes.', {
    remedy: 'Sign in again (latchkey login --again), and repeat it at once.',
  });
}

describeWith([parts.pageEngine], eachScreen, () =>
  checkScreens(screens, ['prompt', 'step-up-phone', 'enrol-authenticator']),
);
