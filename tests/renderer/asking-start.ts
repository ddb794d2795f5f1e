import type { Page } from 'playwright-core';
import type { Start } from '../../main/contract/shapes.ts';
import type { AppState } from '../../main/contract/state.ts';
import { type AskingScreen, inTurn, pressing, sales } from './asking-screen.ts';
import { settingsOf, tools } from './connect-states.ts';
import * as connections from './connection-states.ts';
import type { Handlers } from './fake-bridge.ts';
import { analysts, signedIn, signedOut } from './states.ts';

const nothing: AppState = { ...signedOut, providers: [], connections: [] };
const file = '/home/adele/.config/latchkey/latchkey.yaml';

const faulty: Start = {
  kind: 'failed',
  file,
  isThere: true,
  problem: {
    code: 'config-invalid',
    message: 'The configuration has a fault.',
    faults: [{ file, line: 12, text: 'connections[0].port (80): ports below 1024 belong to the system' }],
  },
};
const missing: Start = {
  kind: 'failed',
  file,
  isThere: false,
  problem: { code: 'config-unreadable', message: 'The configuration does not exist.' },
};

const notStarted = (start: Start): Pick<AskingScreen, 'files' | 'state' | 'answers'> => ({
  files: ['faults'],
  state: signedOut,
  answers: { getStart: () => start },
});

/** What keeps Latchkey from starting. */
const faults: AskingScreen[] = [
  { ...notStarted(faulty), name: 'once more', action: 'tryStart', ask: { button: 'Try again' } },
  { ...notStarted(missing), name: 'set up', action: 'tryStart', ask: { button: 'Set Latchkey up' } },
  {
    ...notStarted(faulty),
    name: 'its file',
    action: 'openConfiguration',
    ask: { button: `Open file ${file}` },
  },
  { ...notStarted(faulty), name: 'quit', action: 'quit', ask: { button: 'Quit' } },
];

/** As main pushes it. */
const push = (state: AppState) => (page: Page) =>
  page.evaluate(
    (pushed) => (window as unknown as { latchkeyPush(state: unknown): void }).latchkeyPush(pushed),
    state,
  );

/** What main answers while somebody goes through the first run to its last step. */
export const firstRunAnswers: Handlers = {
  readConnections: () => connections.empty,
  findGroups: () => ({ groups: [analysts] }),
  saveConnections: () => ({ ...connections.saved, connections: [{ name: 'sales', port: 15_432 }] }),
  runDoctor: () => ({ checks: [] }),
};

/** The step after the sign-in, which comes by itself. */
async function toFirstConnection(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await push(signedIn)(page);
  await page.getByRole('heading', { name: 'Which database do you want to reach?' }).waitFor();
}

/** From nothing to the first database, which is saved: what comes then is its token, and the findings. */
export async function saveFirstConnection(page: Page): Promise<void> {
  await toFirstConnection(page);
  await page.getByLabel('Name', { exact: true }).fill('sales');
  await page.getByLabel('Host', { exact: true }).fill('db.contoso.example');
  await page.getByLabel('Database', { exact: true }).fill('sales');
  await page.getByLabel('Directory group', { exact: true }).fill('Sales');
  await page.getByLabel('Directory group', { exact: true }).press('Enter');
  await page.getByRole('button', { name: `Choose ${analysts.name}` }).click();
  await page.getByLabel('Role', { exact: true }).fill('sales_reader');
  await page.getByRole('button', { name: 'Add connection', exact: true }).click();
  await page.getByRole('heading', { name: 'Sales warehouse is set up' }).waitFor();
}

const atFirstToken = { state: nothing, open: saveFirstConnection } as const;

const firstRun: AskingScreen[] = [
  {
    files: ['first-run-connection'],
    state: nothing,
    open: toFirstConnection,
    action: 'readConnections',
    waits: 'Loading…',
    again: { button: 'Try again' },
  },
  {
    ...atFirstToken,
    files: ['first-run-token'],
    name: 'the findings',
    answers: firstRunAnswers,
    action: 'runDoctor',
    waits: 'Checking everything',
    again: { button: 'Check again' },
  },
  {
    ...atFirstToken,
    files: ['first-run-token'],
    name: 'the token',
    answers: firstRunAnswers,
    action: 'copyToken',
    ask: { button: 'Copy token' },
  },
  {
    ...atFirstToken,
    files: ['first-run-token'],
    name: 'the command',
    answers: firstRunAnswers,
    action: 'copyCommand',
    ask: { button: 'Copy command' },
  },
  {
    ...atFirstToken,
    files: ['first-run-token'],
    name: 'a remedy',
    answers: {
      ...firstRunAnswers,
      runDoctor: () => ({ checks: [{ name: 'keyring', result: 'failed', message: 'It is locked.' }] }),
    },
    action: 'unlockKeyring',
    ask: { button: 'Unlock the keyring: keyring' },
  },
];

const inDbeaver: Pick<AskingScreen, 'files' | 'state' | 'answers' | 'open'> = {
  files: ['connect-steps'],
  state: signedIn,
  answers: { connectTools: () => tools, connectSettings: ({ tool }) => settingsOf(tool) },
  open: inTurn(sales, pressing('Connect a tool to Sales warehouse'), async (page) => {
    await page.getByRole('radio', { name: 'DBeaver' }).check();
    await page.getByRole('button', { name: 'Open DBeaver' }).waitFor();
  }),
};

/** The settings of one tool. */
const steps: AskingScreen[] = [
  {
    ...inDbeaver,
    name: 'a text',
    action: 'copySetting',
    ask: { button: `Copy ${settingsOf('dbeaver').texts[0]?.label}` },
  },
  { ...inDbeaver, name: 'a field', action: 'copySetting', ask: { button: 'Copy Port of the dialog' } },
  { ...inDbeaver, name: 'files', action: 'writeSettings', ask: { button: /^Write th/ } },
  {
    ...inDbeaver,
    name: 'the password',
    action: 'copyHandle',
    ask: { button: 'Copy the password for DBeaver' },
  },
  { ...inDbeaver, name: 'the tool', action: 'openTool', ask: { button: 'Open DBeaver' } },
];

export const starting = [...faults, ...firstRun, ...steps];
