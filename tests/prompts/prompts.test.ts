import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LatchkeyError } from '../../main/contract/errors.ts';
import type { Account, SignInState } from '../../main/contract/state.ts';
import { createPromptBoard, type Demand } from '../../main/prompts/board.ts';
import { createProgramPrompts, programIdentity } from '../../main/prompts/program.ts';
import { createSignInPrompts } from '../../main/prompts/sign-in.ts';

const psql = { pid: 7, program: 'psql', path: '/usr/bin/psql' };
const demand: Demand = {
  connection: 'sales',
  database: 'warehouse',
  role: 'reader',
  program: 'psql',
  address: '127.0.0.1:40000',
  process: psql,
  holdMs: 10_000,
};
const account = (username: string): Account => ({
  provider: 'work',
  tenantId: 't',
  objectId: username,
  username,
  displayName: '',
});
const ada = account('ada');

/** How a login has ended, or that it still waits. */
function follow(login: Promise<void>): () => string {
  let end = 'waits';
  login.then(
    () => (end = 'in'),
    (error: LatchkeyError) => (end = `${error.code}: ${error.message} ${error.remedy ?? ''}`),
  );
  return () => end;
}
const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) }));
afterEach(() => void vi.useRealTimers());

describe('the board', () => {
  it('shows one prompt for one cause, and each login waits as long as its client does', async () => {
    const board = createPromptBoard({ changed: () => undefined });
    const prompts = createProgramPrompts({ board, record: async () => undefined });
    const patient = follow(prompts.demand({ session: { id: 's', account: ada }, demand }));
    const hasty = follow(
      prompts.demand({ session: { id: 's', account: ada }, demand: { ...demand, holdMs: 1000 } }),
    );
    expect(board.list()).toMatchObject([{ kind: 'client', waiting: 2, process: psql }]);
    expect(JSON.stringify(board.list())).not.toContain('holdMs');
    await vi.advanceTimersByTimeAsync(1000);
    expect(hasty()).toContain('client-denied: Nobody has allowed this program to use "sales" yet.');
    expect([patient(), board.list()[0]?.waiting]).toEqual(['waits', 1]);
    await vi.advanceTimersByTimeAsync(9000);
    expect(patient()).toContain('client-denied');
    // The prompt stays for a while: the answer may still come.
    expect(board.list()).toMatchObject([{ waiting: 0 }]);
    await vi.advanceTimersByTimeAsync(180_000);
    expect(board.list()).toEqual([]);
  });
});

describe('programs to allow', () => {
  const open = () => {
    const board = createPromptBoard({ changed: () => undefined });
    const answers: string[] = [];
    const prompts = createProgramPrompts({ board, record: async (answer) => void answers.push(answer) });
    return { board, prompts, answers };
  };

  it.each(['hour', 'until-lock'] as const)(
    '"%s" counts for this program, connection and session alone',
    async (choice) => {
      const { board, prompts } = open();
      const first = follow(prompts.demand({ session: { id: 's', account: ada }, demand }));
      await prompts.allow(undefined, choice);
      await settled();
      expect(first()).toBe('in');
      const again = follow(
        prompts.demand({ session: { id: 's', account: ada }, demand: { ...demand, address: 'unix' } }),
      );
      await settled();
      expect(again()).toBe('in');
      for (const [sessionId, change] of [
        ['s', { connection: 'payroll' }],
        ['s', { process: { ...psql, path: '/tmp/psql' } }],
        ['another', {}],
      ] as const) {
        const other = follow(
          prompts.demand({ session: { id: sessionId, account: ada }, demand: { ...demand, ...change } }),
        );
        await settled();
        expect(other()).toBe('waits');
      }
      expect(board.list()).toHaveLength(3);
    },
  );

  it('an hour ends, a lock ends the rest, and the end of a session all', async () => {
    const { board, prompts } = open();
    const allow = async (choice: 'hour' | 'until-lock', connection: string) => {
      prompts
        .demand({ session: { id: 's', account: ada }, demand: { ...demand, connection } })
        .catch(() => undefined);
      await prompts.allow(board.list().at(-1)?.id, choice);
    };
    const asks = async (connection: string) => {
      const before = board.list().length;
      prompts
        .demand({ session: { id: 's', account: ada }, demand: { ...demand, connection } })
        .catch(() => undefined);
      await settled();
      return board.list().length > before;
    };
    await allow('hour', 'a');
    await allow('until-lock', 'b');
    await allow('until-lock', 'c');
    prompts.locked();
    expect([await asks('a'), await asks('b')]).toEqual([false, true]);
    await vi.advanceTimersByTimeAsync(3600_001);
    expect(await asks('a')).toBe(true);
    await allow('hour', 'd');
    prompts.forget('s');
    expect(board.list()).toEqual([]);
    expect(await asks('d')).toBe(true);
  });

  it('"once" is once, but an answer that came too late counts for the next login', async () => {
    const { prompts } = open();
    const inTime = follow(prompts.demand({ session: { id: 's', account: ada }, demand }));
    await prompts.allow(undefined, 'once');
    await settled();
    expect(inTime()).toBe('in');
    const late = follow(prompts.demand({ session: { id: 's', account: ada }, demand }));
    await vi.advanceTimersByTimeAsync(11_000);
    expect(late()).toContain('client-denied');
    await prompts.allow(undefined, 'once');
    const next = follow(prompts.demand({ session: { id: 's', account: ada }, demand }));
    await settled();
    expect(next()).toBe('in');
    await vi.advanceTimersByTimeAsync(60_000);
    const later = follow(prompts.demand({ session: { id: 's', account: ada }, demand }));
    await settled();
    expect(later()).toBe('waits');
  });

  it('a program that the system cannot name is never remembered, and never taken for another', async () => {
    const { board, prompts } = open();
    const { process: _unknown, ...nameless } = demand;
    for (const address of ['127.0.0.1:1', '127.0.0.1:2'])
      prompts
        .demand({ session: { id: 's', account: ada }, demand: { ...nameless, address } })
        .catch(() => undefined);
    expect(board.list()).toMatchObject([{ choices: ['once'] }, { choices: ['once'] }]);
    await expect(prompts.allow(undefined, 'hour')).rejects.toMatchObject({ code: 'request-invalid' });
    expect(board.list()).toHaveLength(2);
  });

  it('"always" is offered where it can be remembered, and nothing is let in that is not on record', async () => {
    const board = createPromptBoard({ changed: () => undefined });
    let fails = true;
    const prompts = createProgramPrompts({
      board,
      record: async () => {
        if (fails) throw new Error('the disk is full');
      },
    });
    const remembered: string[] = [];
    const handle = { id: 'h', tool: 'DBeaver' };
    const login = follow(
      prompts.demand({
        session: { id: 's', account: ada },
        demand,
        handle,
        remember: async (program) => void remembered.push(program),
      }),
    );
    expect(board.list()).toMatchObject([
      { tool: 'DBeaver', choices: ['once', 'hour', 'until-lock', 'always'] },
    ]);
    await expect(prompts.allow(undefined, 'always')).rejects.toThrow('the disk is full');
    await settled();
    expect([login(), remembered]).toEqual(['waits', []]);
    fails = false;
    await prompts.allow(undefined, 'always');
    await settled();
    expect([login(), remembered]).toEqual(['in', ['/usr/bin/psql']]);
  });

  it('a program is known by its file and what it runs', () => {
    expect(programIdentity(psql)).toBe('/usr/bin/psql');
    const report = { pid: 1, program: 'python3.11 (report.py)', path: '/usr/bin/python3.11' };
    expect(programIdentity(report)).toBe('/usr/bin/python3.11 (report.py)');
    expect(programIdentity({ pid: 1, program: 'psql' })).toBeUndefined();
    expect(programIdentity(undefined)).toBeUndefined();
  });
});

describe('logins that wait for a sign-in', () => {
  const code: SignInState = {
    kind: 'code',
    provider: 'work',
    tenant: 't',
    applicationId: 'a',
    userCode: 'ABCD-EFGH',
    verificationUri: 'https://login.example/device',
    startedAt: '2026-01-01T00:00:00.000Z',
    expiresAt: '2026-01-01T00:15:00.000Z',
  };
  const signedIn = (who: Account): SignInState => ({
    kind: 'signed-in',
    account: who,
    groups: [],
    groupsReadAt: code.startedAt,
    since: code.startedAt,
    until: code.expiresAt,
  });

  function open(headless: boolean) {
    let state: SignInState = { kind: 'signed-out' };
    let other: Account | undefined;
    const started: string[] = [];
    const board = createPromptBoard({ changed: () => undefined });
    const prompts = createSignInPrompts({
      board,
      headless,
      state: () => state,
      inTheWay: (of) => (other !== undefined && other.objectId !== of.objectId ? other : undefined),
      start: async ({ username }) => {
        started.push(username);
        state = { kind: 'working', provider: 'work', step: 'contacting' };
      },
    });
    const become = (next: SignInState): void => {
      state = next;
      prompts.stateChanged();
    };
    /** Somebody else, where one account is all there may be. */
    const occupy = (by: Account): void => {
      other = by;
      prompts.stateChanged();
    };
    return { board, prompts, started, become, occupy };
  }

  it('start one sign-in, wait for it together, and go on together', async () => {
    const { board, prompts, started, become } = open(false);
    const logins = Array.from({ length: 50 }, () => follow(prompts.demand(ada, 'DBeaver', demand)));
    become(code);
    expect(board.list()).toMatchObject([{ kind: 'sign-in', username: 'ada', tool: 'DBeaver', waiting: 50 }]);
    become(signedIn(ada));
    await settled();
    expect(new Set(logins.map((login) => login()))).toEqual(new Set(['in']));
    expect([started, board.list()]).toEqual([['ada'], []]);
  });

  it('have address and code in their error when the time is over, and at once where nobody sees a prompt', async () => {
    const text = 'Sign in at https://login.example/device with code ABCD-EFGH, then connect again.';
    const seen = open(false);
    const held = follow(seen.prompts.demand(ada, 'psql', demand));
    seen.become(code);
    await vi.advanceTimersByTimeAsync(9999);
    expect(held()).toBe('waits');
    await vi.advanceTimersByTimeAsync(1);
    expect(held()).toContain(text);
    const unseen = open(true);
    const refused = follow(unseen.prompts.demand(ada, 'psql', demand));
    unseen.become(code);
    await settled();
    expect(refused()).toContain(text);
    expect(unseen.board.list()).toEqual([]);
  });

  it('are told why the sign-in failed, and not why an earlier one did', async () => {
    const { prompts, become } = open(false);
    const problem = { code: 'code-expired', message: 'The code has expired.' } as const;
    become({ kind: 'signed-out', problem });
    const login = follow(prompts.demand(ada, 'psql', demand));
    await settled();
    expect(login()).toBe('waits');
    become({
      kind: 'signed-out',
      problem: { code: 'sign-in-declined', message: 'Declined.', remedy: 'Again.' },
    });
    await settled();
    expect(login()).toBe('sign-in-declined: Declined. Again.');
  });

  it('start nothing for a minute after the person has cancelled', async () => {
    const { board, prompts, started, become } = open(false);
    const first = follow(prompts.demand(ada, 'psql', demand));
    become({ kind: 'signed-out', problem: { code: 'sign-in-cancelled', message: 'Cancelled.' } });
    await settled();
    expect(first()).toContain('sign-in-cancelled');
    const second = follow(prompts.demand(ada, 'psql', demand));
    await settled();
    expect([second().startsWith('sign-in-required'), started.length, board.list()]).toEqual([true, 1, []]);
    await vi.advanceTimersByTimeAsync(60_001);
    void follow(prompts.demand(ada, 'psql', demand));
    expect(started).toHaveLength(2);
  });

  it('of one account take their turn after the sign-in of another, and have its failure only', async () => {
    const { prompts, started, become } = open(false);
    become(code);
    const login = follow(prompts.demand(ada, 'psql', demand));
    await settled();
    expect(started).toEqual([]);
    become({ kind: 'signed-out' });
    await settled();
    expect([login(), started]).toEqual(['waits', ['ada']]);
    become(signedIn(ada));
    await settled();
    expect(login()).toBe('in');
  });

  it('of one person do not go on with another, where one account is all there may be', async () => {
    const { prompts, occupy } = open(false);
    const login = follow(prompts.demand(ada, 'psql', demand));
    occupy(account('bruno'));
    await settled();
    expect(login()).toContain('handle-foreign: This saved password belongs to ada, and bruno is signed in.');
  });
});
