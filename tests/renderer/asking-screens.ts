import type { AppState } from '../../main/contract/state.ts';
import * as accounts from './account-states.ts';
import { administration, applicationId } from './asking-administration.ts';
import { type AskingScreen, nav, type Press, pressing, sales, inTurn, typing } from './asking-screen.ts';
import { starting } from './asking-start.ts';
import { tools } from './connect-states.ts';
import * as connections from './connection-states.ts';
import * as identity from './identity-states.ts';
import * as prompts from './prompt-states.ts';
import * as states from './states.ts';
import { openAccounts, openConnection } from './walk.ts';

const { signedIn, signedOut, busy } = states;
const nothing: AppState = { ...signedOut, providers: [], connections: [] };
const tryAgain: Press = { button: 'Try again' };
const restarted: AppState = { ...signedIn, gatewayRestart: { at: states.at(-9), sessions: 2 } };

/** Those that read what they show when they come up. */
const reading: AskingScreen[] = [
  {
    files: ['about'],
    state: signedIn,
    open: nav('About'),
    action: 'readAbout',
    waits: 'Loading…',
    again: tryAgain,
  },
  {
    files: ['licences-dialog'],
    state: signedIn,
    open: inTurn(nav('About'), pressing('Show licences')),
    action: 'readLicences',
    waits: 'Loading…',
    again: tryAgain,
  },
  {
    files: ['support-dialog'],
    state: signedIn,
    open: inTurn(nav('About'), pressing('Support bundle…')),
    action: 'makeSupportBundle',
    waits: 'Gathering',
    again: tryAgain,
  },
  {
    files: ['audit-pages'],
    state: signedIn,
    open: nav('Audit'),
    action: 'readAudit',
    waits: 'Searching',
    again: { button: 'Look again' },
  },
  {
    files: ['connections'],
    state: signedIn,
    open: nav('Connections'),
    action: 'readConnections',
    waits: 'Loading…',
    again: tryAgain,
  },
  {
    files: ['recent-logins'],
    state: signedIn,
    open: nav('Activity'),
    action: 'readLogins',
    waits: 'Loading…',
    again: tryAgain,
  },
  {
    files: ['settings'],
    state: signedIn,
    open: nav('Settings'),
    action: 'getPreferences',
    waits: 'Loading…',
    again: tryAgain,
  },
  {
    files: ['connect-dialog'],
    state: signedIn,
    open: inTurn(sales, pressing('Connect a tool to Sales warehouse')),
    action: 'connectTools',
    waits: 'Looking for the tools',
    again: tryAgain,
  },
  {
    files: ['connect-dialog'],
    name: 'the settings of one tool',
    state: signedIn,
    answers: { connectTools: () => tools },
    open: inTurn(sales, pressing('Connect a tool to Sales warehouse')),
    action: 'connectSettings',
    waits: 'Loading…',
    again: tryAgain,
  },
];

/** What somebody presses in the list of connections and beside it. */
const access: AskingScreen[] = [
  {
    files: ['connection-list'],
    state: signedIn,
    action: 'copyToken',
    ask: { button: 'Copy a token for Sales warehouse' },
  },
  {
    files: ['connection-roles', 'token-copy'],
    state: signedIn,
    open: sales,
    action: 'copyToken',
    ask: { button: /^Copy token for Sales warehouse/ },
  },
  {
    files: ['connection-detail'],
    state: signedIn,
    open: sales,
    action: 'copyCommand',
    ask: { button: /^Copy command for Sales warehouse/ },
  },
  {
    files: ['connection-test'],
    state: signedIn,
    open: sales,
    action: 'testConnection',
    ask: { button: 'Test Sales warehouse' },
  },
  {
    files: ['why'],
    state: signedIn,
    open: sales,
    action: 'explain',
    ask: { button: 'Why? Sales warehouse' },
    waits: 'Looking at groups',
    again: tryAgain,
  },
  {
    files: ['lacks'],
    state: connections.lacking,
    open: (page) => openConnection(page, 'Orders, production'),
    action: 'lookAtConnections',
    ask: { button: /^Look now/ },
  },
  {
    files: ['favourites'],
    state: signedIn,
    open: sales,
    action: 'setPreferences',
    ask: { button: 'Favourite: Sales warehouse' },
  },
  {
    files: ['home'],
    state: identity.locked,
    action: 'unlockAtScreen',
    ask: { button: 'Let logins in again' },
  },
  {
    files: ['locked-keyring'],
    state: identity.keyringLocked,
    action: 'unlockKeyring',
    ask: { button: 'Unlock the keyring' },
  },
  {
    files: ['gateway-restart'],
    state: restarted,
    action: 'dismissGatewayRestart',
    ask: { button: 'Dismiss' },
  },
  {
    files: ['changed-configuration'],
    state: states.changedConfiguration,
    action: 'reloadConfiguration',
    ask: { button: 'Apply the changes' },
  },
  {
    files: ['sessions'],
    state: busy,
    open: inTurn(nav('Activity'), pressing('End the session of psql')),
    action: 'cutSessions',
    ask: { button: 'End session' },
  },
  {
    files: ['activity'],
    state: busy,
    open: nav('Activity'),
    action: 'revokeTokens',
    ask: { button: /^Revoke the token/ },
  },
  {
    files: ['palette-commands'],
    state: signedIn,
    answers: { connectTools: () => [] },
    async open(page) {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').fill('copy token sales');
    },
    action: 'copyToken',
    ask: { key: 'Enter' },
    waits: 'Working on it…',
  },
  {
    files: ['account-panel'],
    state: signedIn,
    open: openAccounts,
    action: 'signOut',
    ask: { button: 'Sign out' },
  },
  {
    files: ['account-panel'],
    name: 'another account',
    state: accounts.twoAccounts,
    open: openAccounts,
    action: 'useAccount',
    ask: { button: /^Make usual/ },
  },
  {
    files: ['sign-out'],
    state: busy,
    open: inTurn(openAccounts, pressing('Sign out')),
    action: 'signOut',
    ask: { button: 'Sign out' },
  },
];

/** What begins, and what asks by itself. */
const signIn: AskingScreen[] = [
  { files: ['sign-in-start'], state: signedOut, action: 'signIn', ask: { button: 'Sign in with a code' } },
  { files: ['sign-in'], state: states.contacting, action: 'cancelSignIn', ask: { button: 'Cancel' } },
  {
    files: ['sign-in-waiting'],
    state: states.code,
    action: 'cancelSignIn',
    ask: { button: 'Cancel sign-in' },
  },
  {
    files: ['page-help'],
    state: states.code,
    open: (page) => page.locator('summary', { hasText: 'shows an error' }).click(),
    action: 'cancelSignIn',
    ask: { button: /^Sign in with the browser instead/ },
  },
  { files: ['client-prompt'], state: prompts.newProgram, action: 'allowClient', ask: { button: 'Allow' } },
  {
    files: ['prompt-frame'],
    state: prompts.newProgram,
    page: 'prompts',
    action: 'denyPrompt',
    ask: { button: 'Deny' },
  },
  {
    files: ['sign-in-prompt'],
    state: prompts.toolWaitsSignedOut,
    page: 'prompts',
    action: 'signIn',
    ask: { button: 'Sign in' },
  },
  {
    files: ['second-factor-prompt'],
    state: identity.prompted,
    page: 'prompts',
    action: 'askPhone',
    ask: { button: /my phone|your phone/i },
  },
  { files: ['first-run'], state: nothing, action: 'startDemo', ask: { button: /demo/ } },
  {
    files: ['first-run-tenant'],
    state: nothing,
    open: inTurn(
      pressing('Set up by hand'),
      typing({ 'Domain of your sign-in name': 'contoso.com', 'Application (client) ID': applicationId }),
    ),
    action: 'findTenant',
    ask: { button: 'Find and use it' },
    typed: { 'Domain of your sign-in name': 'contoso.com' },
  },
  {
    files: ['flyout'],
    state: signedIn,
    page: 'flyout',
    action: 'openWindow',
    ask: { button: 'Open Latchkey' },
  },
  {
    files: ['flyout-sessions'],
    state: busy,
    page: 'flyout',
    open: pressing('End all'),
    action: 'cutSessions',
    ask: { button: 'End all' },
  },
];

export const askingScreens = [...reading, ...access, ...administration, ...signIn, ...starting];

/** Files that ask for nothing that somebody waits for, or whose tests are elsewhere, with the reason. */
export const elsewhere: Record<string, string> = {
  'program-icon': 'a mark takes its place: prompt-window.test.ts',
  'opened-link': 'it only says that the link has been followed: links.test.ts',
};
