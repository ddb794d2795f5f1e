import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createPeerLookup } from '../../../main/gateway/peers/lookup.ts';
import type { PeerIdentity } from '../../../main/gateway/peers/identity.ts';
import { otherEnd } from '../../../main/gateway/peers/linux.ts';
import { createProcessFinder, createProcessReader } from '../../../main/gateway/peers/process.ts';
import type { Peer } from '../../../main/gateway/ports.ts';
import { otherUser } from '../../support/other-user.ts';
import { describeWith, parts, program } from '../../support/parts.ts';

const linux = {
  name: 'Linux',
  path: process.platform === 'linux' ? '/proc' : undefined,
  remedy: 'run on Linux',
};
const python = program('python3', 'install the package python3', ['/usr/bin']);
const java = program('java', 'install the package default-jdk-headless');
const ss = program('ss', 'install the package iproute2', ['/usr/bin', '/bin']);
/** On command lines; no file has this name. */
const secret = 'Hunter2-is-no-file';

describeWith([linux, python], 'which process the other end of a loopback connection is', () => {
  const closers: (() => unknown)[] = [];
  let folder: string;
  let server: Server;
  let port: number;
  const arrived: Socket[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-peer-'));
    server = createServer((socket) => arrived.push(socket.on('error', () => undefined))).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterEach(() => {
    for (const close of closers.splice(0)) close();
    for (const socket of arrived.splice(0)) socket.destroy();
  });
  afterAll(async () => {
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const start = (command: string, ...parameters: string[]): ChildProcess => {
    const child = spawn(command, parameters, { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
    closers.push(() => child.kill('SIGKILL'));
    return child;
  };
  const untilArrived = async (count: number, of = arrived): Promise<Socket[]> => {
    while (of.length < count) await sleep(5);
    return of;
  };
  const peerOf = ({ remoteAddress, remotePort }: Socket): Peer => ({
    transport: 'tcp',
    localPort: port,
    ...(remoteAddress === undefined ? {} : { address: remoteAddress }),
    ...(remotePort === undefined ? {} : { port: remotePort }),
  });
  const identify = (socket: Socket, lookup = createPeerLookup()): Promise<PeerIdentity> =>
    lookup.identify(peerOf(socket), '127.0.0.1', socket);
  const next = async (): Promise<PeerIdentity> => {
    const [socket] = await untilArrived(1);
    if (socket === undefined) throw new Error('nobody came');
    return identify(socket);
  };

  test('a node client: its file, its script, and ourselves as the parent; no argument', async () => {
    await writeFile(join(folder, 'report.cjs'), `require('node:net').connect(${port}, '127.0.0.1')`);
    const child = start(process.execPath, 'report.cjs', `--password=${secret}`, secret);
    expect(await next()).toEqual({
      uid: process.getuid?.(),
      process: {
        pid: child.pid,
        program: `${basename(process.execPath)} (report.cjs)`,
        path: process.execPath,
        parent: { pid: process.pid, program: expect.stringContaining(basename(process.execPath)) as string },
      },
    });
  });

  test('a Python client that was given a secret for code has no script', async () => {
    const code = `import socket,sys; s=socket.create_connection(("127.0.0.1",${port})); sys.stdin.read() #${secret}`;
    const child = start(python.path ?? '', '-c', code, secret);
    const identity = await next();
    expect(identity.process?.program).toMatch(/^python3[.\d]*$/);
    expect(identity.process?.pid).toBe(child.pid);
    expect(JSON.stringify(identity)).not.toContain(secret);
  });

  test('a process that goes on as another script has the name of that one; the name of one that goes on is kept', async () => {
    const come = `import os,socket,sys; s=socket.create_connection(("127.0.0.1",${port})); s.recv(1)`;
    const again = `${come}; t=socket.create_connection(("127.0.0.1",${port})); s=t; s.recv(1)`;
    await writeFile(
      join(folder, 'first.py'),
      `${again}; os.execv(sys.executable, [sys.executable, "other.py"])`,
    );
    await writeFile(join(folder, 'other.py'), come);
    const { pid } = start(python.path ?? '', 'first.py');
    const lookup = createPeerLookup();
    const nameOf = async (count: number): Promise<string | undefined> => {
      const socket = (await untilArrived(count))[count - 1];
      if (socket === undefined) throw new Error('nobody came');
      const { process: found } = await identify(socket, lookup);
      expect(found?.pid).toBe(pid);
      socket.write('.');
      return found?.program.replace(/^\S+ /, '');
    };
    expect(await nameOf(1)).toBe('(first.py)');
    await rm(join(folder, 'first.py'));
    expect(await nameOf(2)).toBe('(first.py)');
    expect(await nameOf(3)).toBe('(other.py)');
  });

  test('ourselves, for whom all other processes are looked through first', async () => {
    const client = connect({ host: '127.0.0.1', port });
    closers.push(() => client.destroy());
    expect((await next()).process).toMatchObject({ pid: process.pid });
  });

  test('50 connections of one process and 50 processes, all at once', async () => {
    const many = `for (let n = 0; n < 50; n++) require('node:net').connect(${port}, '127.0.0.1')`;
    const one = start(process.execPath, '-e', many);
    const fork = [
      'import os,socket,sys',
      'for n in range(50):',
      '  if os.fork() == 0:',
      `    s = socket.create_connection(("127.0.0.1", ${port})); s.recv(1); os._exit(0)`,
      'sys.stdin.read()',
    ].join('\n');
    const parent = start(python.path ?? '', '-c', fork);
    const lookup = createPeerLookup();
    const sockets = await untilArrived(100);
    const found = await Promise.all(sockets.map((socket) => identify(socket, lookup)));
    expect(found.filter(({ process }) => process?.pid === one.pid)).toHaveLength(50);
    const children = found.filter(({ process }) => process?.parent?.pid === parent.pid);
    expect(new Set(children.map(({ process }) => process?.pid)).size).toBe(50);
  });

  test('clients that leave at once are unknown or themselves, and never somebody else', async () => {
    const lookup = createPeerLookup();
    for (let round = 0; round < 5; round += 1) {
      const code = `import socket; socket.create_connection(("127.0.0.1",${port})).close()`;
      const child = start(python.path ?? '', '-c', code);
      const [socket] = await untilArrived(1);
      if (socket === undefined) throw new Error('nobody came');
      socket.resume();
      const identity = await identify(socket, lookup);
      expect([undefined, child.pid]).toContain(identity.process?.pid);
      if (child.exitCode === null) await once(child, 'exit');
      expect(await identify(socket, lookup)).toEqual({ unknown: 'not-found' });
      arrived.length = 0;
    }
  });

  test('a process that has gone, or a socket of nobody, is not found; the time is kept', async () => {
    const child = start(process.execPath, '-e', '');
    await once(child, 'exit');
    expect(await createProcessReader()(child.pid ?? 0)).toBeUndefined();
    const finder = createProcessFinder();
    expect(await finder.find('0', undefined, 10_000)).toBeUndefined();
    expect(await finder.find('0', undefined, 0)).toBeUndefined();
  });

  describeWith([otherUser.part], 'another user', () => {
    test('has a user id of its own, and for root a process too', async () => {
      const [command = '', ...parameters] = otherUser.prefix;
      const code = `import socket,sys; s=socket.create_connection(("127.0.0.1",${port})); sys.stdin.read()`;
      start(command, ...parameters, '/usr/bin/python3', '-c', code);
      const identity = await next();
      expect(identity.uid).not.toBe(process.getuid?.());
      if (process.getuid?.() === 0) expect(identity.process?.program).toMatch(/^python3/);
      else expect(identity.process).toBeUndefined();
    });
  });

  describeWith([parts.psql], 'psql', () => {
    test('is named by its file', async () => {
      start(parts.psql.path ?? '', '-h', '127.0.0.1', '-p', String(port), '-U', 'ann', 'sales');
      const { process: found } = await next();
      expect(found?.program).toBe('psql');
      expect(found?.path).toMatch(/^\/.*\/psql$/);
    });
  });

  describeWith([java], 'a Java client', () => {
    test('is known by its source file or main class', async () => {
      await writeFile(
        join(folder, 'Report.java'),
        `public class Report { public static void main(String[] a) throws Exception {
           new java.net.Socket("127.0.0.1", ${port}).getInputStream().read(); } }`,
      );
      start(java.path ?? '', '-Xmx64m', '-cp', folder, '-Dpassword=Hunter2', 'Report.java', secret);
      const { process: found } = await next();
      expect(found?.program).toBe('java (Report.java)');
      expect(JSON.stringify(found)).not.toContain('Hunter2');
    });
  });

  describeWith([ss], 'over a unix socket', () => {
    test('the process is found, 50 at once too', async () => {
      const path = join(folder, 'db.sock');
      const accepted: Socket[] = [];
      const local = createServer((socket) => accepted.push(socket)).listen(path);
      closers.push(() => local.close());
      await once(local, 'listening');
      const many = `for (let n = 0; n < 50; n++) require('node:net').connect('${path}')`;
      const child = start(process.execPath, '-e', many);
      await untilArrived(50, accepted);
      const lookup = createPeerLookup();
      const found = await Promise.all(
        accepted.map((socket) => lookup.identify({ transport: 'unix' }, '127.0.0.1', socket)),
      );
      expect(found.map(({ process }) => process?.pid)).toEqual(accepted.map(() => child.pid));
      expect(found[0]?.uid).toBeUndefined();
      for (const socket of accepted) socket.destroy();
      expect(await lookup.identify({ transport: 'unix' }, '127.0.0.1')).toEqual({});
    });
  });
});

test('the other end of a unix socket is read from the lines of ss, whatever its path', () => {
  const lines = [
    'u_str ESTAB 0      0                * 34435 * 34436',
    'u_str ESTAB 0      0      /run/a b 9 34436 /s.sock 34435',
    'u_str LISTEN 0     0      /tmp/s.sock 34000 * 0    ',
    '',
  ].join('\n');
  expect(otherEnd(lines, '34436')).toBe('34435');
  expect(otherEnd(lines, '34435')).toBe('34436');
  expect(otherEnd(lines, '34000')).toBeUndefined();
  expect(otherEnd(lines, '9')).toBeUndefined();
  expect(otherEnd('', '1')).toBeUndefined();
});
