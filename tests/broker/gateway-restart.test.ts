import { once } from 'node:events';
import { expect, it } from 'vitest';
import { createGatewayRestart } from '../../main/broker/gateway-restart.ts';
import { connect, createLatchkey, startWorld, storeFirst } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

/** Makes the thread of the gateways fail when the process gets a signal. */
const fault = `data:text/javascript,${encodeURIComponent(`
  import { BroadcastChannel, isMainThread } from 'node:worker_threads';
  const channel = new BroadcastChannel('crash');
  channel.unref();
  if (isMainThread) process.on('SIGUSR2', () => channel.postMessage('now'));
  else
    channel.onmessage = () => setImmediate(() => { throw new Error('planted') });
`)}`;

it('counts what has ended until somebody has seen it', () => {
  let changes = 0;
  let now = Date.parse('2026-03-10T12:03:00Z');
  const restart = createGatewayRestart({ changed: () => void (changes += 1), now: () => now });
  expect(restart.state()).toEqual({});
  restart.dismiss();
  expect(changes).toBe(0);
  restart.note(2);
  now += 60_000;
  restart.note(1);
  expect(restart.state()).toEqual({ gatewayRestart: { at: '2026-03-10T12:04:00.000Z', sessions: 3 } });
  restart.dismiss();
  expect(restart.state()).toEqual({});
  expect(changes).toBe(3);
});

describeWith([parts.postgres], 'a crash of the gateways', () => {
  const world = useAll(startWorld);
  const latchkey = useAll(() => createLatchkey(world, { started: false }));

  it('is in the state and in the status, with what has ended; logins go on', async () => {
    latchkey.commandLine.env['NODE_OPTIONS'] = `--import=${fault}`;
    await latchkey.serve.start();
    delete latchkey.commandLine.env['NODE_OPTIONS'];
    await storeFirst(latchkey, 'sales-readonly', world.passwords['sales-readonly'] ?? '');
    await latchkey.signIn('ada@fabrikam.example');
    const token = await latchkey.token('sales');
    const session = await connect(token);
    const over = once(session, 'error');
    expect((await latchkey.state()).gatewayRestart).toBeUndefined();

    const before = Date.now();
    latchkey.serve.process().kill('SIGUSR2');
    await over;
    await latchkey.until(({ gatewayRestart }) => gatewayRestart !== undefined);
    const { gatewayRestart } = await latchkey.state();
    expect(gatewayRestart?.sessions).toBe(1);
    expect(Date.parse(gatewayRestart?.at ?? '')).toBeGreaterThanOrEqual(before);
    const { out } = await latchkey.run('status');
    expect(out).toMatch(/The gateways were restarted after an error at .*\. 1 database session ended\./);
    expect((await latchkey.run('status', '--seen')).out).toContain('The gateways were restarted');
    expect((await latchkey.run('status')).out).not.toContain('restarted');
    const again = await connect(token);
    expect((await again.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await again.end();
  });
});
