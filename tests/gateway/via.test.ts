import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Socket, connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mariadb';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ConnectionSettings } from '../../main/config/schema.ts';
import { parseConfiguration } from '../../main/config/load.ts';
import { upstreamAddress } from '../../main/broker/upstream-address.ts';
import type { UpstreamAddress, Via } from '../../main/gateway/ports.ts';
import { openVia } from '../../main/gateway/via.ts';
import { freePort } from '../support/free-port.ts';
import { type MariadbServer, mariadbParts, patient, startMariadb } from '../support/mariadb.ts';
import { describeWith, parts, program } from '../support/parts.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { type SshServer, sshParts, startSshServer } from '../support/ssh-server.ts';
import { startTdsServer } from '../support/tds-server.ts';
import { useAll } from '../support/use-all.ts';
import { type TestGateway, startTestGateway } from './fixture.ts';
import { startMysqlGateway } from './mysql/fixture.ts';
import { tedious } from './sqlserver/drivers.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** As the configuration has it. */
async function addressOf(upstream: string): Promise<UpstreamAddress> {
  const configuration = parseConfiguration(
    `providers: []
connections:
  - name: sales
    protocol: postgresql
    port: 15432
    upstream: {database: sales, connectTimeout: 5s, ${upstream}}
    rules: [{group: aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee, role: app}]`,
    'latchkey.yaml',
  );
  const [connection] = configuration.connections as [ConnectionSettings];
  return upstreamAddress(connection);
}

/** With this PATH for the programs. */
async function viaOf(text: string, path?: string): Promise<Via> {
  const { via } = await addressOf(`host: localhost, ${text}`);
  if (via === undefined) throw new Error('no way');
  return via.kind === 'command' && path !== undefined
    ? { ...via, environment: { ...via.environment, PATH: `${path}:${via.environment['PATH']}` } }
    : via;
}

test('hosts, owner and lostAfter of the configuration are what the gateway gets', async () => {
  const off = "tls: {mode: 'off'}";
  expect(await addressOf('hosts: [a.example, "b.example:5433", "[::1]:5434"], port: 6000')).toMatchObject({
    host: 'a.example',
    port: 6000,
    alternatives: [
      { host: 'b.example', port: 5433 },
      { host: '::1', port: 5434 },
    ],
  });
  expect(await addressOf(`host: localhost, ${off}`)).toMatchObject({ lostAfterMs: 60_000 });
  expect(await addressOf(`host: localhost, ${off}, lostAfter: 2m`)).toMatchObject({ lostAfterMs: 120_000 });
  const ownersOf = async (owner: string) =>
    (await addressOf(`host: localhost, ${off}, owner: ${owner}`)).owners;
  expect(await ownersOf('root')).toEqual([0]);
  expect(await ownersOf('[root, 4711, "4712"]')).toEqual([0, 4711, 4712]);
  expect(await ownersOf('any')).toBe('any');
  expect((await addressOf(`host: localhost, ${off}`)).owners).toBeUndefined();
  await expect(ownersOf('nobody-of-this-name')).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining('no user "nobody-of-this-name"') as string,
  });
});

/** What ssh -W is, in a line; whatever address it is asked for, it goes there. */
const relayTo = (port: number): Via => ({
  kind: 'command',
  command: [
    process.execPath,
    '-e',
    "process.stdin.pipe(require('node:net').connect(+process.argv[2], process.argv[1])).pipe(process.stdout)",
    '127.0.0.1',
    String(port),
  ],
  environment: {},
});

test('SQL Server, through a command', async () => {
  const server = await startTdsServer({ logins: { reporting: 'upstream' } });
  closing.push(server.close);
  const gateway = await startTestGateway({
    listener: { protocol: 'sqlserver' },
    upstream: { port: 1, via: relayTo(server.port) },
    login: { user: 'reporting', database: 'sales', password: 'upstream' },
  });
  closing.push(gateway.close);
  const { port, user, token: password } = gateway;
  const connection = await tedious({ port, user, password, database: 'sales', encrypt: false });
  await connection.close();
});

/** A time to sleep for that no other run sleeps for. */
const own = 1_000_000 + process.pid;

/** Process ids, by the command line. */
function running(pattern: string): Promise<string> {
  return new Promise((resolve) => {
    const child: ChildProcess = spawn('pgrep', ['-f', pattern]);
    let out = '';
    child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.once('close', () => resolve(out.trim()));
  });
}

/** SOCKS5 in a few lines: names are looked up here, and what is not at this computer is refused. */
async function socksProxy(): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client.on('error', () => undefined));
    client.once('data', () => {
      client.write(Buffer.from([5, 0]));
      client.once('data', (request: Buffer) => {
        const length = request[4] ?? 0;
        const isName = request[3] === 3;
        const host = isName
          ? request.toString('latin1', 5, 5 + length)
          : [...request.subarray(4, 8)].join('.');
        const port = request.readUInt16BE(request.length - 2);
        asked.push(`${host}:${port}`);
        if (host === 'nowhere.example') return void client.end(Buffer.from([5, 4, 0, 1, 0, 0, 0, 0, 0, 0]));
        const server = connect(port, '127.0.0.1', () => {
          client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
          client.pipe(server).pipe(client);
        });
        sockets.add(server.on('error', () => client.destroy()));
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

describeWith([parts.postgres, ...sshParts], 'PostgreSQL behind something', () => {
  let server: PostgresServer;
  let ssh: SshServer;
  beforeAll(async () => {
    [server, ssh] = await Promise.all([startPostgres({ tls: true }), startSshServer()]);
  });
  afterAll(async () => {
    ssh.close();
    await server.close();
  });

  async function gatewayVia(via: Via, more: Partial<UpstreamAddress> = {}): Promise<TestGateway> {
    const gateway = await startTestGateway({
      upstream: { port: server.port, host: 'localhost', via, ...more },
      login: { user: 'postgres', database: 'postgres', password: server.password },
    });
    closing.push(gateway.close);
    return gateway;
  }
  async function logIn({ port, user, token }: TestGateway): Promise<Client> {
    const client = new Client({ host: '127.0.0.1', port, user, database: 'sales', password: token });
    client.on('error', () => undefined);
    await client.connect();
    closing.push(() => client.end());
    return client;
  }
  const verified = (): Partial<UpstreamAddress> => ({
    tls: { mode: 'verify', ...(server.caPem === undefined ? {} : { ca: server.caPem }) },
  });

  test.each(['in clear behind it', 'with TLS'])('an SSH jump host, %s', async (how) => {
    const via = await viaOf("via: {ssh: bastion}, tls: {mode: 'off'}", ssh.path);
    expect(via).toMatchObject({
      command: ['ssh', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5', '-W', '[%h]:%p', '--', 'bastion'],
    });
    const client = await logIn(await gatewayVia(via, how === 'with TLS' ? verified() : {}));
    const { rows } = await client.query<{ size: number }>(`select length(repeat('x', 5000000)) as size`);
    expect(rows).toEqual([{ size: 5_000_000 }]);
    const big = await client.query<{ text: string }>(`select repeat('x', 3000000) as text`);
    expect(big.rows[0]?.text).toHaveLength(3_000_000);
    // The stop goes the same way.
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const sleeping = client.query('select pg_sleep(20)').catch(({ code }: { code: string }) => code);
    const request = Buffer.alloc(16);
    for (const [place, value] of [16, 80_877_102, processID, secretKey].entries())
      request.writeInt32BE(value, place * 4);
    await new Promise((resolve) => setTimeout(resolve, 300));
    connect((client as unknown as { port: number }).port, '127.0.0.1').end(request);
    expect(await sleeping).toBe('57014');
  });

  test.each([
    ['a key that it does not know', 'stranger', {}, /ssh says ".*Permission denied \(publickey/],
    ['a database that is not there', 'bastion', { port: 1 }, /ssh says ".*[Cc]onnect(ion)? (failed|refused)/],
    ['a host that ssh does not know', 'nowhere.invalid', {}, /ssh says "ssh: Could not resolve hostname/],
  ])('ssh’s own words: %s', async (_what, host, more, expected) => {
    const gateway = await gatewayVia(await viaOf(`via: {ssh: ${host}}, tls: {mode: 'off'}`, ssh.path), more);
    await expect(logIn(gateway)).rejects.toMatchObject({
      code: '08001',
      message: expect.stringMatching(expected) as string,
    });
    const secure = await gatewayVia(await viaOf(`via: {ssh: ${host}}`, ssh.path), { ...verified(), ...more });
    await expect(logIn(secure)).rejects.toThrow(expected);
  });

  test('a command of any kind, and one that is not there', async () => {
    const relay = `import socket,sys,threading,os
s=socket.create_connection((sys.argv[1],int(sys.argv[2])))
def up():
    while True:
        b=os.read(0,65536)
        if not b: break
        s.sendall(b)
    s.shutdown(1)
threading.Thread(target=up,daemon=True).start()
while True:
    b=s.recv(65536)
    if not b: break
    os.write(1,b)`;
    const own = (await viaOf("via: {command: [x]}, tls: {mode: 'off'}")) as Extract<Via, { kind: 'command' }>;
    const via = { ...own, command: ['/usr/bin/python3', '-c', relay, '%h', '%p'] };
    const client = await logIn(await gatewayVia(via));
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await expect(logIn(await gatewayVia({ ...own, command: ['/nonexistent/tool'] }))).rejects.toThrow(
      'The program "/nonexistent/tool" cannot be started (ENOENT).',
    );
  });

  test('the program ends with the session, and with a client that has gone', async () => {
    const via: Via = { kind: 'command', command: ['/bin/sleep', String(own)], environment: {} };
    const controller = new AbortController();
    const socket = await openVia(via, { host: 'a', port: 1 }, controller.signal);
    await expect.poll(() => running(`^/bin/sleep ${own}$`)).not.toBe('');
    socket.destroy();
    await expect.poll(() => running(`^/bin/sleep ${own}$`)).toBe('');
  });

  test('a SOCKS5 proxy, which looks the name up', async () => {
    const { port, asked } = await socksProxy();
    const via = await viaOf(`via: {socks: "127.0.0.1:${port}"}`);
    const client = await logIn(
      await gatewayVia(via, {
        ...verified(),
        host: 'db.internal',
        tls: { ...verified().tls, mode: 'verify', serverName: 'localhost' },
      }),
    );
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(asked).toEqual([`db.internal:${server.port}`]);
    await expect(logIn(await gatewayVia(via, { ...verified(), host: 'nowhere.example' }))).rejects.toThrow(
      `The SOCKS proxy at 127.0.0.1:${port} cannot connect to nowhere.example:${server.port}: the host cannot be reached`,
    );
    const gone = await viaOf(`via: {socks: "127.0.0.1:${await freePort()}"}`);
    await expect(logIn(await gatewayVia(gone, verified()))).rejects.toThrow(
      /SOCKS proxy .* cannot be reached/,
    );
  });
});

test.each([
  ['', `/bin/sleep ${own}`, ['/bin/sleep', String(own)]],
  [
    ', where it will not',
    `/bin/sh -c trap "" TERM HUP; while :; do sleep ${own}; done`,
    ['/bin/sh', '-c', `trap "" TERM HUP; while :; do sleep ${own}; done`],
  ],
])(
  'the program ends with the gateways%s, also under a login that it has not led through',
  async (_how, line, command) => {
    const via: Via = { kind: 'command', command, environment: {} };
    const { port, user, token, close } = await startTestGateway({
      upstream: { port: 1, via, connectTimeoutMs: 30_000 },
      login: { user: 'reporting', database: 'sales', password: 'secret' },
    });
    const client = new Client({ host: '127.0.0.1', port, user, database: 'sales', password: token });
    client.on('error', () => undefined);
    const refused = expect(client.connect()).rejects.toThrow();
    await expect.poll(() => running(`^${line}$`)).not.toBe('');
    await close();
    await refused;
    await expect.poll(() => running(`^${line}$`)).toBe('');
  },
);

test.runIf(process.platform === 'linux')(
  'without descriptors for the program the login fails, and nothing else does',
  async () => {
    const script = `
      import { closeSync, openSync, writeSync } from 'node:fs';
      const { openVia } = await import(${JSON.stringify(new URL('../../main/gateway/via.ts', import.meta.url).href)});
      const taken = [];
      const say = (text) => { for (const fd of taken.splice(0)) closeSync(fd); writeSync(1, text + String.fromCharCode(10)); };
      const via = { kind: 'command', command: ['cat'], environment: { PATH: process.env.PATH } };
      const open = () => openVia(via, { host: 'a', port: 1 }, new AbortController().signal);
      // What it was promised is taken by something else meanwhile.
      const opening = open();
      try { for (;;) taken.push(openSync('/dev/null')); } catch {}
      // For both ends of the socket in between, and not for all pipes of a program.
      for (const fd of taken.splice(-6)) closeSync(fd);
      const socket = await opening;
      socket.on('error', ({ message }) => say(message));
    `;
    const child = spawn('/bin/sh', [
      '-c',
      'ulimit -n 100; exec "$0" --input-type=module -e "$1"',
      process.execPath,
      script,
    ]);
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(said).toBe('The program "cat" cannot be started (EMFILE).\n');
    expect(code).toBe(0);
  },
);

describeWith([parts.postgres, program('socat', 'install the package socat')], 'few descriptors', () => {
  const server = useAll(startPostgres);

  test.runIf(process.platform === 'linux')(
    'logins through a program are refused in the protocol, and the others go on',
    async () => {
      const settings = {
        upstream: {
          port: server.port,
          via: {
            kind: 'command',
            command: ['socat', '-', 'TCP:%h:%p'],
            environment: { PATH: process.env['PATH'] },
          },
        },
        login: { user: server.superuser, database: 'postgres', password: server.password },
      };
      const script = `
        const { startTestGateway } = await import(${JSON.stringify(new URL('./fixture.ts', import.meta.url).href)});
        const gateway = await startTestGateway(${JSON.stringify(settings)});
        const { port, user, token } = gateway;
        process.stdout.write(JSON.stringify({ port, user, token }) + String.fromCharCode(10));
        process.stdin.resume().once('end', () => gateway.close());
      `;
      const folder = mkdtempSync(join(tmpdir(), 'latchkey-few-'));
      closing.push(() => rmSync(folder, { recursive: true }));
      // In a file: the gateway's worker takes over the options of node.
      const file = join(folder, 'gateway.mjs');
      writeFileSync(file, script);
      const child = spawn('/bin/sh', ['-c', 'ulimit -n 150; exec "$0" "$1"', process.execPath, file]);
      closing.push(() => child.kill('SIGKILL'));
      let errors = '';
      child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
      const exited = once(child, 'close');
      const failed = exited.then(() => Promise.reject(new Error(errors)));
      failed.catch(() => undefined);
      const [line] = (await Promise.race([once(child.stdout, 'data'), failed])) as [Buffer];
      const { port, user, token } = JSON.parse(line.toString()) as TestGateway;
      const logIn = async (): Promise<Client> => {
        const client = new Client({ host: '127.0.0.1', port, user, database: 'sales', password: token });
        client.on('error', () => undefined);
        await client.connect();
        return client;
      };
      const first = await logIn();
      const tries = await Promise.allSettled(Array.from({ length: 40 }, logIn));
      const clients = tries.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      const refusals = tries.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
      expect(clients.length).toBeGreaterThan(3);
      expect(refusals.length).toBeGreaterThan(10);
      for (const refusal of refusals)
        expect(refusal).toMatchObject({
          code: '53300',
          message: 'Latchkey has no file descriptors left for another session.',
        });
      for (const client of [first, ...clients])
        expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
      await Promise.all(clients.map((client) => client.end()));
      await expect.poll(async () => (await logIn().catch(() => undefined))?.end() !== undefined).toBe(true);
      expect((await first.query('select 2 as two')).rows).toEqual([{ two: 2 }]);
      await first.end();
      child.stdin.end();
      expect(await exited).toEqual([0, null]);
      expect(errors).toBe('');
    },
  );
});

describeWith([mariadbParts.server], 'MariaDB, which speaks first', () => {
  let server: MariadbServer;
  beforeAll(async () => {
    server = await startMariadb({ tls: true });
  });
  afterAll(() => server.close());

  test.each(['a SOCKS5 proxy', 'a command'])('through %s', async (what) => {
    const via: Via =
      what === 'a command'
        ? relayTo(server.port)
        : { kind: 'socks', host: '127.0.0.1', port: (await socksProxy()).port };
    const gateway = await startMysqlGateway({
      upstream: {
        port: what === 'a command' ? 1 : server.port,
        via,
        tls: { mode: 'verify', ...(server.caPem === undefined ? {} : { ca: server.caPem }) },
      },
      login: { user: server.user, database: server.database, password: server.password },
    });
    closing.push(gateway.close);
    const { port, user, token: password } = gateway;
    for (let round = 0; round < 5; round += 1) {
      const connection = await createConnection({ ...patient, host: '127.0.0.1', port, user, password });
      expect(await connection.query('select 1 as one')).toMatchObject([{ one: 1 }]);
      await connection.end();
    }
  });
});
