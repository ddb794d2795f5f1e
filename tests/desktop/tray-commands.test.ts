import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { DesktopActions } from '../../main/desktop/actions.ts';
import type { Notice } from '../../main/desktop/notices.ts';
import { createTrayCommands } from '../../main/desktop/tray-commands.ts';

function create(changes: Partial<DesktopActions> = {}) {
  const done: unknown[] = [];
  const told: Notice[] = [];
  const note = (name: string) => async (request: unknown) => void done.push([name, request]);
  const actions = {
    signIn: note('signIn'),
    cancelSignIn: note('cancelSignIn'),
    signOut: note('signOut'),
    quit: note('quit'),
    copyCode: async () => done.push('copyCode') > 0,
    openVerificationPage: async () => done.push('openVerificationPage') > 0,
    async copyToken(request: unknown) {
      done.push(['copyToken', request]);
      return { id: 't', role: 'r', expiresAt: '2026-03-10T09:27:30Z', clearsAt: '2026-03-10T09:13:30Z' };
    },
    ...changes,
  } as DesktopActions;
  const run = createTrayCommands(
    actions,
    { tell: (notice) => void told.push(notice) },
    () => void done.push('window'),
  );
  return { run, done, told };
}

test('each command does what its entry says', async () => {
  const { run, done, told } = create();
  run({ kind: 'open' });
  run({ kind: 'sign-in', provider: 'Contoso' });
  run({ kind: 'sign-in', provider: 'Contoso', way: 'browser' });
  run({ kind: 'copy-code' });
  run({ kind: 'open-page' });
  run({ kind: 'cancel-sign-in' });
  run({ kind: 'copy-token', connection: 'sales', role: 'sales_reader' });
  run({ kind: 'sign-out' });
  run({ kind: 'quit' });
  await vi.waitFor(() => expect(told).toHaveLength(1));
  expect(done).toEqual([
    'window',
    'window',
    ['signIn', { provider: 'Contoso' }],
    'window',
    ['signIn', { provider: 'Contoso', way: 'browser' }],
    'copyCode',
    'openVerificationPage',
    ['cancelSignIn', {}],
    ['copyToken', { connection: 'sales', role: 'sales_reader' }],
    ['signOut', { all: true }],
    ['quit', {}],
  ]);
  expect(told[0]?.title).toBe('Token for sales copied');
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
