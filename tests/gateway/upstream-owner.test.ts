import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { createConnection } from 'mariadb';
import { afterEach, describe, expect, test } from 'vitest';
import type { UpstreamAddress } from '../../main/gateway/ports.ts';
import { loadSocketDiagnosis } from '../../main/gateway/peers/socket-diagnosis.ts';
import { connectToOwned } from '../../main/gateway/upstream-owner.ts';
import { freePort } from '../support/free-port.ts';
import { patient } from '../support/mariadb.ts';
import { otherUser } from '../support/other-user.ts';
import { describeWith } from '../support/parts.ts';
import { startTestGateway } from './fixture.ts';
import { startMysqlGateway } from './mysql/fixture.ts';
import { tedious } from './sqlserver/drivers.ts';

const nobody = 65_534;
const address: UpstreamAddress = {
  host: '127.0.0.1',
  port: 1,
  tls: { mode: 'off' },
  allowedMethods: [],
  connectTimeoutMs: 2000,
};

/** Takes connections, says what comes, and answers nothing. */
const stranger = (place: string): string => `
import socket, sys, threading
s = ${place}
s.listen(8); print('up', flush=True)
def serve(c):
    print('visit', flush=True)
    while c.recv(4096): print('bytes', flush=True)
while True: threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()`;
const tcpPlace = (port: number, host = '127.0.0.1'): string =>
  `socket.create_server(('${host}', ${port})${host === '::1' ? ', family=socket.AF_INET6' : ''})`;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function otherUsers(place: string): Promise<{ heard(): string; child: ChildProcess }> {
  const [command = '', ...prefix] =
    process.getuid?.() === 0 ? otherUser.prefix : ['sudo', '-n', '-u', 'nobody', '--'];
  const child = spawn(command, [...prefix, '/usr/bin/python3', '-c', stranger(place)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: '/',
  });
  closing.push(() => child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await expect.poll(() => out, { timeout: 10_000 }).toContain('up');
  return { heard: () => out.replace('up\n', ''), child };
}

async function listenHere(port: number): Promise<{ server: Server; visits: Socket[] }> {
  const visits: Socket[] = [];
  const server = createServer((socket) => void visits.push(socket.on('error', () => undefined)));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of visits) socket.destroy();
    server.close();
  });
  return { server, visits };
}

const login = { user: 'app', database: 'sales', password: 'the-databases-own' };
const sentence = (port: number): RegExp =>
  new RegExp(`What listens at 127\\.0\\.0\\.1:${port} belongs to the user "nobody".*No password was sent`);

describeWith([otherUser.part], 'a server of this computer, without TLS', () => {
  test('another user at its port gets nothing, not even a connection: PostgreSQL', async () => {
    const port = await freePort();
    const { heard } = await otherUsers(tcpPlace(port));
    const gateway = await startTestGateway({ upstream: { port }, login });
    closing.push(gateway.close);
    const client = new Client({
      host: '127.0.0.1',
      port: gateway.port,
      user: gateway.user,
      database: 'sales',
      password: gateway.token,
    });
    await expect(client.connect()).rejects.toMatchObject({
      code: '08001',
      message: expect.stringMatching(sentence(port)) as string,
      hint: expect.stringContaining('upstream.owner') as string,
    });
    expect(heard()).toBe('');
    // It stands in the audit by this.
    await expect
      .poll(() => gateway.gatekeeper.ended)
      .toMatchObject([{ reason: 'never-opened', problem: { code: 'upstream-owner-refused' } }]);
  });

  test('MySQL and SQL Server', async () => {
    const port = await freePort();
    const { heard } = await otherUsers(tcpPlace(port));
    const mysql = await startMysqlGateway({ upstream: { port }, login });
    closing.push(mysql.close);
    await expect(
      createConnection({
        ...patient,
        host: '127.0.0.1',
        port: mysql.port,
        user: mysql.user,
        password: mysql.token,
      }),
    ).rejects.toThrow(sentence(port));
    const tds = await startTestGateway({ upstream: { port }, login, listener: { protocol: 'sqlserver' } });
    closing.push(tds.close);
    const target = { port: tds.port, user: tds.user, password: tds.token, database: 'sales' };
    await expect(tedious({ ...target, encrypt: false })).rejects.toThrow(sentence(port));
    expect(heard()).toBe('');
  });

  test.each(['127.0.0.1', '::1', '0.0.0.0', '::'])(
    'at %s: refused, unless it is allowed',
    async (listensAt) => {
      const port = await freePort();
      await otherUsers(
        listensAt === '::'
          ? `socket.create_server(('::', ${port}), family=socket.AF_INET6, dualstack_ipv6=True)`
          : tcpPlace(port, listensAt),
      );
      const host = listensAt === '::1' ? '::1' : '127.0.0.1';
      const reach = async (owners?: UpstreamAddress['owners']): Promise<string> => {
        const open = async (): Promise<{ socket: Socket }> => {
          const socket = connect(port, host);
          await once(socket, 'connect');
          return { socket };
        };
        const at = owners === undefined ? address : { ...address, owners };
        return connectToOwned(at, { host, port }, open).then(
          ({ socket }) => {
            socket.destroy();
            return 'connected';
          },
          ({ code }: { code: string }) => code,
        );
      };
      expect(await reach()).toBe('upstream-owner-refused');
      expect(await reach([1])).toBe('upstream-owner-refused');
      expect(await reach([1, nobody])).toBe('connected');
      expect(await reach('any')).toBe('connected');
    },
  );

  describe.each([
    { way: 'as the kernel says', load: loadSocketDiagnosis },
    { way: 'by its tables', load: () => Promise.resolve(undefined) },
  ])('$way', ({ load }) => {
    test('nobody listens: the refusal of the system', async () => {
      const port = await freePort();
      const open = (): Promise<never> => Promise.reject(new Error('ECONNREFUSED'));
      await expect(connectToOwned(address, { host: '127.0.0.1', port }, open, load)).rejects.toThrow(
        'ECONNREFUSED',
      );
    });

    test('a server that has been started again is looked at anew, and its port taken by another user is not trusted', async () => {
      const port = await freePort();
      let opened = 0;
      const reach = async (): Promise<string> => {
        const open = async (): Promise<{ socket: Socket }> => {
          opened += 1;
          const socket = connect(port, '127.0.0.1');
          await once(socket, 'connect');
          closing.push(() => socket.destroy());
          return { socket };
        };
        return connectToOwned(address, { host: '127.0.0.1', port }, open, load).then(
          () => 'connected',
          ({ code }: { code: string }) => code,
        );
      };
      const before = await listenHere(port);
      expect([await reach(), await reach(), opened]).toEqual(['connected', 'connected', 2]);
      before.server.close();
      const after = await listenHere(port);
      // The first connection after the start is given up for one between two looks.
      expect([await reach(), opened]).toEqual(['connected', 4]);
      expect([await reach(), opened]).toEqual(['connected', 5]);
      after.server.close();
      await otherUsers(tcpPlace(port));
      expect(await reach()).toBe('upstream-owner-refused');
    });

    test('one who takes the connection and makes way for the real server is found out', async () => {
      const port = await freePort();
      const fleeting = await listenHere(port);
      const open = async (): Promise<{ socket: Socket }> => {
        const socket = connect(port, '127.0.0.1');
        await once(socket, 'connect');
        await expect.poll(() => fleeting.visits.length).toBe(1);
        // Its connection stays; the port is another's now. Here both are ours, so that the owner alone tells nothing.
        fleeting.server.close();
        await expect
          .poll(async () =>
            listenHere(port).then(
              () => true,
              () => false,
            ),
          )
          .toBe(true);
        closing.push(() => socket.destroy());
        return { socket };
      };
      await expect(connectToOwned(address, { host: '127.0.0.1', port }, open, load)).rejects.toMatchObject({
        code: 'upstream-owner-refused',
        message: expect.stringContaining('took over') as string,
      });
    });
  });

  test('unix sockets: by the owner of the file, and nobody else may write to its folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-owner-'));
    closing.push(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o755);
    const open = join(folder, 'open');
    const theirs = join(folder, 'theirs');
    const own = join(folder, 'own');
    for (const path of [open, theirs, own]) mkdirSync(path);
    chmodSync(open, 0o777);
    const owned = (path: string, at: Partial<UpstreamAddress> = {}) =>
      connectToOwned({ ...address, ...at }, { path }, async () => ({
        socket: { destroy: () => undefined },
      })).then(
        () => 'connected',
        ({ code }: { code: string }) => code,
      );
    for (const path of [open, own]) {
      const server = createServer().listen(join(path, 's'));
      await once(server, 'listening');
      closing.push(() => server.close());
    }
    expect(await owned(join(own, 's'))).toBe('connected');
    expect(await owned(join(open, 's'))).toBe('upstream-owner-refused');
    expect(await owned(join(open, 's'), { owners: 'any' })).toBe('connected');
    // As /tmp: everybody may make files there, and nobody can exchange those of others.
    chmodSync(open, 0o1777);
    expect(await owned(join(open, 's'))).toBe('connected');
    if (process.getuid?.() !== 0) return;
    chownSync(theirs, nobody, nobody);
    await otherUsers(`socket.socket(socket.AF_UNIX); s.bind('${join(theirs, 's')}')`);
    expect(await owned(join(theirs, 's'))).toBe('upstream-owner-refused');
    expect(await owned(join(theirs, 's'), { owners: [nobody] })).toBe('connected');
  });
});
