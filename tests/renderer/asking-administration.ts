import { type AskingScreen, nav, pressing, inTurn, typing } from './asking-screen.ts';
import * as connections from './connection-states.ts';
import type { Handlers } from './fake-bridge.ts';
import * as identity from './identity-states.ts';
import * as states from './states.ts';

const { signedIn, busy } = states;
export const applicationId = '3f8c2b71-94a6-4a0e-b1f7-000000000009';
const file: Handlers = {
  readConnections: () => connections.written,
  listSecrets: () => connections.passwords,
};
const organisation = {
  name: 'Contoso',
  url: 'https://settings.contoso.example/latchkey.jwt',
  fingerprint: 'A'.repeat(43),
  counts: true,
  serial: 4,
  issuedAt: states.at(-60),
  joinedAt: states.at(-50),
};

/** What is set up and changed. */
export const administration: AskingScreen[] = [
  {
    files: ['left-out'],
    state: {
      ...signedIn,
      faultyConnections: [
        { name: 'payroll', problem: { code: 'config-invalid', message: 'Left out.', remedy: 'Mend it.' } },
      ],
    },
    action: 'reloadConfiguration',
    ask: { button: 'Try again' },
  },
  { files: ['audit'], state: signedIn, open: nav('Audit'), action: 'verifyAudit', ask: { button: /^Check/ } },
  {
    files: ['doctor'],
    state: signedIn,
    open: nav('Doctor'),
    action: 'runDoctor',
    ask: { button: 'Run all checks' },
  },
  {
    files: ['settings'],
    name: 'a choice',
    state: signedIn,
    open: nav('Settings'),
    action: 'setPreferences',
    ask: { text: 'Dark' },
    waits: 'Working on it…',
  },
  {
    files: ['updates'],
    state: {
      ...signedIn,
      updates: { now: { kind: 'unknown' }, channel: { value: 'stable', origin: 'built-in', locked: false } },
    },
    open: nav('Settings'),
    action: 'checkForUpdates',
    ask: { button: 'Check now' },
  },
  {
    files: ['join-dialog'],
    state: signedIn,
    open: inTurn(
      nav('Settings'),
      pressing('Join an organisation…'),
      typing({ Address: 'https://settings.example/x#key' }),
    ),
    action: 'lookAtOrganisation',
    ask: { button: 'Show what it sets' },
    typed: { Address: 'https://settings.example/x#key' },
  },
  {
    files: ['joined-organisation'],
    state: { ...signedIn, joinedOrganisation: organisation },
    open: inTurn(nav('Settings'), pressing('Leave…')),
    action: 'leaveOrganisation',
    ask: { button: /^Leave$/ },
  },
  {
    files: ['handle-form'],
    state: signedIn,
    open: inTurn(nav('Tools'), pressing('Make a saved password'), typing({ Tool: 'DBeaver' })),
    action: 'copyHandle',
    ask: { button: 'Make and copy' },
    typed: { Tool: 'DBeaver' },
  },
  {
    files: ['tools'],
    state: busy,
    open: inTurn(nav('Tools'), pressing(/^Revoke the saved password of DBeaver/)),
    action: 'revokeHandle',
    ask: { button: /^Revoke$/ },
  },
  {
    files: ['factor-section', 'step-up', 'step-up-dialog'],
    state: identity.withoutFactor,
    open: nav('Security'),
    action: 'enrolTotp',
    ask: { button: 'Set up an authenticator' },
  },
  {
    files: ['policies'],
    state: { ...signedIn, policies: identity.policies },
    async open(page) {
      await nav('Security')(page);
      await page.getByLabel(/^When the screen is locked/).focus();
    },
    action: 'setPolicies',
    ask: { key: 'ArrowDown' },
    waits: 'Working on it…',
  },
  {
    files: ['provider-card'],
    state: signedIn,
    open: nav('Providers'),
    action: 'validateProvider',
    ask: { button: /^Check / },
  },
  {
    files: ['provider-form'],
    state: signedIn,
    open: inTurn(nav('Providers'), pressing(/^Edit /), typing({ 'Application id': applicationId })),
    action: 'saveProvider',
    ask: { button: 'Save' },
    typed: { 'Application id': applicationId },
  },
  {
    files: ['provider-secret'],
    state: { ...signedIn, providers: signedIn.providers.map((one) => ({ ...one, hasSecret: true })) },
    open: inTurn(nav('Providers'), pressing(/^Application secret of/)),
    action: 'setProviderSecret',
    ask: { button: 'Forget the stored one' },
  },
  {
    files: ['managed-connection'],
    state: signedIn,
    answers: file,
    open: inTurn(nav('Connections'), pressing('Remove sales')),
    action: 'removeConnection',
    ask: { button: 'Remove connection' },
  },
  {
    files: ['connection-form'],
    state: signedIn,
    answers: file,
    open: inTurn(nav('Connections'), pressing('Edit sales'), typing({ Title: 'Sales, new' })),
    action: 'saveConnections',
    ask: { button: 'Save' },
    typed: { Title: 'Sales, new' },
  },
  {
    files: ['group-field'],
    state: signedIn,
    answers: file,
    open: inTurn(nav('Connections'), pressing('Add a connection'), typing({ 'Directory group': 'Analy' })),
    action: 'findGroups',
    ask: { button: 'Look up the group' },
    typed: { 'Directory group': 'Analy' },
  },
  {
    files: ['connection-password'],
    state: signedIn,
    answers: {
      ...file,
      listSecrets: () => ({
        passwords: connections.passwords.passwords.map((one) => ({ ...one, stored: true })),
      }),
    },
    open: inTurn(nav('Connections'), pressing(/^Passwords? of/)),
    action: 'storeSecret',
    ask: { button: 'Forget the stored one' },
  },
  {
    files: ['connection-import'],
    state: signedIn,
    answers: file,
    open: inTurn(nav('Connections'), pressing('Import'), typing({ Address: 'postgresql://db.example/x' })),
    action: 'readImport',
    ask: { button: 'Read the address' },
    typed: { Address: 'postgresql://db.example/x' },
  },
  {
    files: ['connection-export'],
    state: signedIn,
    answers: file,
    open: inTurn(nav('Connections'), pressing('Export')),
    action: 'saveExport',
    ask: { button: /^Choose where/ },
  },
];
