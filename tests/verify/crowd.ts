import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { IssuedToken } from '../../main/contract/shapes.ts';
import { connect } from '../support/latchkey.ts';
import { ada, startProduct, type Product } from './product.ts';
import { count, quantile, slack, type Target } from './target.ts';

const sizes = { quick: { sockets: 1_000, logins: 20 }, full: { sockets: 10_000, logins: 100 } };
const bounds = { p99Ms: 50, growthMiB: 100, cutMs: 6_000 };

/** What a crowd says, by its name. */
const crowds: [name: string, hex: string, drip: boolean][] = [
  ['silent', '', false],
  ['half a packet and then drips', '0000004000030000', true],
];

export const crowd: Target = {
  name: 'crowd',
  isTimed: true,
  bound: `10,000 unauthenticated sockets: a valid login's p99 ≤ ${bounds.p99Ms} ms, memory + ${bounds.growthMiB} MiB at most, all cut within ${bounds.cutMs / 1000} s`,
  async run(size) {
    const { sockets, logins } = sizes[size];
    const product = await startProduct(false);
    try {
      await product.latchkey.signIn(ada);
      const token = await product.latchkey.token('sales');
      const alone = await loginTimes(token, logins);
      const parts = [`alone p99 ${quantile(alone, 0.99).toFixed(0)} ms`];
      let pass = true;
      for (const [name, hex, drip] of crowds) {
        const measured = await withCrowd(product, token, { sockets, logins, hex, drip });
        const { p99, growth, longest } = measured;
        pass &&=
          p99 <= bounds.p99Ms * slack(size) &&
          growth <= bounds.growthMiB &&
          longest <= bounds.cutMs * slack(size);
        parts.push(
          `${name}: p99 ${p99.toFixed(0)} ms, ${growth.toFixed(0)} MiB more, the last cut after ${(longest / 1000).toFixed(1)} s`,
        );
      }
      return { figure: `${count(sockets)} sockets; ${parts.join('; ')}`, pass };
    } finally {
      await product.close();
    }
  },
};

async function withCrowd(
  product: Product,
  token: IssuedToken,
  { sockets, logins, hex, drip }: { sockets: number; logins: number; hex: string; drip: boolean },
): Promise<{ p99: number; growth: number; longest: number }> {
  const before = product.residentMiB();
  const child = spawn(process.execPath, ['-e', crowdScript(token.port, sockets, hex, drip)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, product.residentMiB())), 100);
  const during = loginTimes(token, logins);
  await lines.next();
  const p99 = quantile(await during, 0.99);
  const longest = Number((await lines.next()).value);
  clearInterval(watch);
  await closed;
  return { p99, growth: peak - before, longest };
}

async function loginTimes(token: IssuedToken, logins: number): Promise<number[]> {
  const times: number[] = [];
  for (let done = 0; done < logins; done += 1) {
    const started = performance.now();
    const client = await connect(token);
    times.push(performance.now() - started);
    await client.query('select 1');
    await client.end();
  }
  return times;
}

/** Another process: it says when its sockets are open, and how long the gateway has put up with the longest. */
function crowdScript(port: number, sockets: number, hex: string, drip: boolean): string {
  return `
    const { connect } = require('node:net');
    const bytes = Buffer.from('${hex}', 'hex');
    let open = 0, closed = 0, longest = 0;
    const next = () => {
      if (open === ${sockets}) return;
      open += 1;
      if (open === ${sockets}) console.log('open');
      const started = performance.now();
      let following = false;
      const follow = () => { if (!following) { following = true; next(); } };
      const socket = connect(${port}, '127.0.0.1', () => { socket.write(bytes); follow(); });
      const timer = ${drip} && setInterval(() => socket.write(Buffer.alloc(1)), 1000);
      socket.on('error', follow).resume().on('end', () => socket.end()).on('close', () => {
        clearInterval(timer);
        longest = Math.max(longest, performance.now() - started);
        closed += 1;
        if (closed === ${sockets}) console.log(longest.toFixed(0));
      });
    };
    for (let i = 0; i < 50; i += 1) next();`;
}
