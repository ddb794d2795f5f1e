import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Bus, BusError, connectSessionBus, connectSystemBus } from '../../main/dbus/bus.ts';
import {
  logindEvent,
  screenSaverEvent,
  sessionPath,
  watchScreenLock,
} from '../../main/desktop/screen-lock.ts';
import { describeWith, program } from '../support/parts.ts';

const signal = (path: string, name: string, ...body: unknown[]) => ({
  path,
  interface: name.slice(0, name.lastIndexOf('.')),
  member: name.slice(name.lastIndexOf('.') + 1),
  body,
});

describe('what is said of a lock', () => {
  const session = '/org/freedesktop/login1/session/_32';
  const changed = 'org.freedesktop.DBus.Properties.PropertiesChanged';
  const ofSession = 'org.freedesktop.login1.Session';

  test('a screen saver that starts and ends', () => {
    expect(
      [
        signal('/org/freedesktop/ScreenSaver', 'org.freedesktop.ScreenSaver.ActiveChanged', true),
        signal('/org/gnome/ScreenSaver', 'org.gnome.ScreenSaver.ActiveChanged', false),
      ].map(screenSaverEvent),
    ).toEqual(['locked', 'unlocked']);
  });

  test('logind: what was asked for, and the hint among other properties', () => {
    const properties = (hint: boolean) => [
      ['IdleHint', !hint],
      ['LockedHint', hint],
      ['Active', !hint],
    ];
    expect(
      [
        signal(session, `${ofSession}.Lock`),
        signal(session, changed, ofSession, properties(true), []),
        signal(session, changed, ofSession, properties(false), []),
        signal(session, `${ofSession}.Unlock`),
      ].map((each) => logindEvent(each, session)),
    ).toEqual(['lock-requested', 'locked', 'unlocked', 'unlocked']);
    expect(logindEvent(signal(session, `${ofSession}.Lock`), undefined)).toBe('lock-requested');
  });

  test('nothing else counts', () => {
    expect(
      [
        signal('/a', 'org.example.Player.ActiveChanged', true),
        signal('/a', 'org.gnome.ScreenSaver.WakeUpScreen'),
        signal('/a', 'org.gnome.ScreenSaver.ActiveChanged', 'true'),
        signal('/a', 'org.gnome.ScreenSaver.ActiveChanged'),
        signal(session, `${ofSession}.Lock`),
      ].map(screenSaverEvent),
    ).toEqual(Array.from({ length: 5 }));
    expect(
      [
        signal(session, `${ofSession}.PauseDevice`, true),
        signal(session, changed, ofSession, [], ['LockedHint']),
        signal(session, changed, ofSession, [['LockedHint', 'true']], []),
        signal(session, changed, 'org.freedesktop.login1.Seat', [['LockedHint', true]], []),
        signal(session, changed, ofSession, 'LockedHint', []),
        signal('/org/freedesktop/login1/session/_33', `${ofSession}.Unlock`),
        signal(session, 'org.gnome.ScreenSaver.ActiveChanged', true),
      ].map((each) => logindEvent(each, session)),
    ).toEqual(Array.from({ length: 7 }));
    expect(logindEvent(signal('/elsewhere', `${ofSession}.Unlock`), undefined)).toBeUndefined();
  });

  test('the objects of sessions', () => {
    expect(['2', '12', 'c1', 'a-b', 'é'].map(sessionPath)).toEqual(
      ['_32', '_312', 'c1', 'a_2db', '_c3_a9'].map((label) => `/org/freedesktop/login1/session/${label}`),
    );
  });
});

/**
 * Sends signals as told by lines "bus path interface member [true|false]"; is logind on the second bus. What the third is told
 * ends in "to-each" goes to each connection by itself.
 */
const sender = `
import dbus, dbus.lowlevel, sys
buses = {name: dbus.bus.BusConnection(address) for name, address in zip(('session', 'logind', 'stranger'), sys.argv[1:])}
buses['logind'].request_name('org.freedesktop.login1')
print('up', flush=True)
for line in sys.stdin:
    bus, path, interface, member, *value = line.split()
    message = dbus.lowlevel.SignalMessage(path, interface, member)
    truth = dbus.Boolean(value[:1] == ['true'])
    if member == 'ActiveChanged':
        message.append(truth, signature='b')
    if member == 'PropertiesChanged':
        changed = dbus.Dictionary({'LockedHint': truth}, signature='sv')
        message.append('org.freedesktop.login1.Session', changed, dbus.Array([], signature='s'), signature='sa{sv}as')
    to_each = value[-1:] == ['to-each']
    for to in [str(name) for name in buses[bus].list_names() if name.startswith(':')] if to_each else [None]:
        one = dbus.lowlevel.SignalMessage(path, interface, member) if to else message
        if to:
            one.set_destination(to)
        buses[bus].send_message(one)
    buses[bus].flush()
`;
const python = '/usr/bin/python3';
const pythonDbus = {
  name: 'python3-dbus',
  path: spawnSync(python, ['-c', 'import dbus']).status === 0 ? python : undefined,
  remedy: 'install the package python3-dbus',
};
const daemon = program('dbus-daemon', 'install the package dbus-daemon');

describeWith([daemon, pythonDbus], 'with real buses', () => {
  const children: ChildProcess[] = [];
  let events: string[];
  let logged: string[];
  let connections: Bus[];
  let addresses: { session: string; system: string };
  let send: (line: string) => void;

  async function startBus(): Promise<string> {
    const child = spawn(daemon.path ?? '', ['--session', '--nofork', '--print-address'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(child);
    const [address] = (await once(child.stdout, 'data')) as [Buffer];
    return address.toString().trim();
  }

  beforeEach(async () => {
    [events, logged, connections] = [[], [], []];
    addresses = { session: await startBus(), system: await startBus() };
    const { session, system } = addresses;
    const child = spawn(python, ['-c', sender, session, system, system], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    await once(child.stdout, 'data');
    send = (line) => void child.stdin.write(`${line}\n`);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  const connected = async (opening: Promise<Bus>): Promise<Bus> => {
    const bus = await opening;
    connections.push(bus);
    return bus;
  };
  const watch = (sessionId?: string) =>
    watchScreenLock({
      onLock: () => events.push('lock'),
      onUnlock: () => events.push('unlock'),
      log: (line) => logged.push(line),
      buses: {
        session: () => connected(connectSessionBus({ DBUS_SESSION_BUS_ADDRESS: addresses.session })),
        system: () => connected(connectSystemBus({ DBUS_SYSTEM_BUS_ADDRESS: addresses.system })),
      },
      sessionId,
    });
  /** Both connections hear from now on: signals are repeated until they do. */
  async function untilListening(): Promise<void> {
    const repeated = async (on: string, off: string): Promise<void> => {
      await expect
        .poll(
          () => {
            send(on);
            send(off);
            return events.length;
          },
          { timeout: 30_000, interval: 100 },
        )
        .toBeGreaterThan(0);
      await settled();
    };
    await repeated(gnome(true), gnome(false));
    events.length = 0;
    await repeated(hint('2', true), hint('2', false));
    events.length = 0;
  }
  /** Nothing has come for a while. */
  async function settled(): Promise<void> {
    let seen = -1;
    while (seen !== events.length) {
      seen = events.length;
      await new Promise((resolve) => {
        setTimeout(resolve, 1000);
      });
    }
  }
  const gnome = (active: boolean) =>
    `session /org/gnome/ScreenSaver org.gnome.ScreenSaver ActiveChanged ${active}`;
  const hint = (id: string, locked: boolean, bus = 'logind') =>
    `${bus} ${sessionPath(id)} org.freedesktop.DBus.Properties PropertiesChanged ${locked}`;
  const asked = (id: string, member: 'Lock' | 'Unlock', bus = 'logind') =>
    `${bus} ${sessionPath(id)} org.freedesktop.login1.Session ${member}`;
  const soon = { timeout: 20_000, interval: 20 };

  test('each desktop’s way to say it, once for one lock', async () => {
    const watcher = watch('2');
    await untilListening();
    for (const name of ['org.gnome', 'org.freedesktop', 'org.cinnamon', 'org.mate', 'org.xfce', 'org.kde']) {
      const line = (active: boolean) => `session /ScreenSaver ${name}.ScreenSaver ActiveChanged ${active}`;
      send(line(true));
      await expect.poll(() => events, soon).toEqual(['lock']);
      send(line(true));
      send(line(false));
      await expect.poll(() => events, soon).toEqual(['lock', 'unlock']);
      events.length = 0;
    }
    watcher.close();
  });

  test('logind: the hint, and requests that no locker confirms', async () => {
    const watcher = watch('2');
    await untilListening();
    send(hint('2', true));
    await expect.poll(() => events, soon).toEqual(['lock']);
    send(hint('2', false));
    await expect.poll(() => events, soon).toEqual(['lock', 'unlock']);
    // A simple locker: locked and unlocked unseen, and locked again.
    send(asked('2', 'Lock'));
    await expect.poll(() => events, soon).toEqual(['lock', 'unlock', 'lock']);
    send(asked('2', 'Lock'));
    await expect.poll(() => events, soon).toEqual(['lock', 'unlock', 'lock', 'lock']);
    send(asked('2', 'Unlock'));
    await expect.poll(() => events, soon).toEqual(['lock', 'unlock', 'lock', 'lock', 'unlock']);
    watcher.close();
  });

  test('another session, or another sender than logind, does not count', async () => {
    const watcher = watch('2');
    await untilListening();
    send(hint('3', true));
    send(asked('3', 'Lock'));
    send(asked('2', 'Lock', 'stranger'));
    send(hint('2', true, 'stranger'));
    send(`session /a org.example.Player ActiveChanged true`);
    // What is sent last by the same sender on the same bus comes last.
    send(asked('2', 'Lock'));
    await expect.poll(() => events, soon).toEqual(['lock']);
    await settled();
    expect(events).toEqual(['lock']);
    watcher.close();
  });

  test('where the own session is not known, all count', async () => {
    vi.stubEnv('XDG_SESSION_ID', undefined);
    const watcher = watch();
    await untilListening();
    send(hint('3', true));
    await expect.poll(() => events, soon).toEqual(['lock']);
    send(hint('c1', false));
    await expect.poll(() => events, soon).toEqual(['lock', 'unlock']);
    watcher.close();
  });

  test('signals that somebody else sends to this connection alone do not count, as no rule keeps them away', async () => {
    const watcher = watch('2');
    await untilListening();
    send(asked('2', 'Lock'));
    await expect.poll(() => events, soon).toEqual(['lock']);
    send(`${asked('2', 'Unlock', 'stranger')} to-each`);
    await settled();
    expect(events).toEqual(['lock']);
    send(`${asked('2', 'Unlock')} to-each`);
    await expect.poll(() => events, soon).toEqual(['lock', 'unlock']);
    watcher.close();
  });

  test('a connection that ends is followed by another', async () => {
    const watcher = watch('2');
    await untilListening();
    for (const bus of connections) bus.close();
    await expect.poll(() => connections.length, soon).toBe(4);
    await untilListening();
    send(gnome(true));
    await expect.poll(() => events, soon).toEqual(['lock']);
    expect(new Set(logged).size).toBe(logged.length);
    expect(logged).toContain('Screen lock: the session bus cannot be listened to; locks may stay unnoticed.');
    watcher.close();
  });

  test('close ends both connections, and nothing is heard or opened any more', async () => {
    const watcher = watch('2');
    await untilListening();
    watcher.close();
    await Promise.all(connections.map(({ closed }) => closed));
    send(gnome(true));
    send(asked('2', 'Lock'));
    await settled();
    expect({ events, logged, connections: connections.length }).toEqual({
      events: [],
      logged: [],
      connections: 2,
    });
  });
});

test('without a bus, the log says so once for each, and it is tried again later', async () => {
  const logged: string[] = [];
  let tried = 0;
  const fail = async (): Promise<Bus> => {
    tried += 1;
    throw new BusError('closed');
  };
  const watcher = watchScreenLock({
    onLock: () => undefined,
    onUnlock: () => undefined,
    log: (line) => logged.push(line),
    buses: { session: fail, system: fail },
  });
  await expect.poll(() => tried, { timeout: 20_000 }).toBe(4);
  watcher.close();
  expect(logged).toEqual([
    'Screen lock: the session bus cannot be listened to; locks may stay unnoticed.',
    'Screen lock: the system bus cannot be listened to; locks may stay unnoticed.',
  ]);
});
