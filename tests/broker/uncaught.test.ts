import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  connect,
  createLatchkey,
  refusalOf,
  startWorld,
  storeFirst,
  type Latchkey,
} from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

/** A fault of our own at the moment of our choice. */
const fault = `data:text/javascript,${encodeURIComponent(
  `process.on('SIGUSR2', () => { throw new Error('planted, password=hunter2') })`,
)}`;

describeWith([parts.postgres], 'the process of the broker', () => {
  let latchkey: Latchkey;
  let squatter: Server;

  const world = useAll(startWorld);
  beforeAll(async () => {
    squatter = createServer();
    latchkey = await createLatchkey(world, {
      started: false,
      async configure({ connections: [, payroll] }) {
        // A listener that cannot open makes the broker say something at every start.
        if (payroll !== undefined) squatter.listen(payroll.port, '127.0.0.1');
        await once(squatter, 'listening');
      },
    });
  });
  afterAll(async () => {
    await latchkey?.close();
    squatter?.close();
  });
  const logFile = () => readFile(join(latchkey.home, 'log', 'latchkey.log'), 'utf8');

  it('goes on where nobody reads its stdout and stderr any more; the log is in the home', async () => {
    const child = latchkey.commandLine.start(['serve']);
    child.stdout?.destroy();
    child.stderr?.destroy();
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    await expect.poll(() => latchkey.state().then(() => 'there', String), { timeout: 40_000 }).toBe('there');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(await logFile()).toMatch(/ warn {2}connection "payroll": .*in use/);
    expect(await logFile()).toMatch(/ info {2}Latchkey ends\.\n$/);
  });

  it('after an error that nobody has caught lets nobody in, gives sessions a moment, and ends in order', async () => {
    latchkey.commandLine.env['NODE_OPTIONS'] = `--import=${fault}`;
    await latchkey.serve.start();
    delete latchkey.commandLine.env['NODE_OPTIONS'];
    await storeFirst(latchkey, 'sales-readonly', world.passwords['sales-readonly'] ?? '');
    await latchkey.signIn('ada@fabrikam.example');
    const token = await latchkey.token('sales');
    const session = await connect(token);
    const farewell = once(session, 'error') as Promise<[Error]>;

    const child = latchkey.serve.process();
    const ended = once(child, 'exit') as Promise<[number | null]>;
    child.kill('SIGUSR2');
    await expect.poll(() => latchkey.serve.log()).toContain('Latchkey ends because of this error');
    expect(await refusalOf(connect(token))).toMatchObject({
      message: 'Latchkey has met an error it did not expect and is ending.',
    });
    expect((await session.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(String((await farewell)[0])).not.toContain('Connection terminated unexpectedly');
    expect((await ended)[0]).toBe(1);

    expect(await logFile()).toMatch(/ error uncaught: Error: planted, password=…\n {8}at process/);
    expect((await latchkey.audit()).at(-1)).toMatchObject({
      event: 'broker-stopped',
      reason: 'an error that nobody has caught; see the log',
    });
    expect((await latchkey.run('audit', 'verify')).code).toBe(0);
  });
});
