import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Broker } from '../../main/broker/broker.ts';
import { actions } from '../../main/contract/actions.ts';
import { startApi, type ApiServer } from '../../main/api/server.ts';
import type { ApiDescription } from '../../main/api/description.ts';
import { brokerProof, clientProof, newNonce } from '../../main/api/proof.ts';
import { provenRequest } from '../../main/cli/proven-request.ts';
import { createCommandLine } from '../../main/demo/command-line.ts';
import { send } from '../api/raw-request.ts';
import { buildCommand } from '../support/builds.ts';

const bearer = 'b'.repeat(43);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-'));
  await mkdir(join(folder, 'run'), { mode: 0o700 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('whoever has taken the place of the broker', () => {
  let heard: string;
  let stranger: Server | undefined;
  const open = new Set<Socket>();
  beforeEach(() => {
    heard = '';
  });
  afterEach(() => {
    for (const socket of open) socket.destroy();
    stranger?.close();
  });

  async function takePlace(answer: (socket: Socket) => void, place: 'port' | 'socket'): Promise<void> {
    const path = join(folder, 'run', 'api.sock');
    stranger = createServer((socket) => {
      open.add(socket);
      socket
        .on('error', () => undefined)
        .on('data', (chunk) => {
          heard += chunk.toString('latin1');
          answer(socket);
        });
    });
    if (place === 'port') stranger.listen(0, '127.0.0.1');
    else stranger.listen(path);
    await once(stranger, 'listening');
    const address = stranger.address();
    const port = typeof address === 'object' ? address?.port : 9;
    const description = {
      pid: process.pid,
      version: '0',
      url: `http://127.0.0.1:${port}`,
      bearer,
      ...(place === 'socket' ? { socket: path } : {}),
    };
    await writeFile(join(folder, 'run', 'api.json'), JSON.stringify(description));
  }
  const json = (body: unknown): string => {
    const text = JSON.stringify(body);
    return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
  };
  const forged = { nonce: newNonce(), proof: newNonce() };

  test.each([
    ['yes to everything', 'socket', (socket: Socket) => socket.write(json({}))],
    ['with a proof of its own', 'port', (socket: Socket) => socket.write(json(forged))],
    [
      'as an older Latchkey',
      'socket',
      (socket: Socket) => socket.write(json({ problem: {} }).replace('200 OK', '401 No')),
    ],
    ['not in HTTP', 'port', (socket: Socket) => socket.write('220 mail.example ESMTP\r\n')],
    ['by hanging up', 'port', (socket: Socket) => socket.destroy()],
  ] as const)('and answers %s learns neither bearer nor secret', async (_how, place, answer) => {
    await takePlace((socket) => void answer(socket), place);
    const commandLine = createCommandLine(folder, join(folder, 'none.yaml'), [
      process.execPath,
      await buildCommand(),
    ]);
    const { code, out, err } = await commandLine.run(['secret', 'set', 'owner'], 'hunter2hunter2\n');
    expect(code).not.toBe(0);
    expect(out).toBe('');
    expect(err).toMatch(/^latchkey: .+\n {2}.+\n$/);
    expect(heard).toMatch(/^GET \/v1\/challenge\?nonce=/);
    expect(heard).not.toContain(bearer);
    expect(heard).not.toContain('hunter2');
    expect(heard.toLowerCase()).not.toContain('authorization');
  });

  test('and never answers is not waited for', async () => {
    await takePlace(() => undefined, 'port');
    const commandLine = createCommandLine(folder, join(folder, 'none.yaml'), [
      process.execPath,
      await buildCommand(),
    ]);
    const { code, err } = await commandLine.run(['status']);
    expect(code).not.toBe(0);
    expect(err).toContain('has not answered within 10 seconds');
  });

  test('after the challenge gets nothing either: the request goes to the connection of the proof alone', async () => {
    // The real one proves itself and lets go of the connection; the next one is somebody else's.
    let connections = 0;
    const server = createHttpServer((request, response) => {
      heard += `${request.method} ${JSON.stringify(request.headers)}`;
      const nonce = newNonce();
      const clientNonce = new URL(request.url ?? '', 'http://x').searchParams.get('nonce') ?? '';
      response.setHeader('connection', 'close');
      response.end(JSON.stringify({ nonce, proof: brokerProof(bearer, clientNonce, nonce) }));
    }).on('connection', () => (connections += 1));
    stranger = server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const description: ApiDescription = {
      pid: 1,
      version: '0',
      url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
      bearer,
    };
    const body = { value: 'hunter2' };
    await expect(
      provenRequest(description, { method: 'POST', path: '/v1/secrets', body, timeoutMs: 5000 }),
    ).rejects.toThrow('another connection');
    expect(connections).toBeLessThanOrEqual(2);
    expect(heard).not.toContain('POST');
    expect(heard).not.toContain('hunter2');
  });
});

describe('a proof', () => {
  let api: ApiServer;
  const broker = {
    revision: () => 1,
    state: () => ({}),
    storedPasswords: async () => [],
    recordRefusedRequest: async () => undefined,
    monitor: { metrics: () => '', health: () => ({ isReady: true, checks: [] }) },
    administration: Object.fromEntries(
      Object.entries(actions)
        .filter(([, { may }]) => may === 'administers')
        .map(([name]) => [name, async () => undefined]),
    ),
  } as unknown as Broker;
  beforeAll(async () => {
    await rm(join(folder, 'run', 'api.sock'), { force: true });
    api = await startApi({
      broker,
      home: { path: folder, run: join(folder, 'run') } as Parameters<typeof startApi>[0]['home'],
      port: undefined,
      version: '0',
      log: () => undefined,
      portOwnerName: async () => '',
    });
  });
  afterAll(() => api.close());

  test('lets a request in, over the socket and over TCP; a wrong key lets none', async () => {
    const { socket: _, ...tcp } = api.description;
    const asked = { method: 'GET', path: '/v1/secrets', timeoutMs: 5000 };
    for (const description of [api.description, tcp]) {
      expect(await provenRequest(description, asked)).toEqual({
        status: 200,
        text: '{"schemaVersion":2,"passwords":[]}',
      });
      await expect(provenRequest({ ...description, bearer }, asked)).rejects.toMatchObject({
        code: 'broker-unanswering',
      });
    }
  });

  test('is good for one request, of one kind, on one connection', async () => {
    const port = Number(new URL(api.description.url).port);
    const headers = { host: `127.0.0.1:${port}` };
    const get = (path: string, authorization?: string): string =>
      `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${authorization === undefined ? '' : `authorization: ${authorization}\r\n`}\r\n`;
    const talk = async (requests: (nonce: string) => string[]): Promise<number[]> => {
      const socket = connect(port, '127.0.0.1').setEncoding('utf8');
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.write(get(`/v1/challenge?nonce=${newNonce()}`));
      await expect.poll(() => text).toContain('"proof"');
      const { nonce } = JSON.parse(text.slice(text.indexOf('{'))) as { nonce: string };
      text = '';
      for (const request of requests(nonce)) socket.write(request);
      await expect.poll(() => text.match(/HTTP\/1\.1/g)?.length).toBe(requests(nonce).length);
      socket.destroy();
      return [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
    };
    const proof = (nonce: string, path: string, method = 'GET'): string =>
      `Latchkey ${clientProof(api.description.bearer, nonce, method, path)}`;
    const path = '/v1/secrets';
    expect(await talk((nonce) => [get(path, proof(nonce, path)), get(path, proof(nonce, path))])).toEqual([
      200, 401,
    ]);
    expect(await talk((nonce) => [get(path, proof(nonce, '/v1/state'))])).toEqual([401]);
    expect(await talk((nonce) => [get(path, proof(nonce, path, 'POST'))])).toEqual([401]);
    expect(
      await talk((nonce) => [get(path, `Latchkey ${brokerProof(api.description.bearer, nonce, nonce)}`)]),
    ).toEqual([401]);
    let elsewhere = '';
    await talk((nonce) => {
      elsewhere = proof(nonce, path);
      return [get(path)];
    });
    expect(
      (await send({ port }, { method: 'GET', path, headers: { ...headers, authorization: elsewhere } }))
        .status,
    ).toBe(401);
    // For scripts, as before.
    const plain = { ...headers, authorization: `Bearer ${api.description.bearer}` };
    expect((await send({ port }, { method: 'GET', path, headers: plain })).status).toBe(200);
    expect((await send({ port }, { method: 'GET', path: '/v1/challenge?nonce=short', headers })).status).toBe(
      400,
    );
  });
});
