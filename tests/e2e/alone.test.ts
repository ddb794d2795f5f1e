import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { buildProduct } from '../support/builds.ts';
import { describeWith, isThere, program } from '../support/parts.ts';
import { takeDisplay } from './desktop.ts';
import { desktopParts } from './parts.ts';

const { electron, display, sessionBus } = desktopParts;
const strace = program('strace', 'install the package strace');
const xdotool = program('xdotool', 'install the package xdotool');

/** Of an account that there is not: nothing is asked of it before somebody signs in. */
const configuration = `providers:
  - name: fabrikam
    type: azure-directory
    authority: https://login.microsoftonline.com/f4b1ca00-0000-4000-8000-000000000001
    applicationId: f4b1ca00-0000-4000-8000-00000000c11e
`;

describeWith([electron, display, sessionBus], 'the built application by itself', () => {
  vi.setConfig({ testTimeout: 90_000 });
  let root: string;
  let home: string;
  let child: ChildProcess | undefined;
  let leaveDisplay: () => Promise<void>;
  beforeAll(async () => {
    root = await buildProduct();
  });
  beforeEach(async () => {
    leaveDisplay = await takeDisplay();
    home = await mkdtemp(join(tmpdir(), 'latchkey-alone-'));
    await writeFile(join(home, 'latchkey.yaml'), configuration);
  }, 300_000);
  afterEach(async () => {
    await end();
    await rm(home, { recursive: true, force: true });
    await leaveDisplay();
  });

  function start(before: string[], args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const places = ['--home', join(home, 'home'), '--config', join(home, 'latchkey.yaml')];
    const switches = ['--no-sandbox', '--disable-gpu', '--in-process-gpu'];
    const [command = '', ...rest] = [...before, electron.path ?? '', ...switches, root, ...places, ...args];
    child = spawn(command, rest, {
      env: { ...process.env, XDG_CURRENT_DESKTOP: 'none', XDG_CONFIG_HOME: join(home, 'config'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    child.stdout?.resume();
    child.stderr?.resume();
    return child;
  }

  const isUp = (): boolean => existsSync(join(home, 'home', 'run', 'api.json'));

  async function end(): Promise<number | NodeJS.Signals | null | undefined> {
    const ending = child;
    child = undefined;
    if (ending?.pid === undefined) return undefined;
    const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
      ending.once('exit', (code, signal) => resolve(code ?? signal)),
    );
    if (ending.exitCode !== null || ending.signalCode !== null) return ending.exitCode;
    ending.kill('SIGTERM');
    const code = await Promise.race([ended, sleep(10_000, 'still there' as never)]);
    try {
      // What strace followed.
      process.kill(-ending.pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
    return code;
  }

  /** Answers nothing, and writes down who was to be reached. */
  async function listeningProxy(): Promise<{ url: string; asked: string[]; server: Server }> {
    const asked: string[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (data) => {
        asked.push(data.toString('latin1').split('\r\n')[0] ?? '');
        socket.end('HTTP/1.1 503 no\r\ncontent-length: 0\r\n\r\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server };
  }

  test.each([
    ['with its window', []],
    ['in the tray', ['--hidden']],
  ])('asks nobody for anything before somebody signs in, %s', async (_, args) => {
    const { url, asked, server } = await listeningProxy();
    start([], args, { https_proxy: url, http_proxy: url, all_proxy: url, no_proxy: '' });
    await expect.poll(isUp, { timeout: 30_000 }).toBe(true);
    await sleep(5000);
    await end();
    server.close();
    expect(asked).toEqual([]);
  });

  test.runIf(isThere(strace))('leaves this computer by no socket, a name server included', async () => {
    const trace = join(home, 'trace');
    const calls = 'trace=connect,sendto,sendmsg,sendmmsg';
    start([strace.path ?? '', '-f', '-qq', '-e', calls, '-o', trace], []);
    await expect.poll(isUp, { timeout: 60_000 }).toBe(true);
    await sleep(5000);
    await end();
    const lines = (await readFile(trace, 'latin1')).split('\n').filter((line) => line.includes('AF_INET'));
    expect(lines.filter((line) => !/"127\.0\.0\.1"|"::1"/.test(line))).toEqual([]);
  });

  test('goes on, shows no box and ends in order when nobody reads its stderr any more', async () => {
    // A sign-in gets nowhere, which is a line for the log each time.
    const nobody = 'http://127.0.0.1:9';
    const started = start([], ['--hidden'], { https_proxy: nobody, http_proxy: nobody, no_proxy: '' });
    started.stderr?.destroy();
    started.stdout?.destroy();
    await expect.poll(isUp, { timeout: 30_000 }).toBe(true);
    const { url, bearer } = JSON.parse(await readFile(join(home, 'home', 'run', 'api.json'), 'utf8')) as {
      url: string;
      bearer: string;
    };
    const state = () =>
      fetch(`${url}/v1/state`, {
        headers: { authorization: `Bearer ${bearer}` },
        signal: AbortSignal.timeout(2000),
      });
    for (let n = 0; n < 3; n += 1) {
      await fetch(`${url}/v1/sign-in`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: '{}',
      });
      await sleep(300);
      expect((await state()).status).toBe(200);
    }
    if (xdotool.path !== undefined) expect(await windowsOf(started.pid ?? 0)).toEqual([]);
    expect(await readFile(join(home, 'home', 'log', 'latchkey.log'), 'utf8')).toContain('is running');
    expect(await end()).toBe(0);
  });

  async function windowsOf(pid: number): Promise<string[]> {
    const search = spawn(xdotool.path ?? '', ['search', '--onlyvisible', '--pid', String(pid)]);
    let found = '';
    search.stdout.on('data', (data: Buffer) => (found += data.toString()));
    await new Promise((resolve) => search.once('close', resolve));
    return found.split('\n').filter((line) => line !== '');
  }
});
