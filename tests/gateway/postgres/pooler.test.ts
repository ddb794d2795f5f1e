import { Client } from 'pg';
import { beforeAll, expect, test } from 'vitest';
import type { UpstreamLogin } from '../../../main/gateway/ports.ts';
import { describeWith, parts } from '../../support/parts.ts';
import { pgbouncerPart, startPgbouncer } from '../../support/pgbouncer.ts';
import { startPostgres } from '../../support/postgres.ts';
import { rawSocket } from '../../support/raw-socket.ts';
import { useAll } from '../../support/use-all.ts';
import { errorFields, query, frames, scramLogin, startupPacket } from '../../support/wire-client.ts';
import { type TestGateway, gatewayTo } from '../fixture.ts';

const password = 'pooled';

describeWith([parts.postgres, pgbouncerPart], 'settings of a login', () => {
  const server = useAll(startPostgres);
  beforeAll(async () => {
    await server.query(`create role pooled login password '${password}'`);
    await server.query(`create role bounded login password '${password}'`);
    await server.query('alter role bounded set default_transaction_read_only = on');
    await server.query("alter role bounded set statement_timeout = '2s'");
  });

  async function behindPooler(
    user: string,
    more: string[],
    body: (gatewayFor: (limits?: Partial<UpstreamLogin>) => Promise<TestGateway>) => Promise<void>,
  ): Promise<void> {
    const pooler = await startPgbouncer(server, 'session', { login: { user, password }, more });
    const gateways: TestGateway[] = [];
    try {
      await body(async (limits = {}) => {
        const login = { user, database: 'postgres', password, ...limits };
        const gateway = await gatewayTo(server, { upstream: { port: pooler.port }, login });
        gateways.push(gateway);
        return gateway;
      });
    } finally {
      for (const gateway of gateways) await gateway.close();
      await pooler.close();
    }
  }

  /** What the client reads: the fields of the error, or none. */
  async function logIn(gateway: TestGateway, settings: Record<string, string> = {}) {
    const socket = await rawSocket(gateway.port);
    socket.write(startupPacket({ user: gateway.user, database: gateway.database, ...settings }));
    const received = await scramLogin(socket, gateway.token);
    return { socket, error: errorFields(received) };
  }

  test('that a pooler refuses: who sends it, and what to do', async () => {
    await behindPooler('pooled', [], async (gatewayFor) => {
      const gateway = await gatewayFor();
      for (const settings of [{ extra_float_digits: '2' }, { options: '-c geqo=off' }]) {
        const { socket, error } = await logIn(gateway, settings);
        expect(error).toMatchObject({
          C: '08P01',
          M: expect.stringContaining('unsupported startup parameter') as string,
        });
        expect(error['H']).toMatch(/^The client sends this setting at login: .* ignore_startup_parameters/);
        socket.destroy();
      }
      for (const [limits, key, way] of [
        [{ readOnly: true }, 'readOnly', 'ALTER ROLE.*ignore_startup_parameters'],
        [{ statementTimeoutMs: 2000 }, 'statementTimeout', 'ALTER ROLE.*ignore_startup_parameters'],
        [
          { person: { name: 'ann', isNamed: false, session: 'abc', setting: 'latchkey.person' } },
          'personSetting',
          'take it out of the rule',
        ],
      ] as const) {
        const { socket, error } = await logIn(await gatewayFor(limits));
        expect(error['C']).toBe('08P01');
        expect(error['H']).toMatch(
          new RegExp(`^The gateway sends this setting for "${key}" of the rule\\..*${way}`),
        );
        socket.destroy();
      }
    });
  });

  const passedOver = ['ignore_startup_parameters = default_transaction_read_only, statement_timeout'];

  test('of a rule that a pooler passes over: nobody gets in without it', async () => {
    await behindPooler('pooled', passedOver, async (gatewayFor) => {
      for (const [limits, is] of [
        [{ readOnly: true }, /has "readOnly" .* passed over it: default_transaction_read_only is off\.$/],
        [
          { statementTimeoutMs: 2000 },
          /has "statementTimeout" .* passed over it: statement_timeout is 0 ms\.$/,
        ],
      ] as const) {
        const { socket, error } = await logIn(await gatewayFor(limits));
        expect(error).toMatchObject({ C: '08004', M: expect.stringMatching(is) as string });
        expect(error['H']).toContain('ALTER ROLE');
        socket.destroy();
      }
    });
    await behindPooler('bounded', passedOver, async (gatewayFor) => {
      const { socket, error } = await logIn(await gatewayFor({ readOnly: true, statementTimeoutMs: 2000 }));
      expect(error).toEqual({});
      const before = socket.received().length;
      socket.write(query('create table written ()'));
      await socket.until((received) => frames(received.subarray(before)).some(({ type }) => type === 'Z'));
      expect(errorFields(socket.received().subarray(before))['C']).toBe('25006');
      socket.destroy();
    });
  });

  test('that the role has no right to: the client is told that it is its own', async () => {
    const gateway = await gatewayTo(server, { login: { user: 'pooled', database: 'postgres', password } });
    const superuser = server.superuser;
    for (const settings of [
      { options: '-c log_min_messages=debug1' },
      { options: `--session-authorization=${superuser}` },
      { role: superuser },
    ]) {
      const { socket, error } = await logIn(gateway, settings as Record<string, string>);
      expect(error, JSON.stringify(settings)).toMatchObject({
        C: '42501',
        H: expect.stringContaining('The client sends this setting at login') as string,
      });
      socket.destroy();
    }
    await server.query('revoke connect on database postgres from public');
    try {
      const { socket, error } = await logIn(gateway, { DateStyle: 'ISO' });
      expect(error).toMatchObject({
        C: '42501',
        M: expect.stringContaining('permission denied for database') as string,
        H: expect.stringContaining('Ask whoever administers') as string,
      });
      socket.destroy();
    } finally {
      await server.query('grant connect on database postgres to public');
      await gateway.close();
    }
  });

  test('session_authorization makes of a session what it makes of one without the gateway', async () => {
    const gateway = await gatewayTo(server);
    const ways = [
      {
        host: '127.0.0.1',
        port: gateway.port,
        user: gateway.user,
        password: gateway.token,
        database: 'sales',
      },
      {
        host: server.host,
        port: server.port,
        user: server.superuser,
        password: server.password,
        database: 'postgres',
      },
    ];
    const outcome = async (options: string, sql: string, way: (typeof ways)[number]): Promise<string> => {
      const client = new Client({ ...way, options });
      try {
        await client.connect();
        await client.query(sql);
        const { rows } = await client.query<{ who: string }>(
          "select session_user || ' ' || current_user as who",
        );
        return rows[0]?.who ?? '';
      } catch (error) {
        return (error as { code?: string }).code ?? String(error);
      } finally {
        await client.end().catch(() => undefined);
      }
    };
    for (const [options, sql] of [
      ['-c session_authorization=pooled', 'select 1'],
      ['-c session_authorization=nobody_here', 'select 1'],
      ['-c role=pooled', 'select 1'],
      ['-c geqo=on', 'set session authorization pooled'],
      ['-c geqo=on', 'set session authorization pooled; reset session authorization'],
    ] as const) {
      const [through, direct] = await Promise.all(ways.map((way) => outcome(options, sql, way)));
      expect(through, `${options} ${sql}`).toBe(direct);
    }
    expect(
      await outcome('-c geqo=on', 'set session authorization pooled', ways[0] as (typeof ways)[number]),
    ).toBe('pooled pooled');
    await gateway.close();
  });
});
