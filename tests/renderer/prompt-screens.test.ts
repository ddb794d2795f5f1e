import { LatchkeyError } from '../../main/contract/errors.ts';
import { describeWith, parts } from '../support/parts.ts';
import { checkScreens, type Screen } from './each-screen.ts';
import * as prompts from './prompt-states.ts';
import { hostileNames } from './states.ts';

const screens: Screen[] = [
  {
    name: 'prompt-program',
    state: prompts.newProgram,
    shows: [
      'May dbeaver use Sales warehouse?',
      'process 4211',
      '/usr/share/dbeaver-ce/dbeaver',
      'gnome-shell',
      'process 1802',
      'DBeaver 25.3 - Main',
      'only its own word',
      'once',
      'for an hour',
      'until the screen is locked',
      'always: this program for this connection',
      'The saved password then opens nothing for any other program.',
      'Deny',
    ],
  },
  {
    name: 'prompt-program-token',
    state: prompts.newProgramWithToken,
    shows: ['May psql use Sales warehouse?', 'this computer (unix socket)', 'until the screen is locked'],
  },
  {
    name: 'prompt-program-unknown',
    state: prompts.unknownProgram,
    shows: [
      'May an unknown program use Orders, production?',
      'the system does not say which one',
      'It can be allowed only once',
      'Allow once',
    ],
  },
  {
    name: 'prompt-program-gone',
    state: prompts.programWithoutFile,
    shows: ['It can be allowed only once', 'no login any more; connect again to be asked again'],
  },
  {
    name: 'prompt-program-failed',
    state: prompts.newProgram,
    shows: ['The audit cannot be written.', 'Free some space.'],
    async open(page, bridge) {
      bridge.answer({ allowClient: refuse });
      await page.getByRole('button', { name: 'Allow' }).click();
    },
  },
  {
    name: 'prompt-program-put-off',
    state: prompts.twoPrograms,
    shows: ['A program is waiting to be allowed', 'Sales warehouse, and 1 more', 'Answer'],
    async open(page) {
      await page.keyboard.press('Escape');
      await page.getByRole('dialog', { name: 'May an unknown program' }).waitFor();
      await page.keyboard.press('Escape');
    },
  },
  {
    name: 'prompt-program-hostile',
    state: prompts.hostileProgram,
    shows: [hostileNames.html, hostileNames.arabic],
  },
  {
    name: 'prompt-sign-in-code',
    state: prompts.toolWaits,
    shows: [
      'Sign in to reach Sales warehouse',
      'Its login goes on by itself',
      'adele.vance@contoso.example',
      '3 logins',
      'Copy code',
      'Open sign-in page',
      'login.microsoft.com/device',
      'tenant contoso.example',
      'Application 3f8c2b71-94a6-4a0e-b1f7-2c5d6e7f8a90',
      'Valid for another 14:00',
      'Cancel sign-in',
      'Not now',
    ],
  },
  {
    name: 'prompt-sign-in',
    state: prompts.toolWaitsSignedOut,
    shows: [
      'Sign in to reach Sales warehouse',
      'Waits for another 14:00',
      'DBeaver of adele.vance@contoso.example',
    ],
  },
  {
    name: 'prompt-sign-in-contacting',
    state: prompts.toolWaitsContacting,
    shows: ['Contacting the directory…', 'Waits for another 14:00'],
  },
  {
    name: 'prompt-sign-in-browser',
    state: prompts.toolWaitsBrowser,
    shows: ['has been opened in your browser', 'Waits for another 4:00'],
  },
  {
    name: 'prompt-sign-in-put-off',
    state: prompts.toolGaveUp,
    shows: ['A login is waiting for you to sign in', 'Enter this code in your browser'],
    open: (page) => page.keyboard.press('Escape'),
  },
];

function refuse(): never {
  throw new LatchkeyError('audit-unwritable', 'The audit cannot be written.', {
    remedy: 'Free some space.',
  });
}

describeWith(
  [parts.pageEngine],
  'each prompt: accessible in light and dark, whole at 200 % zoom, within the policy',
  () => checkScreens(screens, ['prompt-program', 'prompt-sign-in-code']),
);
