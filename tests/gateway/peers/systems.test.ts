import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createMacPeers, parseOpenSockets, parseProcesses } from '../../../main/gateway/peers/macos.ts';
import { type Run, runProgram, shareLooks } from '../../../main/gateway/peers/run.ts';
import { createWindowsPeers, parseAnswer } from '../../../main/gateway/peers/windows.ts';
import { describeWith, program } from '../../support/parts.ts';

const missingProgram = './no-such-program';

const peer = { transport: 'tcp', address: '127.0.0.1', port: 54321, localPort: 15432 } as const;

describe('macOS', () => {
  // Written after lsof(8), "OUTPUT FOR OTHER PROGRAMS", and ps(1) of macOS; not recorded on one.
  const lsof = [
    'p412',
    'u501',
    'f23',
    'n127.0.0.1:15432',
    'f31',
    'n127.0.0.1:15432->127.0.0.1:54321',
    'p977',
    'u501',
    'f9',
    'n127.0.0.1:54321->127.0.0.1:15432',
    'f10',
    'n[::1]:50000->[::1]:15432',
    '',
  ].join('\n');
  const ps = [
    '    1     0 /sbin/launchd',
    '  412     1 /Applications/Latchkey.app/Contents/MacOS/Latchkey',
    '  977   900 /Applications/DBeaver CE.app/Contents/MacOS/dbeaver',
    '  900     1 -zsh',
    '',
  ].join('\n');
  const recorded: Run = async (name) => (name === 'lsof' ? lsof : ps);

  test('the client is the one whose own address comes first', async () => {
    const dbeaver = {
      uid: 501,
      process: {
        pid: 977,
        program: 'dbeaver',
        path: '/Applications/DBeaver CE.app/Contents/MacOS/dbeaver',
        parent: { pid: 900, program: '-zsh' },
      },
    };
    const identify = createMacPeers(recorded);
    expect(await identify(peer, '127.0.0.1')).toEqual(dbeaver);
    expect(await identify({ ...peer, address: '::1', port: 50_000 }, '::1')).toEqual(dbeaver);
    expect(await identify({ ...peer, port: 54_322 }, '127.0.0.1')).toEqual({ unknown: 'not-found' });
    expect(await identify({ transport: 'tcp' }, '127.0.0.1')).toEqual({ unknown: 'not-found' });
  });

  test('rubbish is skipped', () => {
    expect(parseOpenSockets('n127.0.0.1:1->127.0.0.1:2\npx\nu501\nn1\np5\nn2\nu7\nn3')).toEqual([
      { pid: 5, uid: 7, name: '3' },
    ]);
    expect(parseProcesses('x\n 1 2\n3 1 /a b\n')).toEqual(new Map([[3, { parent: 1, path: '/a b' }]]));
  });

  const lsofProgram = program('lsof', 'install the package lsof', ['/usr/sbin', '/usr/bin']);
  describeWith(
    [lsofProgram, program('ps', 'install the package procps')],
    'with the real lsof and ps',
    () => {
      test('finds a client', async () => {
        const server = createServer().listen(0, '127.0.0.1');
        await once(server, 'listening');
        const { port } = server.address() as AddressInfo;
        const accepted = once(server, 'connection') as Promise<[Socket]>;
        const child = spawn(process.execPath, ['-e', `require('node:net').connect(${port}, '127.0.0.1')`]);
        try {
          const [socket] = await accepted;
          const place = { transport: 'tcp', localPort: port, address: '127.0.0.1' } as const;
          const identity = await createMacPeers(runProgram)(
            { ...place, port: socket.remotePort ?? 0 },
            '127.0.0.1',
          );
          expect(identity.uid).toBe(process.getuid?.());
          expect(identity.process?.pid).toBe(child.pid);
          expect(identity.process?.parent?.pid).toBe(process.pid);
        } finally {
          child.kill('SIGKILL');
          server.close();
        }
      });
    },
  );

  test('a program that is missing, fails or hangs is an error, not a wait', async () => {
    await expect(runProgram(missingProgram, [])).rejects.toThrow('ENOENT');
    // The shell starts within the time that a look has, on any machine.
    await expect(runProgram('/bin/sh', ['-c', 'exit 3'])).rejects.toThrow();
    await expect(runProgram('/bin/sh', ['-c', 'exec sleep 60'])).rejects.toThrow();
    expect(await runProgram('/bin/sh', ['-c', 'echo 1; exit 1'])).toBe('1\n');
  });
});

test('looks are shared, and each began after its question', async () => {
  const looks: PromiseWithResolvers<number>[] = [];
  const look = shareLooks(() => {
    const one = Promise.withResolvers<number>();
    looks.push(one);
    return one.promise;
  });
  const first = look();
  const others = [look(), look(), look()];
  expect(looks).toHaveLength(1);
  looks[0]?.reject(new Error('broken'));
  await expect(first).rejects.toThrow('broken');
  await expect.poll(() => looks.length).toBe(2);
  looks[1]?.resolve(7);
  expect(await Promise.all(others)).toEqual([7, 7, 7]);
  expect(looks).toHaveLength(2);
});

describe('Windows', () => {
  const noAnswer = { unknown: 'no-answer' };
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  /** A process in PowerShell's place that speaks its line protocol; `body` answers a line. */
  const answering = (body: string) => () => {
    const source = `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const [number, address, port, ourAddress, ourPort] = line.split(' ');
      const say = (answer) => console.log(JSON.stringify({ number: Number(number), ...answer }));
      ${body} })`;
    const child = spawn(process.execPath, ['-e', source], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  };

  test('an answer in the form that ConvertTo-Json gives it', () => {
    const line =
      '{"parentPid":7012,"sameUser":true,"program":"dbeaver.exe","number":4,"path":"C:\\\\Program Files\\\\DBeaver\\\\dbeaver.exe","pid":9120,"parentProgram":"explorer.exe"}';
    expect(parseAnswer(line)).toEqual({
      number: 4,
      identity: {
        sameUser: true,
        process: {
          pid: 9120,
          program: 'dbeaver.exe',
          path: 'C:\\Program Files\\DBeaver\\dbeaver.exe',
          parent: { pid: 7012, program: 'explorer.exe' },
        },
      },
    });
    expect(parseAnswer('{"number":5,"sameUser":false,"pid":4,"program":"System","path":null}')).toEqual({
      number: 5,
      identity: { sameUser: false, process: { pid: 4, program: 'System' } },
    });
    expect(parseAnswer('{"number":6}')).toEqual({ number: 6, identity: { unknown: 'not-found' } });
    const elevated = { process: { pid: 9120, program: 'ssms.exe' } };
    expect(parseAnswer('{"number":7,"pid":9120,"program":"ssms.exe","sameDesktop":true}')).toEqual({
      number: 7,
      identity: { ...elevated, unknown: 'hidden-here' },
    });
    expect(parseAnswer('{"number":8,"pid":9120,"program":"ssms.exe","sameDesktop":false}')).toEqual({
      number: 8,
      identity: { ...elevated, unknown: 'hidden' },
    });
    for (const rubbish of ['', 'null', '[]', '{', '{"number":"6"}', 'Access denied']) {
      expect(parseAnswer(rubbish)).toBeUndefined();
    }
  });

  test('one process answers all, in whatever order', async () => {
    const windows = createWindowsPeers(
      answering(
        `setTimeout(say, Number(port) % 7, { pid: process.pid, program: port + '>' + ourPort, sameUser: true });`,
      ),
    );
    const ports = Array.from({ length: 50 }, (_, index) => 50_000 + index);
    const found = await Promise.all(ports.map((port) => windows.identify({ ...peer, port }, '127.0.0.1')));
    expect(found.map(({ process }) => process?.program)).toEqual(ports.map((port) => `${port}>15432`));
    expect(new Set(found.map(({ process }) => process?.pid))).toEqual(new Set([children[0]?.pid]));
    expect(children).toHaveLength(1);
    const [child] = children;
    windows.close();
    if (child?.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(await windows.identify(peer, '127.0.0.1')).toEqual(noAnswer);
  });

  test('one that dies is started again, three times in a row at most', async () => {
    const windows = createWindowsPeers(answering('process.exit(1)'));
    for (let count = 0; count < 5; count += 1)
      expect(await windows.identify(peer, '127.0.0.1')).toEqual(noAnswer);
    expect(children).toHaveLength(3);
    windows.close();
  });

  test('no PowerShell at all, a silent one and an unknown address are "unknown"', async () => {
    const missing = createWindowsPeers(() => {
      const child = spawn(missingProgram, { stdio: ['pipe', 'pipe', 'ignore'] });
      children.push(child);
      return child;
    });
    expect(await missing.identify(peer, '127.0.0.1')).toEqual(noAnswer);
    const silent = createWindowsPeers(answering(''), 200);
    expect(await silent.identify(peer, '127.0.0.1')).toEqual(noAnswer);
    expect(await silent.identify({ transport: 'tcp' }, '127.0.0.1')).toEqual(noAnswer);
    const pending = silent.identify(peer, '127.0.0.1');
    silent.close();
    expect(await pending).toEqual(noAnswer);
  });
});
