import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TOTP } from 'otpauth';
import { newTokenText } from '../../main/access/token-text.ts';
import type { Enrolment } from '../../main/contract/shapes.ts';
import {
  connect,
  refusalOf,
  startCommand,
  startLogin,
  type Latchkey,
  type World,
} from '../support/latchkey.ts';

/** What must be found nowhere but where it belongs, and all the places that were looked into. */
export interface SecretHunt {
  /** Secrets by name. */
  canaries: Map<string, string>;
  /** Texts by name: files, logs, what commands printed, command lines and environments of processes. */
  places: Map<string, string>;
  /** "name in place" for each secret in a place where it does not belong. */
  found: string[];
}

/** Starts the broker with a key of its own and with dumps of its state on demand (SIGUSR2). @returns the key */
export async function startForHunt({ config, commandLine, serve }: Latchkey): Promise<string> {
  const key = randomBytes(32).toString('base64');
  const keyFile = join(dirname(config), 'key');
  await writeFile(keyFile, key, { mode: 0o600 });
  await mkdir(dumpsOf(config));
  commandLine.env['NODE_OPTIONS'] = `--report-on-signal --report-directory=${dumpsOf(config)}`;
  await serve.start(['--key-file', keyFile]);
  delete commandLine.env['NODE_OPTIONS'];
  return key;
}

const dumpsOf = (config: string): string => join(dirname(config), 'dumps');

const ada = 'ada@fabrikam.example';
/** The audit's own hashes aside, nothing that looks like a token of Entra ID either. */
const patterns = new Map([
  ['a JSON web token', /eyJ[\w-]{10,}\.eyJ/],
  ['a refresh token', /refresh_?token/i],
]);

/**
 * Plays what people do with secrets, on a broker that {@link startForHunt} has started with this key: stores
 * passwords, signs in, enrols a second factor, makes tokens and a handle, logs in well and badly, and looks into
 * everything that this has left.
 */
export async function huntSecrets(latchkey: Latchkey, world: World, key: string): Promise<SecretHunt> {
  const shown: string[] = [];
  const { result, seen } = await watchProcesses(latchkey.program, () => play(latchkey, world, shown));
  const serve = latchkey.serve.process().pid;
  seen.set('serve', await readFile(`/proc/${serve}/environ`, 'utf8'));
  process.kill(serve ?? 0, 'SIGUSR2');
  while ((await readdir(dumpsOf(latchkey.config))).length === 0) await sleep(100);
  await sleep(500);
  const api = JSON.parse(await readFile(join(latchkey.home, 'run', 'api.json'), 'utf8')) as {
    bearer: string;
  };
  const canaries = new Map([
    ...Object.entries(world.passwords),
    ...result,
    ['bearer', api.bearer],
    ['key', key],
  ]);
  const places = new Map([
    ...seen,
    ...(await allFiles(latchkey.home)),
    ...(await allFiles(dumpsOf(latchkey.config))),
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
  return { canaries, places, found };
}

async function play(latchkey: Latchkey, world: World, shown: string[]): Promise<[string, string][]> {
  const { passwords } = world;
  const run = async (...parameters: string[]) => {
    const ran = await latchkey.run(...parameters);
    shown.push(ran.out, ran.err);
    return ran;
  };
  const login = await startLogin(latchkey);
  world.tenant.complete({ userCode: login.userCode, user: ada });
  const { out, err } = await login.ended;
  shown.push(out, err);
  for (const [name, value] of Object.entries(passwords)) {
    const ran = await latchkey.commandLine.run(['secret', 'set', name], `${value}\n`);
    shown.push(ran.out, ran.err);
    if (ran.code !== 0) throw new Error(`the password of ${name} was not stored: ${ran.err}`);
  }
  const applicationSecret = 'application-secret-7c1f0c4e9b';
  const set = await latchkey.commandLine.run(['provider', 'secret', 'fabrikam'], `${applicationSecret}\n`);
  shown.push(set.out, set.err);
  if (set.code !== 0) throw new Error(`the application secret was not stored: ${set.err}`);

  const printed = await latchkey.run('token', 'sales');
  shown.push(printed.err);
  const inExec = await latchkey.run('exec', 'sales', '--', 'sh', '-c', 'sleep 0.2; echo "$PGPASSWORD"');
  const issued = await latchkey.token('sales');
  const handle = await latchkey.run('handle', 'make', 'sales', '--tool', 'canary');
  shown.push(handle.err);
  await (await connect(issued)).end();
  const wrongToken = newTokenText();
  await refusalOf(connect({ ...issued, token: wrongToken }));
  await refusalOf(connect(issued, { password: passwords['sales-readonly'] }));
  await world.postgres.query("alter role sales_readonly password 'changed'");
  shown.push((await refusalOf(connect(issued))).message);
  const factor = await enrol(latchkey, shown);
  await run('status');
  await run('status', '--json');
  await run('connections', '--json');
  await run('secret', 'list', '--json');
  await run('revoke', issued.id);
  await run('audit', 'list', '--limit', '500');
  await run('support-bundle');
  await run('token', 'payroll');
  return [
    ['token 0', printed.out.trim()],
    ['token 1', inExec.out.trim()],
    ['token 2', issued.token],
    ['handle', handle.out.trim().split('\n').at(-1) ?? ''],
    ['wrong token', wrongToken],
    ['application secret', applicationSecret],
    ...factor,
  ];
}

/** The key of a new authenticator, in both of its writings, and a recovery code: both are shown once, and only there. */
async function enrol(latchkey: Latchkey, shown: string[]): Promise<[string, string][]> {
  const command = startCommand(latchkey, 'mfa', 'enrol', '--json');
  const { uri } = JSON.parse(await command.firstLine) as Enrolment;
  const secret = new URL(uri).searchParams.get('secret') ?? '';
  command.child.stdin?.end(`${new TOTP({ secret }).generate()}\n`);
  const { out, err } = await command.ended;
  shown.push(err);
  const { recoveryCodes } = JSON.parse(out.trim().split('\n').at(-1) ?? '') as { recoveryCodes: string[] };
  return [
    ['TOTP key', secret],
    ['recovery code', recoveryCodes[0] ?? ''],
  ];
}

/** Command lines and environments of the `latchkey` processes, sampled while `work` runs. */
async function watchProcesses<T>(
  program: string,
  work: () => Promise<T>,
): Promise<{ result: T; seen: Map<string, string> }> {
  const seen = new Map<string, string>();
  // Processes of others, by how often each has been looked at: one that has just been forked is still to become itself.
  const others = new Map<string, number>();
  const done = new AbortController();
  const watcher = (async () => {
    while (!done.signal.aborted) {
      const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
      for (const pid of pids) {
        const looks = others.get(pid) ?? 0;
        if (looks > 50) continue;
        const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        if (!text.includes(program)) {
          others.set(pid, looks + 1);
          continue;
        }
        others.delete(pid);
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
