import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newTokenText } from '../../main/access/token-text.ts';
import {
  connect,
  createLatchkey,
  refusalOf,
  startLogin,
  startWorld,
  type Latchkey,
  type World,
} from '../support/latchkey.ts';
import { describeWith, parts, type Part } from '../support/parts.ts';

const linux: Part = {
  name: '/proc',
  path: process.platform === 'linux' ? '/proc' : undefined,
  remedy: 'run the tests on Linux',
};

/** Command lines and environments of processes, sampled while `work` runs. */
async function watchProcesses<T>(work: () => Promise<T>): Promise<{ result: T; seen: Map<string, string> }> {
  const seen = new Map<string, string>();
  const done = new AbortController();
  const watcher = (async () => {
    while (!done.signal.aborted) {
      const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
      for (const pid of pids) {
        const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        if (!text.includes('main/cli/index.ts')) continue;
        const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
        seen.set(`process ${pid}`, `${text}\n${environ}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  try {
    return { result: await work(), seen };
  } finally {
    done.abort();
    await watcher;
  }
}

async function allFiles(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name);
    if ((await stat(path)).isFile()) found.set(path, await readFile(path, 'latin1'));
  }
  return found;
}

describeWith([parts.postgres, linux], 'secrets', () => {
  let world: World;
  let latchkey: Latchkey;
  const key = randomBytes(32).toString('base64');

  beforeAll(async () => {
    world = await startWorld();
    latchkey = await createLatchkey(world, { started: false });
    const keyFile = join(dirname(latchkey.config), 'key');
    await writeFile(keyFile, key, { mode: 0o600 });
    await latchkey.serve.start(['--key-file', keyFile]);
  });
  afterAll(async () => {
    await latchkey?.close();
    await world?.close();
  });

  it('are nowhere but where they belong', async () => {
    const { passwords } = world;
    const wrongToken = newTokenText();
    const shown: string[] = [];
    const run = async (...parameters: string[]) => {
      const ran = await latchkey.run(...parameters);
      shown.push(ran.out, ran.err);
      return ran;
    };

    const { result: tokens, seen } = await watchProcesses(async () => {
      for (const [name, value] of Object.entries(passwords)) {
        const ran = await latchkey.commandLine.run(['secret', 'set', name], `${value}\n`);
        shown.push(ran.out, ran.err);
        expect(ran.code).toBe(0);
      }
      const login = await startLogin(latchkey);
      world.tenant.complete({ userCode: login.userCode, user: 'ada@fabrikam.example' });
      const { out, err } = await login.ended;
      shown.push(out, err);
      const printed = await latchkey.run('token', 'sales');
      shown.push(printed.err);
      const inExec = await latchkey.run('exec', 'sales', '--', 'sh', '-c', 'sleep 0.2; echo "$PGPASSWORD"');
      const issued = await latchkey.token('sales');
      await (await connect(issued)).end();
      await refusalOf(connect({ ...issued, token: wrongToken }));
      await refusalOf(connect(issued, { password: passwords['sales-readonly'] }));
      await world.postgres.query("alter role sales_readonly password 'changed'");
      shown.push((await refusalOf(connect(issued))).message);
      await run('status');
      await run('status', '--json');
      await run('connections', '--json');
      await run('secret', 'list', '--json');
      await run('revoke', issued.id);
      await run('audit', 'list', '--limit', '500');
      await run('token', 'payroll');
      return [printed.out.trim(), inExec.out.trim(), issued.token];
    });
    expect(tokens).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(/^lk_\w{46}$/) as string));
    const own = await readFile(`/proc/${latchkey.serve.process().pid}/environ`, 'utf8');
    seen.set('serve', own);
    expect(seen.size).toBeGreaterThan(5);

    const api = JSON.parse(await readFile(join(latchkey.home, 'run', 'api.json'), 'utf8')) as {
      bearer: string;
    };
    const canaries = new Map<string, string>([
      ...Object.entries(passwords),
      ...tokens.map((token, index) => [`token ${index}`, token] as const),
      ['wrong token', wrongToken],
      ['bearer', api.bearer],
      ['key', key],
    ]);
    // The audit's own hashes aside, nothing that looks like a token of Entra ID either.
    const patterns = new Map([
      ['a JSON web token', /eyJ[\w-]{10,}\.eyJ/],
      ['a refresh token', /refresh_?token/i],
    ]);

    const places = new Map([
      ...seen,
      ...(await allFiles(latchkey.home)),
      ['the log of serve', latchkey.serve.log()],
      ['what the commands printed', shown.join('\n')],
    ]);
    const found: string[] = [];
    for (const [place, text] of places) {
      for (const [name, secret] of canaries) {
        const belongs = name === 'bearer' && place.endsWith('/run/api.json');
        if (text.includes(secret) && !belongs) found.push(`${name} in ${place}`);
      }
      for (const [name, pattern] of patterns) if (pattern.test(text)) found.push(`${name} in ${place}`);
    }
    expect(found).toEqual([]);
    expect([...places.keys()].filter((place) => place.includes('sealed'))).toHaveLength(6);
  });

  it('lie in files that nobody else can read', async () => {
    for (const name of await readdir(latchkey.home, { recursive: true })) {
      // What clients trust is no secret.
      if (name.startsWith('certificates')) continue;
      const { mode } = await stat(join(latchkey.home, name));
      const inClosedFolder = ((await stat(dirname(join(latchkey.home, name)))).mode & 0o077) === 0;
      expect({ name, open: (mode & 0o077) !== 0 && !inClosedFolder }).toEqual({ name, open: false });
    }
    for (const folder of ['', 'audit', 'sealed', 'run'])
      expect((await stat(join(latchkey.home, folder))).mode & 0o777).toBe(0o700);
    expect((await stat(join(latchkey.home, 'run', 'api.json'))).mode & 0o777).toBe(0o600);
  });
});
