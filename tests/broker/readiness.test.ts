import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiState } from '../../main/contract/api-state.ts';
import {
  connect,
  createLatchkey,
  refusalOf,
  startWorld,
  storeFirst,
  type Latchkey,
} from '../support/latchkey.ts';
import { freePort } from '../support/free-port.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

type Connection = ApiState['connections'][number];

describeWith([parts.postgres], 'ready means ready', () => {
  const world = useAll(startWorld);
  let latchkey: Latchkey;

  beforeAll(async () => {
    latchkey = await createLatchkey(world, {
      started: false,
      async configure({ connections }) {
        const [sales, payroll] = connections;
        if (sales === undefined || payroll === undefined) throw new Error('no connections');
        sales.rules = sales.rules.slice(1);
        const { rules } = sales;
        // Nobody is there.
        Object.assign(payroll, { rules, upstream: { ...payroll.upstream, port: await freePort() } });
        const factor = rules.map((rule) => ({ ...rule, mfa: 'login' }));
        connections.push({ ...sales, name: 'guarded', port: await freePort(), rules: factor });
      },
    });
    await latchkey.serve.start();
    await latchkey.signIn('ada@fabrikam.example');
  });
  afterAll(() => latchkey.close());

  const until = async (name: string, reached: (one: Connection) => boolean): Promise<Connection> => {
    const one = ({ connections }: ApiState): Connection | undefined =>
      connections.find((connection) => connection.name === name);
    const state = await latchkey.until((next) => {
      const found = one(next);
      return found !== undefined && reached(found);
    });
    return one(state) as Connection;
  };
  const look = async (name?: string): Promise<unknown> =>
    (await latchkey.client()).call('lookAtConnections', name === undefined ? {} : { name });

  it('a password that is not stored is told at once; who may do nothing there lacks nothing', async () => {
    const sales = await until('sales', ({ lacks }) => lacks.length > 0);
    expect(sales).toMatchObject({
      ready: false,
      lacks: [{ kind: 'password', role: 'sales_readonly', storedAs: 'sales-readonly' }],
    });
    expect(sales.lookedAt).toBeUndefined();
    const { out } = await latchkey.run('connections');
    expect(out).toContain('not ready:\n    The password of "sales_readonly" is not stored.');
    expect(out).toContain('latchkey secret set sales-readonly');
  });

  it('once it is stored the server is to be looked at, and then it is ready', async () => {
    await storeFirst(latchkey, 'sales-readonly', 'not the right one');
    const stored = await until('sales', ({ lacks }) => lacks.length === 0);
    expect(stored.ready).toBe(false);
    expect((await latchkey.run('connections')).out).toContain('not looked at yet (--look)');
    const { out } = await latchkey.run('connections', '--look');
    expect(out).toMatch(/sales +\S+ +as sales_readonly {2}ready\n/);
    const payroll = await until('payroll', ({ lacks }) => lacks.length > 0);
    expect(payroll).toMatchObject({
      ready: false,
      lacks: [{ kind: 'server', problem: { code: 'upstream-unreachable' } }],
    });
  });

  it('a rule that asks for a second factor lacks one', async () => {
    const guarded = await until('guarded', ({ lookedAt }) => lookedAt !== undefined);
    expect(guarded).toMatchObject({ ready: false, lacks: [{ kind: 'second-factor' }] });
  });

  it('a login that the server refuses is told, until another password is stored or it lets the role in', async () => {
    await refusalOf(connect(await latchkey.token('sales')));
    const refused = await until('sales', ({ lacks }) => lacks.length > 0);
    expect(refused).toMatchObject({
      ready: false,
      lacks: [{ kind: 'login', role: 'sales_readonly', problem: { code: 'upstream-login-failed' } }],
    });
    const password = world.passwords['sales-readonly'].replaceAll("'", "''");
    await world.postgres.query("alter role sales_readonly password 'not the right one'");
    try {
      const client = await connect(await latchkey.token('sales'));
      await client.end();
    } finally {
      await world.postgres.query(`alter role sales_readonly password '${password}'`);
    }
    expect(await until('sales', ({ ready }) => ready)).toMatchObject({ lacks: [] });
  });

  it('a test of the file tells it, too, and a look at one by its name is made anew', async () => {
    const api = await latchkey.client();
    await api.call('testConnection', { name: 'sales' });
    expect(await until('sales', ({ ready }) => !ready)).toMatchObject({ lacks: [{ kind: 'login' }] });
    const before = (await until('sales', () => true)).lookedAt ?? '';
    await look('sales');
    await until('sales', ({ lookedAt = '' }) => lookedAt > before);
    await expect(look('nowhere')).rejects.toMatchObject({ code: 'connection-unknown' });
  });
});
