import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parts } from '../support/parts.ts';
import { ada, startProduct } from './product.ts';
import { count, type Target } from './target.ts';

const run = promisify(execFile);
const sizes = { quick: { warmUp: 200, cycles: 400 }, full: { warmUp: 10_000, cycles: 100_000 } };
const bounds = { mibEach10k: 1, descriptors: 5 };
const clients = 8;

/**
 * Logins with one query each by pgbench -C, a fifth of them with TLS. The token lives for a day, since the same one is used all the
 * time. Memory is read when the load has stopped.
 */
export const cycles: Target = {
  name: 'cycles',
  bound: `100,000 connect-query-close cycles: at most ${bounds.mibEach10k} MiB more for each 10,000 after warm-up, descriptors flat`,
  async run(size) {
    const { warmUp, cycles: total } = sizes[size];
    const folder = await mkdtemp(join(tmpdir(), 'lk-cycles-'));
    const script = join(folder, 'one.sql');
    await writeFile(script, 'select 1;\n');
    const product = await startProduct(false, {
      configure: ({ connections }) => {
        for (const rule of connections.flatMap(({ rules }) => rules)) rule.tokenLifetime = '24h';
      },
    });
    try {
      await product.latchkey.signIn(ada);
      const token = await product.latchkey.token('sales');
      const cycle = async (logins: number, sslmode: 'disable' | 'require'): Promise<void> => {
        const each = String(Math.ceil(logins / clients));
        await run(
          parts.pgbench.path ?? '',
          ['-n', '-C', '-c', String(clients), '-j', '2', '-t', each, '-f', script],
          {
            env: {
              PATH: process.env['PATH'] ?? '',
              PGHOST: token.host,
              PGPORT: String(token.port),
              PGUSER: token.username,
              PGDATABASE: token.database,
              PGPASSWORD: token.token,
              PGSSLMODE: sslmode,
            },
          },
        );
      };
      const both = async (logins: number): Promise<void> => {
        await cycle(logins * 0.8, 'disable');
        await cycle(logins * 0.2, 'require');
      };
      await both(warmUp);
      await settled();
      const before = { memory: product.residentMiB(), descriptors: product.descriptors() };
      await both(total);
      await settled();
      const growth = product.residentMiB() - before.memory;
      const each10k = growth / Math.max(1, total / 10_000);
      const more = product.descriptors() - before.descriptors;
      return {
        figure: `${count(total)} cycles: ${growth.toFixed(1)} MiB more (${each10k.toFixed(2)} for each 10,000), ${more} descriptors more`,
        pass: (size === 'quick' || each10k <= bounds.mibEach10k) && more <= bounds.descriptors,
      };
    } finally {
      await product.close();
      await rm(folder, { recursive: true });
    }
  },
};

/** The last sessions have been told ended, and the collector has had its turn. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3_000));
