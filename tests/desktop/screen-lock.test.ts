import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type LockEvent,
  type Monitor,
  createLockReader,
  sessionPath,
  watchScreenLock,
} from '../../main/desktop/screen-lock.ts';
import { describeWith, program } from '../support/parts.ts';

const missingProgram = './no-such-program';

describe('the lines of dbus-monitor', () => {
  const read = (text: string): LockEvent[] => {
    const reader = createLockReader();
    return text
      .split('\n')
      .map(reader)
      .filter((event) => event !== undefined);
  };
  const signal = (path: string, member: string) =>
    `signal time=1795646975.556354 sender=:1.2 -> destination=(null destination) serial=2 path=${path}; interface=${member.slice(0, member.lastIndexOf('.'))}; member=${member.slice(member.lastIndexOf('.') + 1)}`;

  test('a greeting, and a screen saver that starts and ends, as dbus-monitor 1.14 prints them', () => {
    expect(
      read(`signal time=1795646974.182782 sender=org.freedesktop.DBus -> destination=:1.0 serial=2 path=/org/freedesktop/DBus; interface=org.freedesktop.DBus; member=NameAcquired
   string ":1.0"
signal time=1795646974.182853 sender=org.freedesktop.DBus -> destination=:1.0 serial=4 path=/org/freedesktop/DBus; interface=org.freedesktop.DBus; member=NameLost
   string ":1.0"
signal time=1795646975.556354 sender=:1.2 -> destination=(null destination) serial=2 path=/org/freedesktop/ScreenSaver; interface=org.freedesktop.ScreenSaver; member=ActiveChanged
   boolean true
signal time=1795646975.556448 sender=:1.2 -> destination=(null destination) serial=3 path=/org/gnome/ScreenSaver; interface=org.gnome.ScreenSaver; member=ActiveChanged
   boolean false`),
    ).toEqual(['locked', 'unlocked']);
  });

  test('logind: what was asked for, and the hint among other properties', () => {
    const session = '/org/freedesktop/login1/session/_32';
    expect(
      read(`${signal(session, 'org.freedesktop.login1.Session.Lock')}
${signal(session, 'org.freedesktop.DBus.Properties.PropertiesChanged')}
   string "org.freedesktop.login1.Session"
   array [
      dict entry(
         string "IdleHint"
         variant             boolean false
      )
      dict entry(
         string "LockedHint"
         variant             boolean true
      )
      dict entry(
         string "Active"
         variant             boolean false
      )
   ]
   array [
   ]
${signal(session, 'org.freedesktop.login1.Session.Unlock')}`),
    ).toEqual(['lock-requested', 'locked', 'unlocked']);
  });

  test('nothing else counts', () => {
    expect(
      read(`${signal('/a', 'org.example.Player.ActiveChanged')}
   boolean true
${signal('/a', 'org.gnome.ScreenSaver.WakeUpScreen')}
${signal('/a', 'org.gnome.ScreenSaver.ActiveChanged')}
   string "true"
   boolean true
${signal('/a', 'org.freedesktop.login1.Session.PauseDevice')}
   boolean true
${signal('/a', 'org.freedesktop.DBus.Properties.PropertiesChanged')}
   string "org.freedesktop.login1.Session"
   array [
   ]
   array [
      string "LockedHint"
   ]
   boolean true

   boolean true
method call time=1 sender=:1.2 -> destination=:1.3 serial=1 path=/a; interface=org.example; member=Lock`),
    ).toEqual([]);
  });

  test('the objects of sessions', () => {
    expect(['2', '12', 'c1', 'a-b', 'é'].map(sessionPath)).toEqual(
      ['_32', '_312', 'c1', 'a_2db', '_c3_a9'].map((label) => `/org/freedesktop/login1/session/${label}`),
    );
  });
});

/** Sends signals as told by lines "bus path interface member [true|false]"; is logind on the second bus. */
const sender = `
import dbus, dbus.lowlevel, sys
buses = {name: dbus.bus.BusConnection(address) for name, address in zip(('session', 'logind', 'stranger'), sys.argv[1:])}
buses['logind'].request_name('org.freedesktop.login1')
print('up', flush=True)
for line in sys.stdin:
    bus, path, interface, member, *value = line.split()
    message = dbus.lowlevel.SignalMessage(path, interface, member)
    truth = dbus.Boolean(value == ['true'])
    if member == 'ActiveChanged':
        message.append(truth, signature='b')
    if member == 'PropertiesChanged':
        changed = dbus.Dictionary({'LockedHint': truth}, signature='sv')
        message.append('org.freedesktop.login1.Session', changed, dbus.Array([], signature='s'), signature='sa{sv}as')
    buses[bus].send_message(message)
    buses[bus].flush()
`;
const python = '/usr/bin/python3';
const pythonDbus = {
  name: 'python3-dbus',
  path: spawnSync(python, ['-c', 'import dbus']).status === 0 ? python : undefined,
  remedy: 'install the package python3-dbus',
};
const monitor = program('dbus-monitor', 'install the package dbus-bin');
const daemon = program('dbus-daemon', 'install the package dbus-daemon');

describeWith([monitor, daemon, pythonDbus], 'with real buses', () => {
  const children: ChildProcess[] = [];
  let events: string[];
  let logged: string[];
  let monitors: ChildProcess[];
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
    [events, logged, monitors] = [[], [], []];
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

  const spawnHere = (command: string, parameters: string[]): Monitor => {
    const { session, system } = addresses;
    const env = { ...process.env, DBUS_SESSION_BUS_ADDRESS: session, DBUS_SYSTEM_BUS_ADDRESS: system };
    const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'inherit'], env });
    monitors.push(child);
    children.push(child);
    return child;
  };
  const watch = (sessionId?: string) =>
    watchScreenLock({
      onLock: () => events.push('lock'),
      onUnlock: () => events.push('unlock'),
      log: (line) => logged.push(line),
      spawn: spawnHere,
      sessionId,
    });
  /** Both monitors hear from now on: signals are repeated until they do. */
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

  test('a monitor that dies is followed by another', async () => {
    const watcher = watch('2');
    await untilListening();
    for (const child of monitors) child.kill('SIGKILL');
    await expect.poll(() => monitors.length, soon).toBe(4);
    await untilListening();
    send(gnome(true));
    await expect.poll(() => events, soon).toEqual(['lock']);
    expect(new Set(logged).size).toBe(logged.length);
    expect(logged).toContain('Screen lock: the session bus cannot be listened to; locks may stay unnoticed.');
    watcher.close();
  });

  test('close ends both monitors, and nothing is heard or started any more', async () => {
    const watcher = watch('2');
    await untilListening();
    watcher.close();
    for (const child of monitors)
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    send(gnome(true));
    send(asked('2', 'Lock'));
    await settled();
    expect({ events, logged, monitors: monitors.length }).toEqual({ events: [], logged: [], monitors: 2 });
  });
});

test('without the program, the log says so once and nothing is tried again', async () => {
  const logged: string[] = [];
  let started = 0;
  const watcher = watchScreenLock({
    onLock: () => undefined,
    onUnlock: () => undefined,
    log: (line) => logged.push(line),
    spawn: (_program, parameters) => {
      started += 1;
      return spawn(missingProgram, parameters, { stdio: ['ignore', 'pipe', 'ignore'] });
    },
  });
  await expect.poll(() => logged.length, { timeout: 20_000 }).toBeGreaterThan(0);
  await new Promise((resolve) => {
    setTimeout(resolve, 1500);
  });
  expect(logged).toEqual([
    'Screen lock: dbus-monitor is not installed (package dbus-bin or dbus-tools); locks may stay unnoticed.',
  ]);
  expect(started).toBe(2);
  watcher.close();
});
