import type { Client } from 'pg';
import type { IssuedToken } from '../../main/contract/shapes.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { connect } from '../support/latchkey.ts';
import { ada, startProduct, type Product } from './product.ts';
import { count, quantile, slack, type Target } from './target.ts';

const sizes = { quick: { rounds: 4, sessions: 20 }, full: { rounds: 100, sessions: 200 } };
const bounds = { loginMs: 10, cutMs: 250 };

/** Ends the access, and says when that was on the clock of `performance.now()`. */
type Ending = (product: Product) => Promise<number>;

const byOrder =
  (path: string, body: object): Ending =>
  async ({ latchkey }) => {
    const api = await latchkey.client();
    const asked = performance.now();
    await api.post(path, body);
    return asked;
  };

/** What the directory takes to answer is its own: a group is lost when its last answer is there. */
const lossOfGroup: Ending = async ({ latchkey, world }) => {
  const membership = { groupId: fabrikam.groups.reportingTeam, memberId: fabrikam.users.ada };
  world.tenant.removeMember(membership);
  await (await latchkey.client()).post('/v1/refresh', {});
  world.tenant.addMember(membership);
  const lastRead = world.tenant.requests().findLast(({ endpoint }) => endpoint === 'graph');
  return Date.parse(lastRead?.time ?? '') - performance.timeOrigin;
};

/** Each round takes the next one. */
const endings: Ending[] = [
  byOrder('/v1/sign-out', { all: true }),
  byOrder('/v1/tokens/revoke', { all: true }),
  byOrder('/v1/lock', {}),
  lossOfGroup,
];

/**
 * Sessions that have a query under way are cut, and two clients log in without a pause meanwhile. Of a read of the
 * directory what counts begins with the answer: the time before it is the directory's.
 */
export const revocation: Target = {
  name: 'revocation',
  isTimed: true,
  bound: `sign-out, lock, revocation, loss of a group: new logins refused within ${bounds.loginMs} ms (p99), live sessions cut within ${bounds.cutMs} ms`,
  async run(size) {
    const { rounds, sessions } = sizes[size];
    const product = await startProduct(false, {
      settings: { max_connections: '400' },
      configure: ({ session, connections }) => {
        Object.assign(session, { onLock: 'cut' });
        for (const connection of connections) Object.assign(connection, { maxSessions: 400 });
      },
    });
    try {
      const cuts: number[] = [];
      const logins: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const ending = endings[round % endings.length];
        if (ending === undefined) throw new RangeError('no ending');
        const result = await oneRound(product, sessions, ending);
        cuts.push(...result.cuts);
        logins.push(result.lastLogin);
      }
      const p99 = quantile(logins, 0.99);
      const longest = Math.max(...cuts);
      return {
        figure:
          `${rounds} endings with ${sessions} sessions each (${count(cuts.length)} cut): the last login let in ` +
          `p99 ${p99.toFixed(1)} ms after, cut p50 ${quantile(cuts, 0.5).toFixed(0)}, p99 ${quantile(cuts, 0.99).toFixed(0)}, max ${longest.toFixed(0)} ms`,
        pass: p99 <= bounds.loginMs * slack(size) && longest <= bounds.cutMs * slack(size),
      };
    } finally {
      await product.close();
    }
  },
};

async function oneRound(
  product: Product,
  sessions: number,
  end: Ending,
): Promise<{ cuts: number[]; lastLogin: number }> {
  const { latchkey } = product;
  if ((await latchkey.state()).signIn.kind === 'signed-in') await latchkey.signOut();
  await latchkey.signIn(ada);
  const token = await latchkey.token('sales');
  const clients = await openAll(token, sessions);
  const ends = clients.map(cutTime);
  const logins = [lastLogin(token), lastLogin(token)];
  await new Promise((resolve) => setTimeout(resolve, 100));
  const from = await end(product);
  const cuts = await Promise.all(ends);
  const last = Math.max(...(await Promise.all(logins)));
  return { cuts: cuts.map((at) => at - from), lastLogin: Math.max(0, last - from) };
}

/** Sixteen logins at a time, as a pool would. */
async function openAll(token: IssuedToken, sessions: number): Promise<Client[]> {
  const clients: Client[] = [];
  while (clients.length < sessions) {
    const some = Math.min(16, sessions - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: some }, () => connect(token)))));
  }
  return clients;
}

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
