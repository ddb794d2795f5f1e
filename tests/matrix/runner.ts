import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { asExpected, type Check, checkNames, type LongCheck, longStatement, statements } from './checks.ts';
import type { MatrixClient } from './clients.ts';
import type { MatrixWorld } from './world.ts';

/** The long statement takes 25 s. */
const longestCancelMs = 15_000;

export type Outcome =
  { kind: 'right' } | { kind: 'cannot'; reason: string } | { kind: 'wrong'; detail: string };
export type Outcomes = Record<Check, Outcome>;

interface Line {
  check?: Check;
  value?: string;
  error?: string;
  cannot?: string;
  running?: LongCheck;
  fatal?: string;
}

/** Tries all of them, two at a time; `done` hears of each. About two minutes on two cores. */
export async function tryClients(
  world: MatrixWorld,
  clients: MatrixClient[],
  done: (client: MatrixClient, outcomes: Outcomes) => void,
): Promise<void> {
  const waiting = [...clients];
  const work = async (): Promise<void> => {
    for (let client = waiting.shift(); client !== undefined; client = waiting.shift())
      done(client, await tryClient(world, client));
  };
  await Promise.all([work(), work()]);
}

/** Tries one client: its program logs in with a token and a handle of its own. Takes 2 to 10 s. */
async function tryClient(world: MatrixWorld, client: MatrixClient): Promise<Outcomes> {
  const outcomes = {} as Outcomes;
  const folder = await mkdtemp(join(tmpdir(), 'lk-matrix-'));
  const place = await world.place(client);
  const sql = Object.fromEntries(
    Object.entries(statements[client.protocol]).map(([name, text]) => [
      name,
      text.replace('NAME', client.name),
    ]),
  );
  const [program = '', ...args] = client.command;
  const child = spawn(program, args, {
    cwd: folder,
    env: {
      PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`,
      HOME: folder,
      LC_ALL: 'C.UTF-8',
      ODBCSYSINI: '/etc',
      MATRIX_SQL: JSON.stringify({ ...sql, protocol: client.protocol }),
      MATRIX_FOLDER: folder,
      MATRIX_HOST: '127.0.0.1',
      MATRIX_PORT: String(place.port),
      MATRIX_USER: place.user,
      MATRIX_DATABASE: place.database,
      MATRIX_TOKEN: place.token,
      MATRIX_HANDLE: place.handle,
      MATRIX_CA: world.authority,
      ...client.env?.(world),
    },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 120_000);
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  child.on('error', (error) => (complaint += error.message));
  child.stdin.on('error', () => undefined);
  /** By the check whose statement could not be found, or cut: what its program says then shows nothing. */
  const failures = new Map<string, string>();
  let told = Infinity;
  for await (const text of createInterface({ input: child.stdout })) {
    const line = parse(text);
    if (line === undefined) complaint += `${text}\n`;
    else if (line.fatal !== undefined) complaint += line.fatal;
    else if (line.running !== undefined) {
      const { running } = line;
      await world
        .underWay(client.protocol, longStatement(client.protocol, client.name, running))
        .then(() => (running === 'cut' ? place.cut() : undefined))
        .catch((error: unknown) => failures.set(running, String(error)));
      told = Date.now();
      child.stdin.write('go\n');
    } else if (line.check !== undefined)
      outcomes[line.check] =
        line.check === 'cancel' && Date.now() - told > longestCancelMs
          ? { kind: 'wrong', detail: 'the statement ran to its end' }
          : judge(client, line, failures.get(line.check));
  }
  clearTimeout(timer);
  await rm(folder, { recursive: true, force: true });
  await place.close();
  const detail = [...failures.values(), complaint.trim()].join('\n') || 'the program ended before';
  for (const check of checkNames) outcomes[check] ??= { kind: 'wrong', detail };
  return outcomes;
}

function parse(text: string): Line | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === 'object' && line !== null ? line : undefined;
  } catch {
    return undefined;
  }
}

function judge(
  { protocol }: MatrixClient,
  { check, value, error, cannot }: Line,
  failure: string | undefined,
): Outcome {
  if (failure !== undefined) return { kind: 'wrong', detail: failure };
  if (cannot !== undefined) return { kind: 'cannot', reason: cannot };
  if (check !== undefined && value !== undefined && asExpected(check, protocol, value))
    return { kind: 'right' };
  return { kind: 'wrong', detail: error ?? value ?? 'no answer' };
}
