import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, vi } from 'vitest';
import { it, type World } from './world.ts';

/** A program of its own in a folder of its own: Node, since every machine that runs this has it. */
async function program(body: string): Promise<{ command: string[]; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-command-'));
  const file = join(folder, 'get-password.mjs');
  await writeFile(
    file,
    `import * as fs from 'node:fs';\nimport { spawn } from 'node:child_process';\n${body}`,
  );
  return { command: [process.execPath, file, folder], folder };
}

const print = (credential: object): string =>
  `process.stdout.write(${JSON.stringify(JSON.stringify({ Version: 1, ...credential }))});`;
const countRun = `fs.appendFileSync(process.argv[2] + '/runs', 'x');`;
const runs = async (folder: string): Promise<number> => (await readFile(join(folder, 'runs'))).length;

async function rule(world: World, body: string, more: { timeout?: string } = {}) {
  const { command, folder } = await program(body);
  return { rule: world.rule({ command, ...more }), folder };
}

/** Whether the process is there, and no zombie. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(fsRead(stat));
}

function fsRead(path: string): string {
  try {
    return process.getBuiltinModule('node:fs').readFileSync(path, 'utf8');
  } catch {
    return ') Z ';
  }
}

describe.concurrent('a command', () => {
  it('gives the password, and the user where it names one', async ({ world }) => {
    const credentials = world.open();
    const plain = await rule(world, print({ Password: 'pa55-canary' }));
    expect(await world.acquire(credentials, plain.rule)).toEqual({
      password: 'pa55-canary',
      release: expect.any(Function) as unknown,
    });
    const named = await rule(world, `${print({ Password: 'ünï "x"\n', Username: 'app', More: [1] })}`);
    expect(await world.acquire(credentials, named.rule)).toMatchObject({
      password: 'ünï "x"\n',
      user: 'app',
    });
  });

  it('runs without a shell, without input and with a small environment', async ({ world }) => {
    process.env['LATCHKEY_TEST_CANARY'] = 'environment-canary';
    const { command } = await program(
      `const Password = JSON.stringify({ arguments: process.argv.slice(3), input: fs.readFileSync(0, 'utf8'), environment: process.env });
       process.stdout.write(JSON.stringify({ Version: 1, Password }));`,
    );
    const words = ['$(id)', '; id', '*', 'a b'];
    const { password = '' } = await world.acquire(
      world.open(),
      world.rule({ command: [...command, ...words] }),
    );
    const seen = JSON.parse(password) as { arguments: string[]; input: string; environment: object };
    expect(seen.arguments).toEqual(words);
    expect(seen.input).toBe('');
    expect(seen.environment).toMatchObject({ PATH: process.env['PATH'] });
    expect(password).not.toContain('canary');
  });

  it('is found in PATH', async ({ world }) => {
    const { rule: wanted } = {
      rule: world.rule({ command: ['sh', '-c', `echo '{"Version":1,"Password":"x"}'`] }),
    };
    expect((await world.acquire(world.open(), wanted)).password).toBe('x');
  });

  it('runs once for a crowd of logins, and again for the next', async ({ world }) => {
    const credentials = world.open();
    const { rule: wanted, folder } = await rule(
      world,
      `${countRun} setTimeout(() => { ${print({ Password: 'x' })} }, 300);`,
    );
    const all = await Promise.all(Array.from({ length: 50 }, () => world.acquire(credentials, wanted)));
    expect(all.map(({ password }) => password)).toEqual(Array.from({ length: 50 }, () => 'x'));
    expect(await runs(folder)).toBe(1);
    await world.acquire(credentials, wanted);
    expect(await runs(folder)).toBe(2);
  });

  it('is not run again until a minute before the expiration that it gave', async ({ world }) => {
    let now = Date.parse('2026-11-25T12:00:00Z');
    const credentials = world.open({ now: () => now });
    const { rule: wanted, folder } = await rule(
      world,
      countRun + print({ Password: 'x', Expiration: '2026-11-25T14:10:00+02:00' }),
    );
    await world.acquire(credentials, wanted);
    now += 9 * 60_000 - 1;
    await world.acquire(credentials, wanted);
    expect(await runs(folder)).toBe(1);
    now += 1;
    await world.acquire(credentials, wanted);
    expect(await runs(folder)).toBe(2);
    now += 60_000;
    expect((await world.failure(credentials, wanted)).text).toMatch(/has already expired/);
  });

  it.for([
    [
      'that fails',
      `console.error('stderr-canary'); process.exitCode = 3;`,
      /node\S* ended with 3\. Run it by hand/,
    ],
    [
      'that is killed',
      `process.kill(process.pid, 'SIGTERM'); setInterval(() => 0, 1000);`,
      /ended with SIGTERM/,
    ],
    ['that prints nothing', '', /did not print a credential/],
    ['that prints a bare password', `console.log('bare-canary');`, /has to print {"Version": 1/],
    ['of another version', print({ Version: 2, Password: 'two-canary' }), /did not print a credential/],
    ['without a password', print({ Username: 'user-canary' }), /did not print a credential/],
    ['with an empty password', print({ Password: '' }), /did not print a credential/],
    ['with a NUL in it', print({ Password: 'nul\0-canary' }), /did not print a credential/],
    [
      'with a strange date',
      print({ Password: 'x-canary', Expiration: 'tomorrow' }),
      /did not print a credential/,
    ],
    [
      'that prints more after it',
      `${print({ Password: 'x-canary' })}console.log('x');`,
      /did not print a credential/,
    ],
    [
      'with bytes that are no UTF-8',
      `process.stdout.write(Buffer.from([0xff]));`,
      /did not print a credential/,
    ],
    [
      'that prints without end',
      `setInterval(() => process.stdout.write('y-canary'.repeat(9999)), 1);`,
      /more than 64 KiB/,
    ],
  ] as const)('%s', async ([, body, expected], { world }) => {
    world.keepSecret('canary', 'get-password.mjs');
    const { rule: wanted } = await rule(world, body, { timeout: '60s' });
    const { code, text } = await world.failure(world.open(), wanted);
    expect(code).toBe('credential-failed');
    expect(text).toMatch(expected);
  });

  it('that is not there or may not be run', async ({ world }) => {
    const credentials = world.open();
    const missing = world.rule({ command: ['/nonexistent/get-password'] });
    expect((await world.failure(credentials, missing)).text).toMatch(
      /get-password cannot be started \(ENOENT\)/,
    );
    const { folder } = await program('');
    const file = join(folder, 'get-password.mjs');
    await chmod(file, 0o600);
    expect((await world.failure(credentials, world.rule({ command: [file] }))).text).toMatch(/\(EACCES\)/);
    expect((await world.failure(credentials, world.rule({ command: ['echo', 'nul\0canary'] }))).text).toMatch(
      /echo cannot be started/,
    );
    world.keepSecret('canary');
  });

  it('that hangs is killed with its children', async ({ world }) => {
    const { rule: wanted, folder } = await rule(
      world,
      `const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'inherit' });
       fs.writeFileSync(process.argv[2] + '/pids', process.pid + ' ' + child.pid);
       setInterval(() => 0, 1000);`,
      { timeout: '8s' },
    );
    expect((await world.failure(world.open(), wanted)).text).toMatch(
      /did not end within 8s.* raise "timeout"/,
    );
    const pids = (await readFile(join(folder, 'pids'), 'utf8')).split(' ').map(Number);
    expect(pids).toHaveLength(2);
    await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), { timeout: 20_000 });
  });

  it('is killed when Latchkey closes', async ({ world }) => {
    const credentials = world.open();
    const { rule: wanted, folder } = await rule(
      world,
      `fs.writeFileSync(process.argv[2] + '/pids', String(process.pid)); setInterval(() => 0, 1000);`,
      { timeout: '60s' },
    );
    const failing = world.failure(credentials, wanted);
    const pids = join(folder, 'pids');
    await vi.waitFor(async () => expect(await readFile(pids, 'utf8')).not.toBe(''), { timeout: 20_000 });
    await credentials.close();
    expect((await failing).text).toMatch(/Latchkey is closing/);
    const pid = Number(await readFile(pids, 'utf8'));
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 20_000 });
  });
});

describe('a stored password', () => {
  it('is given, and its absence names the command that stores it', async ({ world }) => {
    const credentials = world.open();
    const wanted = world.rule({ stored: 'reader' });
    expect(await world.failure(credentials, wanted)).toEqual({
      code: 'credential-missing',
      text: 'The password for role "reader" of "sales" has not been stored. The administrator stores it with: latchkey secret set reader',
    });
    world.stored.set('reader', 'pa55-canary');
    expect((await world.acquire(credentials, wanted)).password).toBe('pa55-canary');
  });

  it('none at all, where the server trusts the connection', async ({ world }) => {
    const { release, ...rest } = await world.acquire(world.open(), world.rule(undefined));
    expect(rest).toEqual({});
    await release();
  });
});
