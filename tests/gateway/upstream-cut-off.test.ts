import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, expect, it } from 'vitest';
import { loadSocketDiagnosis } from '../../main/gateway/peers/socket-diagnosis.ts';
import { unanswered } from '../../main/gateway/upstream-watch.ts';
import { describeWith, type Part, program } from '../support/parts.ts';

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
const closing: (() => unknown)[] = [() => run('netns', 'del', other)];
afterEach(() => {
  for (const close of closing.splice(0).toReversed()) close();
});

describeWith([ip, ownNetwork], 'a server that the network has cut off', () => {
  it('is told by what stays without an answer, by the kernel and by its tables', async () => {
    const wire = `lkw${process.pid}`;
    const steps = [
      `link add ${wire} type veth peer name far netns ${other}`,
      `addr add ${here}/30 dev ${wire}`,
      `link set ${wire} up`,
      `-n ${other} addr add ${there}/30 dev far`,
      `-n ${other} link set far up`,
    ];
    for (const step of steps) expect(run(...step.split(' ')), step).toBe(true);
    const server = spawn(
      command,
      [
        ...prefix,
        'netns',
        'exec',
        other,
        process.execPath,
        '-e',
        `require('node:net').createServer((socket) => socket.resume()).listen(7000, '${there}', () => console.log('up'))`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    closing.push(() => server.kill('SIGKILL'));
    await once(createInterface({ input: server.stdout }), 'line');
    const socket = connect(7000, there);
    closing.push(() => socket.destroy());
    await once(socket, 'connect');
    const tables = (): Promise<undefined> => Promise.resolve(undefined);
    const ways = { kernel: loadSocketDiagnosis, tables };
    socket.write('all is well');
    for (const load of Object.values(ways)) expect(await unanswered([socket], load)).toEqual(new Set());

    expect(run('-n', other, 'link', 'set', 'far', 'down')).toBe(true);
    socket.write('nobody hears');
    for (const [name, load] of Object.entries(ways))
      await expect
        .poll(async () => (await unanswered([socket], load)).has(socket), { message: name })
        .toBe(true);
  });
});
