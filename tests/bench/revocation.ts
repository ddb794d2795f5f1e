import { parseArgs } from 'node:util';
import type { Client } from 'pg';
import type { IssuedToken } from '../../main/core/token-issue.ts';
import { connect, createLatchkey, startWorld, type Latchkey, type World } from '../support/latchkey.ts';

/**
 * How fast a sign-out takes effect, with a real broker, real PostgreSQL and real clients:
 * `node tests/bench/revocation.ts [--rounds 100] [--sessions 20]`
 *
 * - cut: from the sign-out request to the moment that a client with a query under way learns of it
 * - last login: from the sign-out request to the start of the last login that was still let in; 0 where none was
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    sessions: { type: 'string', default: '20' },
  },
});
const rounds = Number(values.rounds);
const sessions = Number(values.sessions);

/** Resolves with the time at which the running query ended, which only its session's end can bring about. */
function cutTime(client: Client): Promise<number> {
  return client.query('select pg_sleep(600)').then(
    () => Number.POSITIVE_INFINITY,
    () => performance.now(),
  );
}

/** Logs in again and again until refused; resolves with the start of the last login that was let in. */
async function lastLogin(token: IssuedToken): Promise<number> {
  let last = 0;
  for (;;) {
    const started = performance.now();
    const client = await connect(token).catch(() => undefined);
    if (client === undefined) return last;
    last = started;
    await client.end().catch(() => undefined);
  }
}

async function round(latchkey: Latchkey): Promise<{ cuts: number[]; last: number }> {
  await latchkey.signIn('ada@fabrikam.example');
  const token = await latchkey.token('sales');
  const clients = await Promise.all(Array.from({ length: sessions }, () => connect(token)));
  const ends = clients.map(cutTime);
  const logins = [lastLogin(token), lastLogin(token)];
  await new Promise((resolve) => setTimeout(resolve, 50));
  const api = await latchkey.client();
  const asked = performance.now();
  const answered = api.post('/v1/sign-out', {});
  const cuts = (await Promise.all(ends)).map((at) => at - asked);
  const last = Math.max(0, ...(await Promise.all(logins)).map((at) => at - asked));
  await answered;
  return { cuts, last };
}

function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

function figures(name: string, numbers: readonly number[]): string {
  const shown = [0.5, 0.99, 1].map((share) => `${quantile(numbers, share).toFixed(1)} ms`);
  return `${name.padEnd(12)} p50 ${shown[0]}  p99 ${shown[1]}  max ${shown[2]}  (${numbers.length} measured)`;
}

async function measure(world: World): Promise<void> {
  const latchkey = await createLatchkey(world, {
    configure(found) {
      found.session.refreshGroups = '1h';
    },
  });
  try {
    const cuts: number[] = [];
    const logins: number[] = [];
    for (let done = 0; done < rounds; done += 1) {
      const result = await round(latchkey);
      cuts.push(...result.cuts);
      logins.push(result.last);
    }
    console.log(`${rounds} sign-outs with ${sessions} sessions each`);
    console.log(figures('cut', cuts));
    console.log(figures('last login', logins));
  } finally {
    await latchkey.close();
  }
}

const world = await startWorld();
try {
  await measure(world);
} finally {
  await world.close();
}
