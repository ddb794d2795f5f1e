import { expect, it } from 'vitest';
import type { LatchkeyError } from '../../main/contract/errors.ts';
import {
  createSecondFactorPrompts,
  type AskedLogins,
  type SignedIn,
} from '../../main/prompts/second-factor.ts';
import { createPromptBoard, type Demand } from '../../main/prompts/board.ts';

const reading: Demand = {
  connection: 'sales',
  database: 'sales',
  role: 'sales_readonly',
  program: 'psql',
  address: '127.0.0.1:40000',
  process: { pid: 7, program: 'psql', path: '/usr/bin/psql' },
  holdMs: 10_000,
};
const owning: Demand = {
  ...reading,
  role: 'sales_owner',
  program: 'DBeaver',
  process: { pid: 8, program: 'dbeaver', path: '/opt/dbeaver/dbeaver' },
};
const ada: SignedIn = {
  id: 's',
  since: 1000,
  account: { provider: 'work', tenantId: 't', objectId: 'ada', username: 'ada', displayName: '' },
};

function open(cacheMs = 0) {
  const board = createPromptBoard({ changed: () => undefined });
  const records: string[] = [];
  const prompts = createSecondFactorPrompts({
    board,
    totp: { enrolled: async () => true, verify: async () => undefined },
    methods: ['totp'],
    cacheMs,
    record: async (outcome, _account, _method, { role, program }) =>
      void records.push(`${outcome} ${role} ${program}`),
    changed: () => undefined,
  });
  /** A login up to where it waits; how it has ended, or that it waits. */
  async function login(demand: Demand, mode: 'session' | 'login' = 'login', person = ada) {
    let end = 'waits';
    prompts.demand(person, mode, demand).then(
      () => (end = 'in'),
      (error: LatchkeyError) => (end = error.code),
    );
    await settled();
    return () => end;
  }
  return { board, prompts, records, login };
}
const settled = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

it('a code for one role and program lets no other in, and a prompt names what it lets in', async () => {
  const { board, prompts, records, login } = open();
  const reader = await login(reading);
  const owner = await login(owning);
  const sameProgram = await login({ ...reading, role: 'sales_owner' });
  expect(board.list()).toMatchObject([
    { role: 'sales_readonly', program: 'psql', waiting: 1 },
    { role: 'sales_owner', program: 'DBeaver', waiting: 1 },
    { role: 'sales_owner', program: 'psql', waiting: 1 },
  ]);
  // One of several is never guessed.
  await expect(prompts.answer('123456')).rejects.toMatchObject({ code: 'request-invalid' });
  await prompts.answer('123456', board.list()[0]?.id);
  await settled();
  expect([reader(), owner(), sameProgram()]).toEqual(['in', 'waits', 'waits']);
  expect(records).toEqual(['accepted sales_readonly psql']);
});

it('what is remembered is the same role and program', async () => {
  const { prompts, login } = open(60_000);
  await login(reading);
  await prompts.answer('123456');
  expect((await login({ ...reading, address: '127.0.0.1:40001' }))()).toBe('in');
  expect((await login({ ...reading, role: 'sales_owner' }))()).toBe('waits');
  expect((await login({ ...owning, role: 'sales_readonly' }))()).toBe('waits');
});

it('one that counts for the sign-in shows every role and program that waits for it', async () => {
  const { board, prompts, login } = open();
  const logins = [
    await login(reading, 'session'),
    await login(reading, 'session'),
    await login({ ...owning, connection: 'payroll' }, 'session'),
  ];
  expect(board.list()).toMatchObject([
    {
      mode: 'session',
      role: 'sales_readonly',
      program: 'psql',
      waiting: 3,
      also: [{ connection: 'payroll', role: 'sales_owner', program: 'dbeaver' }],
    },
  ]);
  await prompts.answer('123456');
  await settled();
  expect(logins.map((end) => end())).toEqual(['in', 'in', 'in']);
  expect((await login(owning, 'session'))()).toBe('in');
});

it('the phone is told what else its answer lets in', async () => {
  const board = createPromptBoard({ changed: () => undefined });
  const told: AskedLogins[] = [];
  const prompts = createSecondFactorPrompts({
    board,
    totp: { enrolled: async () => false, verify: async () => undefined },
    push: { enrolled: async () => true, ask: async (_account, about) => void told.push(about) },
    methods: ['push'],
    cacheMs: 0,
    record: async () => undefined,
    changed: () => undefined,
  });
  const logins = [prompts.demand(ada, 'session', reading), prompts.demand(ada, 'session', owning)];
  await settled();
  await prompts.askPhone();
  await Promise.all(logins);
  const alone = prompts.demand(ada, 'login', reading);
  await settled();
  await prompts.askPhone();
  await alone;
  expect(told).toMatchObject([
    {
      role: 'sales_readonly',
      program: 'psql',
      also: [{ connection: 'sales', role: 'sales_owner', program: 'dbeaver' }],
      isForSignIn: true,
    },
    { role: 'sales_readonly', isForSignIn: false },
  ]);
  expect(told[1]).not.toHaveProperty('also');
});

it('a new sign-in of the same person is asked again, although the session goes on', async () => {
  const { board, prompts, login } = open(60_000);
  for (const mode of ['session', 'login'] as const) {
    const first = await login(reading, mode);
    await prompts.answer('123456');
    await settled();
    expect(first()).toBe('in');
    expect((await login(reading, mode))()).toBe('in');
    const again = await login(reading, mode, { ...ada, since: 2000 });
    expect(again()).toBe('waits');
    prompts.forget('s');
    await settled();
    expect(again()).toBe('mfa-expired');
  }
  expect(board.list()).toEqual([]);
});
