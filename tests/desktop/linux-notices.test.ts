import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AppState } from '../../main/contract/state.ts';
import { connectSessionBus } from '../../main/dbus/bus.ts';
import { linuxNotices } from '../../main/desktop/linux-notices.ts';
import type { Preferences } from '../../main/contract/shapes.ts';
import type { HowAsked } from '../../main/desktop/prompt-window.ts';
import { createNotifier } from '../../main/desktop/notifications.ts';
import { dbusParts, startBus, startStandIn, type StandIn } from '../dbus/session.ts';
import { newProgram } from '../renderer/prompt-states.ts';
import { signedIn } from '../renderer/states.ts';
import { describeWith } from '../support/parts.ts';

const [prompt] = newProgram.prompts;
const hostile = `<b>x</b> <a href="https://a.test/">confirm</a> & co`;
const asking = (program: string): AppState =>
  ({ ...signedIn, prompts: [{ ...prompt, program }] }) as unknown as AppState;

describeWith([dbusParts.daemon, dbusParts.python], 'notifications on Linux', () => {
  let bus: Awaited<ReturnType<typeof startBus>>;
  let server: StandIn | undefined;
  const closers: (() => unknown)[] = [];
  beforeEach(async () => {
    bus = await startBus();
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
    await server?.close();
    server = undefined;
    await bus.close();
  });

  function start(
    wishes: Pick<Preferences, 'notifications' | 'whenLoginWaits'> = {
      notifications: true,
      whenLoginWaits: 'notify',
    },
  ) {
    const calls = {
      open: vi.fn<() => void>(),
      ask: vi.fn<(how: HowAsked) => void>(),
      beep: vi.fn<() => void>(),
    };
    const notices = linuxNotices(() => connectSessionBus(bus.env));
    const notifier = createNotifier({
      show: notices.show,
      isWatched: () => false,
      wishes: () => wishes,
      beep: calls.beep,
      openWindow: calls.open,
      ask: calls.ask,
    });
    closers.push(notifier.close, notices.close);
    notifier.update(signedIn);
    return { ...calls, notifier, notices };
  }

  const called = (name: string) => server?.said.filter(({ call }) => call === name) ?? [];
  const serve = async (capabilities: string, delay = 0): Promise<void> => {
    server = await startStandIn('notification-server.py', [capabilities, String(delay)], bus.env);
  };

  test('a login that waits asks as the person has chosen, also without notifications', async () => {
    await serve('body');
    for (const [whenLoginWaits, notifications, how] of [
      ['front', true, 'front'],
      ['front', false, 'front'],
      ['flash', true, 'beside'],
      ['flash', false, 'beside'],
      ['notify', false, 'beside'],
    ] as const) {
      const asks = start({ notifications, whenLoginWaits });
      asks.notifier.update(asking(hostile));
      if (!notifications) asks.notifier.tell({ title: 'Copied', body: '' });
      expect(asks.ask.mock.calls).toEqual([[how]]);
      expect(asks.beep).toHaveBeenCalledTimes(1);
      expect(asks.open).not.toHaveBeenCalled();
      // It is the same prompt: nothing is asked once more.
      asks.notifier.update(asking(hostile));
      expect(asks.beep).toHaveBeenCalledTimes(1);
    }
    // The window that leaves the keyboard where it is may be hidden by others: the system tells of it, too.
    await expect.poll(() => called('Notify')).toHaveLength(1);
    const quiet = start();
    quiet.notifier.update(asking(hostile));
    await expect.poll(() => called('Notify')).toHaveLength(2);
    expect(quiet.beep).not.toHaveBeenCalled();
    expect(quiet.ask).not.toHaveBeenCalled();
  });

  test('text is text where the server takes markup, and is left as it is where it does not', async () => {
    await serve('body,body-markup,actions');
    const first = start();
    first.notifier.update(asking(hostile));
    await expect.poll(() => called('Notify')).toHaveLength(1);
    expect(called('Notify')[0]?.['body']).toContain(
      '&lt;b&gt;x&lt;/b&gt; &lt;a href="https://a.test/"&gt;confirm&lt;/a&gt; &amp; co',
    );
    expect(called('Notify')[0]).toMatchObject({ urgency: 2, actions: ['default', 'Open'] });
    await server?.close();

    await serve('body');
    const second = start();
    second.notifier.update(asking(hostile));
    await expect.poll(() => called('Notify')).toHaveLength(1);
    expect(called('Notify')[0]?.['body']).toContain(hostile);
    expect(called('Notify')[0]?.['actions']).toEqual([]);
  });

  test('a click leads to what is asked, and only the one of ours', async () => {
    await serve('body,actions');
    const { notifier, ask } = start();
    notifier.update(asking('psql'));
    await expect.poll(() => called('Notify')).toHaveLength(1);
    await sleep(100);
    server?.tell('click 77');
    await sleep(200);
    expect(ask).not.toHaveBeenCalled();
    server?.tell('click 1');
    await expect.poll(() => ask.mock.calls).toEqual([['front']]);
    await sleep(1600);
    expect(ask).toHaveBeenCalledTimes(1);
  });

  test('a prompt that is over takes its notification along, and so does the end of the application', async () => {
    await serve('body');
    const { notifier, notices } = start();
    notifier.update(asking('psql'));
    await expect.poll(() => called('Notify')).toHaveLength(1);
    notifier.update(signedIn);
    await expect.poll(() => called('CloseNotification')).toEqual([{ call: 'CloseNotification', id: 1 }]);
    notifier.tell({ title: 'Token copied', body: 'For a minute.' });
    await expect.poll(() => called('Notify')).toHaveLength(2);
    await sleep(100);
    await notices.close();
    expect(called('CloseNotification').at(-1)).toEqual({ call: 'CloseNotification', id: 2 });
  });

  test('where no server is there, it is asked at once', async () => {
    const { notifier, ask } = start();
    const before = performance.now();
    notifier.update(asking('psql'));
    await expect.poll(() => ask.mock.calls).toHaveLength(1);
    expect(performance.now() - before).toBeLessThan(1000);
  });

  test('where there is no session bus either', async () => {
    bus.env = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };
    const { notifier, ask } = start();
    notifier.update(asking('psql'));
    await expect.poll(() => ask.mock.calls).toHaveLength(1);
  });

  test('a slow server holds nobody up: the window comes, and a notification that comes too late is taken back', async () => {
    await serve('body', 3);
    const { notifier, ask } = start();
    const before = performance.now();
    notifier.update(asking('psql'));
    expect(performance.now() - before).toBeLessThan(50);
    await expect.poll(() => ask.mock.calls, { timeout: 2500 }).toHaveLength(1);
    notifier.update(signedIn);
    await expect.poll(() => called('CloseNotification'), { timeout: 6000 }).toHaveLength(1);
  });

  test('no window for a prompt that is over by then, and none for what is no prompt', async () => {
    await serve('body', 3);
    const { notifier, ask } = start();
    notifier.update(asking('psql'));
    notifier.tell({ title: 'Token copied', body: 'For a minute.' });
    await sleep(500);
    notifier.update(signedIn);
    await sleep(1500);
    expect(ask).not.toHaveBeenCalled();
  });

  test('a server that comes back is used again', async () => {
    await serve('body');
    const { notifier } = start();
    notifier.tell({ title: 'one', body: '' });
    await expect.poll(() => called('Notify')).toHaveLength(1);
    await server?.close();
    await serve('body');
    notifier.tell({ title: 'two', body: '' });
    await expect.poll(() => called('Notify')).toHaveLength(1);
  });
});
