import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mariadb';
import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';
import type { LoginDecision } from '../../main/gateway/ports.ts';
import { startFakeUpstream } from '../support/fake-upstream.ts';
import { freePort } from '../support/free-port.ts';
import { type TestGateway, startTestGateway } from './fixture.ts';
import { startMysqlGateway } from './mysql/fixture.ts';
import { greetingPayload, startScriptedServer } from './mysql/scripted-server.ts';
import { tedious } from './sqlserver/drivers.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** Nobody takes connections off its queue, and the queue is full: what is sent there is dropped, as without a VPN. */
async function blackHole(host = '127.0.0.1'): Promise<number> {
  const port = await freePort();
  const script = `import socket,time; s=socket.socket(socket.${host.includes(':') ? 'AF_INET6' : 'AF_INET'}); s.bind(('${host}',${port})); s.listen(0); print('up',flush=True); time.sleep(600)`;
  const child = spawn('/usr/bin/python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  closing.push(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  for (let filled = 0; filled < 4; filled += 1) {
    const socket = connect(port, host).on('error', () => undefined);
    closing.push(() => socket.destroy());
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  return port;
}

/** Takes connections and says nothing, as one that wakes up. */
async function sleeper(): Promise<number> {
  const fake = await startFakeUpstream(() => undefined);
  closing.push(fake.close);
  return fake.port;
}

const login = { user: 'app', database: 'sales', password: 'upstream' };

/** Its client waits for this long in all. */
function impatient(gateway: Pick<TestGateway, 'gatekeeper'>, openWithinMs: number): void {
  const { authorize } = gateway.gatekeeper;
  gateway.gatekeeper.authorize = async (attempt): Promise<LoginDecision> => {
    const decision = await authorize(attempt);
    return decision.allow ? { ...decision, openWithinMs } : decision;
  };
}

async function took(attempt: () => Promise<unknown>): Promise<{ message: string; ms: number }> {
  const began = performance.now();
  const message = await attempt().then(
    () => 'in',
    (error: Error) => error.message,
  );
  return { message, ms: performance.now() - began };
}

for (const [what, server] of [
  ['a network that drops everything', blackHole],
  ['a server that is silent', sleeper],
] as const) {
  test(`${what}: PostgreSQL's client is told before it gives up, and it is on record`, async () => {
    const port = await server();
    const gateway = await startTestGateway({ upstream: { port, connectTimeoutMs: 15_000 }, login });
    closing.push(gateway.close);
    impatient(gateway, 1500);
    const { message, ms } = await took(() =>
      new Client({
        host: '127.0.0.1',
        port: gateway.port,
        user: gateway.user,
        database: 'sales',
        password: gateway.token,
      }).connect(),
    );
    expect(message).toMatch(new RegExp(`127\\.0\\.0\\.1:${port} has not let Latchkey in for 2 s`));
    expect(ms).toBeLessThan(4000);
    await expect
      .poll(() => gateway.gatekeeper.ended)
      .toMatchObject([{ reason: 'never-opened', problem: { code: 'upstream-unreachable' } }]);
  });

  test(`${what}: SQL Server's`, async () => {
    const port = await server();
    const gateway = await startTestGateway({
      upstream: { port, connectTimeoutMs: 15_000 },
      login,
      listener: { protocol: 'sqlserver' },
    });
    closing.push(gateway.close);
    impatient(gateway, 1500);
    const target = { port: gateway.port, user: gateway.user, password: gateway.token, database: 'sales' };
    const { message, ms } = await took(() => tedious({ ...target, encrypt: false }));
    expect(message).toMatch(/has not let Latchkey in for 2 s/);
    expect(ms).toBeLessThan(5000);
    await expect
      .poll(() => gateway.gatekeeper.ended)
      .toMatchObject([{ reason: 'never-opened', problem: { code: 'upstream-unreachable' } }]);
  });

  test(`${what}: MySQL's client gets an error in place of a greeting, within five seconds`, async () => {
    const port = await server();
    const gateway = await startMysqlGateway({ upstream: { port, connectTimeoutMs: 15_000 }, login });
    closing.push(gateway.close);
    const { message, ms } = await took(() =>
      createConnection({
        host: '127.0.0.1',
        port: gateway.port,
        user: gateway.user,
        password: gateway.token,
        connectTimeout: 10_000,
      }),
    );
    expect(message).toMatch(new RegExp(`127\\.0\\.0\\.1:${port} has not greeted in 4 s`));
    expect(ms).toBeLessThan(5000);
    await expect
      .poll(() => gateway.gatekeeper.rejections)
      .toMatchObject([{ refusal: { problem: { code: 'upstream-unreachable' } } }]);
  });
}

test.each([
  ['says nothing any more', false],
  ['does not answer the login', true],
])(
  "a server that has greeted once and %s: MySQL's client is told, and it is on record",
  async (_what, greets) => {
    const server = await startScriptedServer((side, index) => {
      if (index === 0 || greets) side.send(greetingPayload());
    });
    closing.push(server.close);
    const gateway = await startMysqlGateway({
      upstream: { port: server.port, connectTimeoutMs: 15_000 },
      login,
    });
    closing.push(gateway.close);
    impatient(gateway, 1500);
    const { message } = await took(() =>
      createConnection({
        host: '127.0.0.1',
        port: gateway.port,
        user: gateway.user,
        password: gateway.token,
        connectTimeout: 10_000,
      }),
    );
    expect(message).toMatch(new RegExp(`127\\.0\\.0\\.1:${server.port} has not let Latchkey in for 2 s`));
    await expect
      .poll(() => gateway.gatekeeper.ended)
      .toMatchObject([{ reason: 'never-opened', problem: { code: 'upstream-unreachable' } }]);
  },
);

test('npm’s mariadb gives up by itself after one second, before it can hear of a silent server', async () => {
  const gateway = await startMysqlGateway({
    upstream: { port: await sleeper(), connectTimeoutMs: 15_000 },
    login,
  });
  closing.push(gateway.close);
  const { message } = await took(() =>
    createConnection({ host: '127.0.0.1', port: gateway.port, user: gateway.user, password: gateway.token }),
  );
  expect(message).toMatch(/ after \d+ms/);
  expect(message).not.toContain('has not greeted');
});

test.each([
  ['127.0.0.1', '::1'],
  ['::1', '127.0.0.1'],
])('a name with two addresses, of which %s drops everything and %s serves', async (dead, alive) => {
  const port = await blackHole(dead);
  const server = createServer((socket) => void socket.on('error', () => undefined).resume());
  server.listen(port, alive);
  await once(server, 'listening');
  closing.push(() => server.close());
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-hosts-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const hosts = join(folder, 'hosts');
  writeFileSync(hosts, '127.0.0.1 listener.example\n::1 listener.example\n');
  const script = `
    import { dial } from ${JSON.stringify(new URL('../../main/gateway/dial.ts', import.meta.url).href)};
    const began = performance.now();
    const { socket } = await dial(${JSON.stringify({
      host: 'listener.example',
      port,
      tls: { mode: 'off' },
      owners: 'any',
      allowedMethods: [],
      connectTimeoutMs: 5000,
    })}, new AbortController().signal);
    console.log(JSON.stringify({ at: socket.remoteAddress, ms: performance.now() - began }));
    process.exit();`;
  const { stdout } = await promisify(execFile)('unshare', [
    ...(process.getuid?.() === 0 ? [] : ['-Ur']),
    '-m',
    'sh',
    '-c',
    'mount --bind "$0" /etc/hosts && exec "$@"',
    hosts,
    process.execPath,
    '--input-type=module',
    '-e',
    script,
  ]);
  const { at, ms } = JSON.parse(stdout) as { at: string; ms: number };
  expect(at).toBe(alive);
  expect(ms).toBeLessThan(2000);
});
