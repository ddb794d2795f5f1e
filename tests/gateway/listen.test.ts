import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Listener, listen } from '../../main/gateway/listen.ts';
import { freePort } from '../support/free-port.ts';

describe('listening', () => {
  let folder: string;
  const listeners: Listener[] = [];
  const children: ChildProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-listen-'));
  });
  afterEach(async () => {
    await Promise.all(listeners.splice(0).map((listener) => listener.close()));
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async (place: {
    host?: '127.0.0.1' | '::1';
    port: number;
    socketPath?: string;
  }): Promise<Listener> => {
    const listener = await listen({ connection: 'sales', host: '127.0.0.1', ...place }, (socket) =>
      socket.end('hello'),
    );
    listeners.push(listener);
    return listener;
  };
  const hello = async (target: { host: string; port: number } | { path: string }): Promise<string> => {
    const socket = connect(target);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(socket, 'end');
    return text;
  };
  /** Another process that listens at the place and then stays. */
  const occupy = async (place: string): Promise<ChildProcess> => {
    const script = `require('node:net').createServer().listen(${place}, () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', script]);
    children.push(child);
    await once(child.stdout, 'data');
    return child;
  };

  test('TCP and a unix socket that only its owner may use; the file goes with the listener', async () => {
    const place = { port: await freePort(), socketPath: join(folder, '.s.PGSQL.1') };
    const listener = await open(place);
    expect(await hello({ host: '127.0.0.1', port: place.port })).toBe('hello');
    expect(await hello({ path: place.socketPath })).toBe('hello');
    expect(statSync(place.socketPath).mode & 0o777).toBe(0o600);
    await listener.close();
    listeners.length = 0;
    expect(existsSync(place.socketPath)).toBe(false);
    await expect(hello({ host: '127.0.0.1', port: place.port })).rejects.toThrow('ECONNREFUSED');
  });

  test('IPv6 loopback', async () => {
    const port = await freePort();
    await open({ host: '::1', port });
    expect(await hello({ host: '::1', port })).toBe('hello');
  });

  test('both loopback families, whichever of them is named', async () => {
    for (const host of ['127.0.0.1', '::1'] as const) {
      const port = await freePort();
      const listener = await open({ host, port });
      expect(listener.problem).toBeUndefined();
      expect(await hello({ host: '127.0.0.1', port })).toBe('hello');
      expect(await hello({ host: '::1', port })).toBe('hello');
      await listener.close();
      await expect(hello({ host: '::1', port })).rejects.toThrow('ECONNREFUSED');
    }
  });

  test('the other family is taken: a problem with the owner’s name, until it is free again', async () => {
    const port = await freePort();
    const child = await occupy(`${port}, '::1'`);
    const listener = await open({ port });
    expect(await hello({ host: '127.0.0.1', port })).toBe('hello');
    const problem = {
      code: 'port-in-use',
      message: `Port ${port} at ::1 is in use by node (process ${child.pid}).`,
      remedy: expect.stringContaining('localhost') as string,
    };
    expect(listener.problem).toMatchObject(problem);
    await listener.retry();
    expect(listener.problem).toMatchObject(problem);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await listener.retry();
    expect(listener.problem).toBeUndefined();
    expect(await hello({ host: '::1', port })).toBe('hello');
    await listener.close();
    await expect(hello({ host: '::1', port })).rejects.toThrow('ECONNREFUSED');
  });

  test('a computer without IPv6 lacks nothing', async () => {
    const script = `
      import { listen } from ${JSON.stringify(new URL('../../main/gateway/listen.ts', import.meta.url).href)};
      const listener = await listen({ connection: 'sales', host: '127.0.0.1', port: 15432 }, () => {});
      console.log(JSON.stringify({ problem: listener.problem?.message ?? null }));
      await listener.close();`;
    const setUp = 'ip link set lo up && ip -6 address flush dev lo && exec "$@"';
    const { stdout } = await promisify(execFile)('unshare', [
      ...(process.getuid?.() === 0 ? [] : ['-Ur']),
      '-n',
      'sh',
      '-c',
      setUp,
      'sh',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ]);
    expect(JSON.parse(stdout)).toEqual({ problem: null });
  });

  test.each(['127.0.0.1', '0.0.0.0', '::'])(
    'a port taken at %s is an error with the owner’s name',
    async (address) => {
      const port = await freePort();
      const child = await occupy(`${port}, '${address}'`);
      await expect(open({ port })).rejects.toMatchObject({
        code: 'port-in-use',
        message: `Port ${port} is in use by node (process ${child.pid}).`,
        remedy: expect.stringContaining('another port') as string,
      });
    },
  );

  test('a port of our own process', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(open({ port })).rejects.toMatchObject({
      code: 'port-in-use',
      message: expect.stringContaining(`(process ${process.pid})`) as string,
    });
    server.close();
  });

  test('the socket file of a dead process is replaced, that of a live one is not', async () => {
    const socketPath = join(folder, '.s.PGSQL.1');
    const child = await occupy(`'${socketPath}'`);
    const port = await freePort();
    await expect(open({ port, socketPath })).rejects.toMatchObject({
      code: 'socket-unusable',
      message: expect.stringContaining('already listens') as string,
    });
    // Neither is open then.
    await expect(hello({ host: '127.0.0.1', port })).rejects.toThrow('ECONNREFUSED');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(socketPath)).toBe(true);
    await open({ port, socketPath });
    expect(await hello({ path: socketPath })).toBe('hello');
  });

  test('a file that is no socket stays where it is', async () => {
    const socketPath = join(folder, 'letter');
    writeFileSync(socketPath, 'dear reader');
    await expect(open({ port: await freePort(), socketPath })).rejects.toMatchObject({
      code: 'socket-unusable',
    });
    expect(statSync(socketPath).size).toBe(11);
  });

  test('a folder that others may enter, one that is missing, a path too long', async () => {
    const shared = join(folder, 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o755);
    for (const [socketPath, sentence] of [
      [join(shared, 'socket'), /is open to other users/],
      [join(folder, 'missing', 'socket'), /cannot be opened \(ENOENT\)/],
      [join(folder, 'x'.repeat(100)), /longer than 10\d bytes/],
    ] as const) {
      await expect(open({ port: await freePort(), socketPath })).rejects.toMatchObject({
        code: 'socket-unusable',
        message: expect.stringMatching(sentence) as string,
      });
    }
  });
});
