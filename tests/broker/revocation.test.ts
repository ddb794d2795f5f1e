import type { Client } from 'pg';
import { beforeEach, expect, it } from 'vitest';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { connect, createLatchkey, refusalOf, soon, startWorld } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

const { groups, users } = fabrikam;
/** Far above what is measured (tests/verify/revocation.ts), far below any time-out that could do the same. */
const promptlyMs = 3000;

interface LongQuery {
  /** Runs at the database server. */
  isRunning(): Promise<boolean>;
  ended: Promise<{ message: string; at: number }>;
}

describeWith([parts.postgres], 'the end of access', () => {
  const world = useAll(startWorld);
  const latchkey = useAll(() => createLatchkey(world));
  beforeEach(() => latchkey.signIn('ada@fabrikam.example'));

  /** Starts a query that would last a minute, and waits until the server works on it. */
  async function longQuery(client: Client): Promise<LongQuery> {
    const { rows } = await client.query('select pg_backend_pid() pid');
    const { pid } = rows[0] as { pid: number };
    const isRunning = async (): Promise<boolean> => {
      const active = `select 1 from pg_stat_activity where pid = ${pid} and state = 'active'`;
      return (await world.postgres.query(active)).length === 1;
    };
    const ended = client.query('select pg_sleep(60)').then(
      () => ({ message: 'it went through', at: performance.now() }),
      (error: Error) => ({ message: error.message, at: performance.now() }),
    );
    await expect.poll(isRunning, soon).toBe(true);
    return { isRunning, ended };
  }

  it('sign-out ends tokens and running queries at once', async () => {
    const token = await latchkey.token('sales');
    const query = await longQuery(await connect(token));
    const idle = await connect(token);
    const out = performance.now();
    await latchkey.signOut();
    const { message, at } = await query.ended;
    expect(message).toBe('The person has signed out of Latchkey.');
    expect(at - out).toBeLessThan(promptlyMs);
    await expect(idle.query('select 1')).rejects.toThrow();
    // The server would work on without being told, and commit what it did.
    await expect.poll(query.isRunning, { timeout: promptlyMs }).toBe(false);
    expect(await refusalOf(connect(token))).toMatchObject({
      sqlState: '28000',
      message: 'This token has been revoked.',
    });
    const { signIn, tokens, databaseSessions } = await latchkey.state();
    expect({ signIn, tokens, databaseSessions }).toEqual({
      signIn: { kind: 'signed-out' },
      tokens: [],
      databaseSessions: [],
    });
    expect(await latchkey.audit('token-revoked', 'signed-out')).toMatchObject([
      { event: 'token-revoked', tokenId: token.id, reason: 'The person has signed out of Latchkey.' },
      { event: 'signed-out', account: { username: 'ada@fabrikam.example' } },
    ]);
    const ends = async () => (await latchkey.audit('database-session-ended')).map(({ reason }) => reason);
    await expect.poll(ends, { timeout: promptlyMs }).toEqual(['cut', 'cut']);
  });

  it('a revoked token takes its own sessions along and no others', async () => {
    const [first, second] = [await latchkey.token('sales'), await latchkey.token('sales')];
    const query = await longQuery(await connect(first));
    const other = await connect(second);
    expect((await latchkey.run('revoke', first.id)).code).toBe(0);
    expect((await query.ended).message).toBe('The token has been revoked.');
    expect((await other.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(await latchkey.run('revoke', first.id, '--json')).toMatchObject({
      code: 1,
      err: 'latchkey: There is no live token with this id.\n  See the live ones with: latchkey status\n',
    });
    expect(await latchkey.run('revoke', '--all')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Revoked: \d+\n$/) as string,
    });
    await expect(other.query('select 1')).rejects.toThrow();
    expect((await latchkey.state()).tokens).toEqual([]);
  });

  it('one session can be cut, and its token still opens another', async () => {
    const token = await latchkey.token('sales');
    const query = await longQuery(await connect(token));
    const { databaseSessions } = await latchkey.state();
    expect(databaseSessions).toMatchObject([{ connection: 'sales', role: 'sales_readonly' }]);
    const id = databaseSessions[0]?.id ?? '';
    expect(await latchkey.run('cut', id)).toMatchObject({ code: 0, out: 'The session has been ended.\n' });
    expect((await query.ended).message).toBe('The session has been ended from Latchkey.');
    await (await connect(token)).end();
    expect((await latchkey.run('cut', id)).err).toContain('There is no live database session with this id.');
  });

  it('a group that is lost takes what stood on it, within the refresh interval', async () => {
    world.tenant.addMember({ groupId: groups.finance, memberId: users.ada });
    await latchkey.refresh();
    const [sales, payroll] = [await latchkey.token('sales'), await latchkey.token('payroll')];
    const lost = await longQuery(await connect(payroll));
    const kept = await connect(sales);
    world.tenant.removeMember({ groupId: groups.finance, memberId: users.ada });
    const { message } = await lost.ended;
    expect(message).toBe('Your directory groups no longer allow this.');
    expect((await kept.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await kept.end();
    expect((await latchkey.state()).tokens.map(({ id }) => id)).toContain(sales.id);
    expect(await refusalOf(connect(payroll))).toMatchObject({ message: 'This token has been revoked.' });
    expect((await latchkey.audit('groups-refreshed')).at(-1)).toMatchObject({
      added: [],
      removed: [groups.finance],
    });
  });

  it('a disabled account ends the session', async () => {
    const token = await latchkey.token('sales');
    const query = await longQuery(await connect(token));
    world.tenant.setUserEnabled({ user: 'ada@fabrikam.example', enabled: false });
    await latchkey.refresh();
    world.tenant.setUserEnabled({ user: 'ada@fabrikam.example', enabled: true });
    expect((await query.ended).message).toBe('The directory has ended the sign-in.');
    expect((await latchkey.state()).signIn).toMatchObject({
      kind: 'signed-out',
      problem: { code: 'account-disabled' },
    });
    expect((await latchkey.audit('session-expired')).at(-1)).toMatchObject({
      why: 'refused',
      code: 'account-disabled',
      entra: { aadsts: 50057 },
    });
    expect((await latchkey.run('status')).out).toContain(
      'Nobody is signed in.\n  The account is disabled.\n',
    );
  });

  it('a revoked sign-in ends the session', async () => {
    const token = await latchkey.token('sales');
    world.tenant.revoke({ user: 'ada@fabrikam.example' });
    await latchkey.refresh();
    expect((await latchkey.state()).signIn).toMatchObject({
      kind: 'signed-out',
      problem: { code: 'sign-in-required' },
    });
    expect(await refusalOf(connect(token))).toMatchObject({ message: 'This token has been revoked.' });
  });

  it('a directory that does not answer ends nothing', async () => {
    // A read by itself would come in between and find the directory well again.
    const quiet = await createLatchkey(world, {
      configure: (configuration) => void Object.assign(configuration, { session: { refreshGroups: '1h' } }),
    });
    try {
      await quiet.signIn('ada@fabrikam.example');
      const token = await quiet.token('sales');
      const { id } = world.tenant.addFault({ type: 'reset', endpoint: 'token' });
      await quiet.refresh();
      world.tenant.clearFaults({ id });
      expect((await quiet.state()).signIn).toMatchObject({
        kind: 'signed-in',
        problem: { code: 'authority-unreachable' },
      });
      expect((await quiet.run('status')).out).toContain('Last attempt failed: The authority');
      await (await connect(token)).end();
      expect((await quiet.audit('groups-refresh-failed')).at(-1)).toMatchObject({
        code: 'authority-unreachable',
      });
      await quiet.refresh();
      expect((await quiet.state()).signIn).not.toHaveProperty('problem');
    } finally {
      await quiet.close();
    }
  });

  it('of one account leaves another that has signed in beside it alone', async () => {
    const ada = 'ada@fabrikam.example';
    const token = await latchkey.token('sales');
    const query = await longQuery(await connect(token));
    await latchkey.signIn('bruno@fabrikam.example');
    const { accounts, connections } = await latchkey.state();
    expect(accounts.map(({ account }) => account.objectId)).toEqual([users.ada, users.bruno]);
    const grants = connections.find(({ name }) => name === 'sales')?.grants ?? [];
    expect(new Set(grants.map(({ objectId }) => objectId))).toEqual(new Set([users.ada, users.bruno]));
    // Which of them is meant is never guessed.
    await expect(latchkey.token('sales')).rejects.toMatchObject({ code: 'account-ambiguous' });
    await expect(latchkey.token({ connection: 'sales', as: 'carol' })).rejects.toMatchObject({
      code: 'sign-in-required',
    });
    const own = await latchkey.token({ connection: 'sales', as: 'Bruno@fabrikam.example' });
    expect([token.username, own.username]).toEqual([ada, 'bruno@fabrikam.example']);
    const second = await longQuery(await connect(own));
    expect(await query.isRunning()).toBe(true);
    await (await latchkey.client()).post('/v1/sign-out', { as: users.ada });
    expect((await query.ended).message).toBe('The person has signed out of Latchkey.');
    expect(await refusalOf(connect(token))).toMatchObject({ message: 'This token has been revoked.' });
    expect(await second.isRunning()).toBe(true);
    await (await connect(own)).end();
    expect((await latchkey.audit('signed-out')).at(-1)).toMatchObject({ account: { username: ada } });
    // As tools write names, too.
    for (const user of ['BRUNO@fabrikam.example@server', String.raw`FABRIKAM\bruno`])
      await (await connect(own, { user })).end();
    // Ada's token names Ada and Bruno's names Bruno, whoever holds them.
    expect(await refusalOf(connect(own, { user: 'ada@fabrikam.example' }))).toMatchObject({
      message: 'This token was not issued for this user on connection "sales".',
    });
    await latchkey.signOut();
  });

  it('the same person again keeps everything', async () => {
    const token = await latchkey.token('sales');
    const client = await connect(token);
    await latchkey.signIn('ada@fabrikam.example');
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await client.end();
    await (await connect(token)).end();
  });

  it('an expired token ends no query', async () => {
    const token = await latchkey.token({ connection: 'sales', lifetimeSeconds: 3 });
    const client = await connect(token);
    expect((await client.query("select 'done' as state, pg_sleep(4)")).rows).toMatchObject([
      { state: 'done' },
    ]);
    expect((await latchkey.state()).databaseSessions).toHaveLength(1);
    await client.end();
    expect(await refusalOf(connect(token))).toMatchObject({ sqlState: '28000' });
  });
});
