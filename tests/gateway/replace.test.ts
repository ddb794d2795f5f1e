import type { Client } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startGatewayHost } from '../../main/gateway/host.ts';
import { startGatewayThreads } from '../../main/gateway/threads.ts';
import type { GatewayHost, ListenerSettings } from '../../main/gateway/ports.ts';
import { buildWorker } from '../support/builds.ts';
import { type TestGatekeeper, createTestGatekeeper } from '../support/gatekeeper.ts';
import { soon } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { takesConnections } from '../support/port-answers.ts';
import { startPostgres } from '../support/postgres.ts';
import { useAll } from '../support/use-all.ts';
import { connectTo, loginAt, plainListener, scram, token } from './plain-listener.ts';

describeWith([parts.postgres], 'listeners that change', () => {
  let gatekeeper: TestGatekeeper;
  let host: GatewayHost;
  const server = useAll(startPostgres);
  beforeEach(async () => {
    gatekeeper = await createTestGatekeeper(token, scram, loginAt(server));
    host = await startGatewayHost({
      gatekeeper,
      scram,
      threads: startGatewayThreads({ workerUrl: await buildWorker(), log: () => undefined }),
    });
  });
  afterEach(() => host.close());

  const settings = (connection: string): Promise<ListenerSettings> => plainListener(server, connection);
  const connect = ({ port }: ListenerSettings): Promise<Client> => connectTo(port);

  test('two can have each other’s port, one can go, one can come, and all sessions go on', async () => {
    const [one, two, gone] = [await settings('one'), await settings('two'), await settings('gone')];
    expect(await host.open([one, two, gone])).toEqual([]);
    const opened = gatekeeper.nextOpened();
    const last = await connect(gone);
    const sessions = [await connect(one), await connect(two), last];
    const sessionId = await opened;
    const added = await settings('added');
    const swapped = [{ ...one, port: two.port }, { ...two, port: one.port }, added];
    expect(await host.replace(swapped, 'refuse')).toEqual([]);
    for (const session of sessions) expect((await session.query('select 1')).rowCount).toBe(1);
    await expect.poll(() => takesConnections(gone.port), soon).toBe(false);
    for (const [each, name] of [
      [one, 'two'],
      [two, 'one'],
      [added, 'added'],
    ] as const) {
      await (await connect(each)).end();
      expect(gatekeeper.attempts.at(-1)?.connection).toBe(name);
    }
    // Its listener is gone, and it can be ended all the same.
    const end = gatekeeper.nextEnd(sessionId);
    host.cut([sessionId], 'over');
    expect(await end).toMatchObject({ reason: 'cut' });
  });

  test('a login that is under way while the server becomes another one is not let in at the one of before', async () => {
    const before = await settings('sales');
    await host.open([before]);
    const { authorize } = gatekeeper;
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    gatekeeper.authorize = async (...attempt) => {
      asked.resolve();
      await answer.promise;
      return authorize(...attempt);
    };
    const login = connect(before).then(
      () => 'let in',
      ({ message }: Error) => message,
    );
    await asked.promise;
    const upstream = { ...before.upstream, lostAfterMs: 30_000 };
    const replaced = host.replace([{ ...before, upstream }], 'refuse');
    answer.resolve();
    expect(await replaced).toEqual([]);
    expect(await login).toBe(
      'The configuration of this connection has changed while this login was under way.',
    );
    await (await connect(before)).end();
  });

  test('settings that cannot be used let nobody in by those of before', async () => {
    const before = await settings('sales');
    await host.open([before]);
    const session = await connect(before);
    const tls = { mode: 'verify', ca: 'no certificate' } as const;
    const failures = await host.replace(
      [{ ...before, upstream: { ...before.upstream, tls } as ListenerSettings['upstream'] }],
      'refuse',
    );
    expect(failures).toMatchObject([{ connection: 'sales', problem: { code: 'upstream-tls-failed' } }]);
    await expect.poll(() => takesConnections(before.port), soon).toBe(false);
    expect((await session.query('select 1')).rowCount).toBe(1);
    expect(await host.replace([before], 'refuse')).toEqual([]);
    await (await connect(before)).end();
    await session.end();
  });
});
