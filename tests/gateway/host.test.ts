import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGatewayHost } from '../../main/gateway/host.ts';
import type { GatewayHost, ListenerFailure, ListenerSettings } from '../../main/gateway/ports.ts';
import { freePort } from '../support/free-port.ts';
import { type TestGatekeeper, createTestGatekeeper } from '../support/gatekeeper.ts';
import { describeWith, parts } from '../support/parts.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

const token = 'lk_token';
const scram = { salt: Buffer.alloc(16, 7), iterations: 4096 };

describeWith([parts.postgres, parts.psql], 'the gateways’ thread', () => {
  let server: PostgresServer;
  let host: GatewayHost | undefined;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    await host?.close();
    await server.close();
  });

  async function settings(connection = 'sales'): Promise<ListenerSettings> {
    return {
      connection,
      protocol: 'postgresql',
      host: '127.0.0.1',
      port: await freePort(),
      clientAuth: 'password',
      databases: ['sales'],
      maxSessions: 10,
      upstream: {
        host: '127.0.0.1',
        port: server.port,
        tls: { mode: 'off' },
        allowedMethods: [],
        connectTimeoutMs: 2000,
      },
    };
  }
  const gatekeeperFor = (): Promise<TestGatekeeper> =>
    createTestGatekeeper(token, scram, { user: 'postgres', database: 'postgres', password: server.password });
  const connect = async (port: number): Promise<Client> => {
    const client = new Client({ host: '127.0.0.1', port, user: 'ann', database: 'sales', password: token });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };

  test('a crash ends its sessions aloud and the listeners come back; after the fourth they do not', async () => {
    const gatekeeper = await gatekeeperFor();
    const restarts: ListenerFailure[][] = [];
    const log: string[] = [];
    let restarted = (): void => undefined;
    host = await startGatewayHost({
      gatekeeper,
      scram,
      workerUrl: new URL('./crashing-worker.ts', import.meta.url),
      onRestart(failures) {
        restarts.push(failures);
        restarted();
      },
      log: (line) => log.push(line),
    });
    const listener = await settings();
    expect(await host.open([listener])).toEqual([]);
    for (let crash = 1; crash <= 4; crash += 1) {
      const opened = gatekeeper.nextOpened();
      await connect(listener.port);
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
      expect(restarts).toHaveLength(crash);
    }
    expect(restarts.slice(0, 3)).toEqual([[], [], []]);
    expect(restarts[3]).toMatchObject([{ connection: 'sales', problem: { code: 'internal' } }]);
    expect(log[0]).toContain('as the test wished');
    await expect(connect(listener.port)).rejects.toThrow('ECONNREFUSED');
    expect(await host.open([await settings('other')])).toMatchObject([{ connection: 'other' }]);
    await host.close();
    host = undefined;
  });

  test('a broker that throws refuses the login, with a sentence that gives nothing away', async () => {
    const gatekeeper = await gatekeeperFor();
    const log: string[] = [];
    gatekeeper.authorize = () => Promise.reject(new TypeError('secret inside'));
    host = await startGatewayHost({ gatekeeper, scram, log: (line) => log.push(line) });
    const listener = await settings();
    await host.open([listener]);
    await expect(connect(listener.port)).rejects.toMatchObject({
      code: 'XX000',
      message: 'Latchkey met an error it did not expect.',
    });
    expect(log.join()).toContain('secret inside');
    await host.close();
    host = undefined;
  });

  test('a busy main thread does not hold up a query', async () => {
    const gatekeeper = await gatekeeperFor();
    host = await startGatewayHost({ gatekeeper, scram });
    const listener = await settings();
    await host.open([listener]);
    // A client in another process, since this one is about to stand still.
    const child = spawn(parts.psql.path ?? 'psql', ['-X', '-At'], {
      env: {
        PATH: process.env['PATH'] ?? '',
        PGHOST: '127.0.0.1',
        PGPORT: String(listener.port),
        PGUSER: 'ann',
        PGDATABASE: 'sales',
        PGPASSWORD: token,
      },
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const closed = once(child, 'close');
    await new Promise<void>((resolve) => {
      gatekeeper.sessionOpened = () => resolve();
    });
    child.stdin.end('select floor(extract(epoch from clock_timestamp()) * 1000);\n'.repeat(100));
    const until = Date.now() + 1500;
    while (Date.now() < until);
    await closed;
    const times = output.trim().split('\n').map(Number);
    expect(times).toHaveLength(100);
    // By the server's clock, which is this machine's, the last answer was given while this thread was busy.
    expect(times.at(-1)).toBeLessThan(until);
    await host.close();
    host = undefined;
  });

  test('settings that cannot all open: the others stay', async () => {
    host = await startGatewayHost({ gatekeeper: await gatekeeperFor(), scram });
    const [good, bad] = [await settings('good'), { ...(await settings('bad')), port: server.port }];
    const failures = await host.open([bad, good]);
    expect(failures).toMatchObject([{ connection: 'bad', problem: { code: 'port-in-use' } }]);
    expect(failures[0]?.problem.message).toMatch(/^Port \d+ is in use by postgres \(process \d+\)\.$/);
    await (await connect(good.port)).end();
  });
});
