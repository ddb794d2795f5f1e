import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { loadSocketDiagnosis } from '../../main/gateway/peers/socket-diagnosis.ts';
import { unanswered } from '../../main/gateway/upstream-watch.ts';
import { createLatchkey, soon, startWorld } from '../support/latchkey.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';
import { describeWith, type Part, parts, program } from '../support/parts.ts';

const newFolder = useTemporaryFolders();
const ip = program('ip', 'install the package iproute2', ['/usr/sbin', '/sbin']);
const [command = '', ...prefix] = [...(process.getuid?.() === 0 ? [] : ['sudo', '-n']), ip.path ?? 'ip'];
const run = (...args: string[]): boolean => spawnSync(command, [...prefix, ...args]).status === 0;

const other = `lk-${process.pid}`;
/** Another computer, at the other end of a wire: a network namespace. */
const ownNetwork: Part = {
  name: 'a network namespace',
  path: process.platform === 'linux' && run('netns', 'add', other) ? ip.path : undefined,
  remedy: 'run the tests on Linux, as root or with a sudo that asks for no password',
};

const [here, there] = ['10.231.77.1', '10.231.77.2'];
const serverPort = 7000;
/** More than the time between two looks of the watch, and more than what it takes for a sleep. */
const [lookMs, sleepMs] = [6000, 17_000];
const wire = `lkw${process.pid}`;
const closing: (() => unknown)[] = [];
beforeAll(() => {
  for (const step of [
    `link add ${wire} type veth peer name far netns ${other}`,
    `addr add ${here}/30 dev ${wire}`,
    `link set ${wire} up`,
    `-n ${other} addr add ${there}/30 dev far`,
  ])
    expect(run(...step.split(' ')), step).toBe(true);
});
const link = (state: 'up' | 'down'): void =>
  expect(run('-n', other, 'link', 'set', 'far', state), state).toBe(true);
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
afterAll(() => {
  // What still waits for an answer over there would keep it, and with it this end of the wire.
  run('link', 'del', wire);
  run('netns', 'del', other);
});

/** On the other computer. @param serve what it does with a `socket` that comes in */
async function startServer(serve: string): Promise<void> {
  link('up');
  const script = `const { createServer, connect } = require('node:net');
    createServer((socket) => { socket.on('error', () => {}); ${serve} }).listen(${serverPort}, '${there}', () => console.log('up'))`;
  const server = spawn(command, [...prefix, 'netns', 'exec', other, process.execPath, '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  closing.push(() => server.kill('SIGKILL'));
  await once(createInterface({ input: server.stdout }), 'line');
}

describeWith([ip, ownNetwork], 'a server that the network has cut off', () => {
  it('is told by what stays without an answer, by the kernel and by its tables', async () => {
    await startServer('socket.resume()');
    const socket = connect(serverPort, there);
    closing.push(() => socket.destroy());
    await once(socket, 'connect');
    const tables = (): Promise<undefined> => Promise.resolve(undefined);
    const ways = { kernel: loadSocketDiagnosis, tables };
    socket.write('all is well');
    for (const load of Object.values(ways)) expect(await unanswered([socket], load)).toEqual(new Set());

    link('down');
    socket.write('nobody hears');
    for (const [name, load] of Object.entries(ways))
      await expect
        .poll(async () => (await unanswered([socket], load)).has(socket), { message: name })
        .toBe(true);
  });
});

describeWith([ip, ownNetwork, parts.postgres], 'a computer that was asleep', () => {
  it('finds out at once that an idle server has gone meanwhile, and tells the client', async () => {
    const world = await startWorld();
    closing.push(() => world.close());
    const { port: real, caPem = '' } = world.postgres;
    link('up');
    // The database server stands here, and the way to it leads over there and back.
    const back = createServer((socket) => socket.pipe(connect(real, '127.0.0.1')).pipe(socket));
    await once(back.listen(0, here), 'listening');
    closing.push(() => back.close());
    const { port: backPort } = back.address() as AddressInfo;
    await startServer(`socket.pipe(connect(${backPort}, '${here}')).pipe(socket)`);
    const caFile = join(await newFolder(), 'ca.pem');
    await writeFile(caFile, caPem);
    const latchkey = await createLatchkey(world, {
      configure(configuration) {
        const [sales] = configuration.connections;
        if (sales === undefined) throw new Error('the test configuration has no connection');
        const tls = { caFile, serverName: 'localhost' };
        Object.assign(sales.upstream, { host: there, port: serverPort, tls });
      },
    });
    closing.push(() => latchkey.close());
    await latchkey.signIn('ada@fabrikam.example');
    const { host, port, username: user, token: password, database } = await latchkey.token('sales');
    const client = new Client({ host, port, user, password, database });
    const errors: Error[] = [];
    client.on('error', (error) => errors.push(error));
    await client.connect();
    // The watch has looked once by then, and so has something to compare the time with.
    await wait(lookMs);
    await client.query('select 1');

    const broker = latchkey.serve.process();
    broker.kill('SIGSTOP');
    link('down');
    await wait(sleepMs);
    broker.kill('SIGCONT');
    // Without the wake-up it is the keep-alive that notices, a minute and ten tries after the query.
    await expect.poll(() => errors[0]?.message, { timeout: 40_000 }).toContain('database server');
    await expect
      .poll(() => latchkey.audit('database-session-ended'), soon)
      .toMatchObject([{ reason: 'upstream-lost' }]);
  }, 180_000);
});
