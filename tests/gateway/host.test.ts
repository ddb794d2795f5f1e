import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { type GatewayCrash, startGatewayHost } from '../../main/gateway/host.ts';
import { startGatewayThreads } from '../../main/gateway/threads.ts';
import type { GatewayHost, ListenerSettings } from '../../main/gateway/ports.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';
import { buildProgram } from '../support/builds.ts';
import { type TestGatekeeper, createTestGatekeeper } from '../support/gatekeeper.ts';
import { describeWith, parts } from '../support/parts.ts';
import { startPostgres } from '../support/postgres.ts';
import { useAll } from '../support/use-all.ts';
import { connectTo, loginAt, plainListener, scram, token } from './plain-listener.ts';

describeWith([parts.postgres, parts.psql], 'the gateways’ thread', () => {
  const newFolder = useTemporaryFolders();
  let host: GatewayHost | undefined;
  const server = useAll(startPostgres);
  afterAll(() => host?.close());

  const settings = (connection = 'sales'): Promise<ListenerSettings> => plainListener(server, connection);
  const threads = () => startGatewayThreads({ log: () => undefined });
  const gatekeeperFor = (): Promise<TestGatekeeper> => createTestGatekeeper(token, scram, loginAt(server));

  test('a crash ends its sessions aloud and the listeners come back; after the fourth they do not', async () => {
    const gatekeeper = await gatekeeperFor();
    const crashes: GatewayCrash[] = [];
    const log: string[] = [];
    let restarted = (): void => undefined;
    host = await startGatewayHost({
      gatekeeper,
      scram,
      threads: startGatewayThreads({
        workerUrl: pathToFileURL(await buildProgram('gateway/crashing-worker-child.ts')),
        log: (line) => log.push(line),
      }),
      onCrash(happened) {
        crashes.push(happened);
        restarted();
      },
      log: (line) => log.push(line),
    });
    const listener = await settings();
    expect(await host.open([listener])).toEqual([]);
    for (let crash = 1; crash <= 4; crash += 1) {
      const opened = gatekeeper.nextOpened();
      await connectTo(listener.port);
      const sessionId = await opened;
      const back = new Promise<void>((resolve) => {
        restarted = resolve;
      });
      host.cut(['crash'], '');
      expect(await gatekeeper.nextEnd(sessionId)).toMatchObject({
        reason: 'gateway-closed',
        problem: { code: 'internal' },
      });
      await back;
      expect(crashes).toHaveLength(crash);
    }
    expect(crashes.slice(0, 3)).toEqual(
      Array.from({ length: 3 }, () => ({ sessions: 1, isBack: true, failures: [] })),
    );
    expect(crashes[3]).toMatchObject({
      sessions: 1,
      isBack: false,
      failures: [{ connection: 'sales', problem: { message: expect.stringContaining('stay stopped') } }],
    });
    expect(log[0]).toContain('as the test wished');
    await expect(connectTo(listener.port)).rejects.toThrow('ECONNREFUSED');
    expect(await host.open([await settings('other')])).toMatchObject([{ connection: 'other' }]);
    await host.close();
    host = undefined;
  });

  test('a broker that throws refuses the login, with a sentence that gives nothing away', async () => {
    const gatekeeper = await gatekeeperFor();
    const log: string[] = [];
    gatekeeper.authorize = () => Promise.reject(new TypeError('secret inside'));
    host = await startGatewayHost({ gatekeeper, scram, threads: threads(), log: (line) => log.push(line) });
    const listener = await settings();
    await host.open([listener]);
    await expect(connectTo(listener.port)).rejects.toMatchObject({
      code: 'XX000',
      message: 'Latchkey met an error it did not expect.',
    });
    expect(log.join()).toContain('secret inside');
    await host.close();
    host = undefined;
  });

  test('a busy main thread does not hold up a query', async () => {
    const gatekeeper = await gatekeeperFor();
    host = await startGatewayHost({ gatekeeper, scram, threads: threads() });
    const listener = await settings();
    await host.open([listener]);
    // A client in another process, since this one is about to stand still.
    const file = join(await newFolder(), 'answers');
    const answers = await open(file, 'w');
    const child = spawn(parts.psql.path ?? 'psql', ['-X', '-At'], {
      env: {
        PATH: process.env['PATH'] ?? '',
        PGHOST: '127.0.0.1',
        PGPORT: String(listener.port),
        PGUSER: 'ann',
        PGDATABASE: 'sales',
        PGPASSWORD: token,
      },
      stdio: ['pipe', answers.fd, 'inherit'],
    });
    const closed = once(child, 'close');
    await new Promise<void>((resolve) => {
      gatekeeper.sessionOpened = () => resolve();
    });
    await new Promise<void>((resolve) => child.stdin?.end('select 1;\n'.repeat(100), resolve));
    // This thread does nothing else until all answers are there.
    const until = Date.now() + 30_000;
    while (statSync(file).size < 200 && Date.now() < until)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    expect(await readFile(file, 'utf8')).toBe('1\n'.repeat(100));
    await closed;
    await answers.close();
    await host.close();
    host = undefined;
  });

  test.each(['127.0.0.1', '::1'] as const)(
    'a login at either loopback address, whose owner is known; %s is named in settings',
    async (address) => {
      const gatekeeper = await gatekeeperFor();
      host = await startGatewayHost({ gatekeeper, scram, threads: threads() });
      const one = { ...(await settings()), host: address };
      expect(await host.open([one])).toEqual([]);
      for (const way of ['127.0.0.1', '::1']) {
        const client = await connectTo(one.port, way);
        expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
        await client.end();
      }
      expect(gatekeeper.attempts.map(({ peer }) => [peer.address, peer.uid])).toEqual([
        ['127.0.0.1', process.getuid?.()],
        ['::1', process.getuid?.()],
      ]);
      await host.close();
    },
  );

  test('settings that cannot all open: the others stay', async () => {
    host = await startGatewayHost({ gatekeeper: await gatekeeperFor(), scram, threads: threads() });
    const [good, bad] = [await settings('good'), { ...(await settings('bad')), port: server.port }];
    const failures = await host.open([bad, good]);
    expect(failures).toMatchObject([{ connection: 'bad', problem: { code: 'port-in-use' } }]);
    expect(failures[0]?.problem.message).toMatch(/^Port \d+ is in use by postgres \(process \d+\)\.$/);
    await (await connectTo(good.port)).end();
  });
});
