import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { DesktopActions } from '../../main/desktop/actions.ts';
import type { DatabaseSession } from '../../main/contract/state.ts';
import type { Notice } from '../../main/desktop/notices.ts';
import { createTrayCommands } from '../../main/desktop/tray-commands.ts';
import type { TrayCommand } from '../../main/desktop/tray-menu.ts';
import { privileged, twoAccounts, usual } from '../renderer/account-states.ts';
import { busy } from '../renderer/states.ts';

function create(
  changes: Partial<DesktopActions> = {},
  sessions: DatabaseSession[] = [],
  isSure = false,
  onLock: 'keep' | 'cut' = 'keep',
) {
  const done: unknown[] = [];
  const told: Notice[] = [];
  const asked: string[] = [];
  const note = (name: string) => async (request: unknown) => void done.push([name, request]);
  const actions = {
    signIn: note('signIn'),
    cancelSignIn: note('cancelSignIn'),
    signOut: note('signOut'),
    quit: note('quit'),
    cutSessions: note('cutSessions'),
    unlockAtScreen: note('unlockAtScreen'),
    lock: async () => void done.push('lock'),
    copyCode: async () => done.push('copyCode') > 0,
    openVerificationPage: async () => done.push('openVerificationPage') > 0,
    async copyToken(request: unknown) {
      done.push(['copyToken', request]);
      return { id: 't', role: 'r', expiresAt: '2026-03-10T09:27:30Z', clearsAt: '2026-03-10T09:13:30Z' };
    },
    ...changes,
  } as DesktopActions;
  const run = createTrayCommands({
    actions,
    state: () => ({
      databaseSessions: sessions,
      accounts: twoAccounts.accounts,
      policies: { onLock: { value: onLock, origin: 'person' }, holds: [] },
    }),
    notifier: { tell: (notice) => void told.push(notice) },
    openWindow: () => void done.push('window'),
    answer: () => void done.push('answer'),
    async confirm({ message, detail, yes }) {
      asked.push(`${message} ${detail} [${yes}]`);
      return isSure;
    },
  });
  return { run, done, told, asked };
}

test('each command does what its entry says', async () => {
  const { run, done, told } = create();
  run({ kind: 'open' });
  run({ kind: 'answer' });
  run({ kind: 'sign-in', provider: 'Contoso' });
  run({ kind: 'sign-in', provider: 'Contoso', way: 'browser' });
  run({ kind: 'copy-code' });
  run({ kind: 'open-page' });
  run({ kind: 'cancel-sign-in' });
  run({ kind: 'copy-token', connection: 'sales', role: 'sales_reader' });
  run({ kind: 'sign-out' });
  run({ kind: 'lock' });
  run({ kind: 'unlock' });
  run({ kind: 'quit' });
  await vi.waitFor(() => expect(told).toHaveLength(1));
  expect(done).toEqual([
    'window',
    'answer',
    'window',
    ['signIn', { provider: 'Contoso' }],
    'window',
    ['signIn', { provider: 'Contoso', way: 'browser' }],
    'copyCode',
    'openVerificationPage',
    ['cancelSignIn', {}],
    ['copyToken', { connection: 'sales', role: 'sales_reader' }],
    'lock',
    ['unlockAtScreen', {}],
    ['signOut', { all: true }],
    ['quit', {}],
  ]);
  expect(told[0]?.title).toBe('Token for sales copied');
});

test('what ends live sessions asks once, with their number', async () => {
  const three = busy.databaseSessions.map((session) => ({ ...session, username: usual.account.username }));
  const end: TrayCommand[] = [
    { kind: 'end-sessions' },
    { kind: 'sign-out' },
    { kind: 'sign-out', as: usual.account.objectId },
    { kind: 'sign-out', as: privileged.account.objectId },
    { kind: 'lock' },
    { kind: 'quit' },
  ];
  const unsure = create({}, three, false, 'cut');
  for (const command of end) unsure.run(command);
  await vi.waitFor(() => expect(unsure.done).toEqual([['signOut', { as: privileged.account.objectId }]]));
  expect(unsure.asked).toHaveLength(5);
  expect(unsure.asked[0]).toBe(
    'End all sessions? 3 live database sessions end at once: queries that are running stop, and open transactions are rolled back. [End all]',
  );
  const sure = create({}, three.slice(0, 1), true, 'cut');
  for (const command of end) sure.run(command);
  await vi.waitFor(() => expect(sure.done).toHaveLength(6));
  expect(sure.asked[3]).toMatch(/^Lock\? One live database session ends/);
  // A lock that leaves sessions alone asks nothing.
  const kept = create({}, three);
  kept.run({ kind: 'lock' });
  await vi.waitFor(() => expect(kept.done).toEqual(['lock']));
  expect(sure.asked[4]).toMatch(/^Quit Latchkey\? One live database session ends/);
});

test('a failure is told with its remedy, and a foreign error without its text', async () => {
  const problem = new LatchkeyError('not-allowed', 'None of your groups opens this.', {
    remedy: 'Ask for access.',
  });
  const refused = create({ copyToken: () => Promise.reject(problem) });
  refused.run({ kind: 'copy-token', connection: 'payroll', role: 'r' });
  await vi.waitFor(() =>
    expect(refused.told).toEqual([{ title: 'None of your groups opens this.', body: 'Ask for access.' }]),
  );

  const broken = create({ signOut: () => Promise.reject(new Error('https://x/?token=lk_secret')) });
  broken.run({ kind: 'sign-out' });
  await vi.waitFor(() => expect(broken.told).toHaveLength(1));
  expect(JSON.stringify(broken.told)).not.toContain('lk_secret');
});
