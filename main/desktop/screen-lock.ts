import { spawn as spawnProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** What of a child process is needed here. */
export interface Monitor {
  stdout: Readable;
  kill(): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
}

export interface ScreenLockOptions {
  /** May come twice for one lock. */
  onLock(): void;
  /** After a lock; some lockers never tell, so nothing may depend on it. */
  onUnlock(): void;
  log(line: string): void;
  spawn?(program: string, parameters: string[]): Monitor;
  /** Of this desktop session, as logind calls it. */
  sessionId?: string | undefined;
}

/**
 * `lock-requested`: somebody asked for a lock (loginctl lock-session, an idle daemon), which a simple locker follows
 * without ever saying that it has locked or unlocked.
 */
export type LockEvent = 'locked' | 'unlocked' | 'lock-requested';

const program = 'dbus-monitor';
const firstDelayMs = 1000;
const longestDelayMs = 5 * 60_000;
/** A monitor that ran for this long has not failed, and its successor starts with the first delay again. */
const steadyMs = 60_000;

/**
 * Tells when the screen of this desktop session is locked, on Linux, where Electron's powerMonitor is silent. Listens to
 * the screen saver of the desktop on the session bus (GNOME, KDE, Cinnamon, MATE and Xfce send `ActiveChanged`) and to
 * logind on the system bus (`Lock`, `Unlock`, `LockedHint`:
 * https://www.freedesktop.org/software/systemd/man/org.freedesktop.login1.html). One dbus-monitor for each bus prints
 * what matches; there is no D-Bus library for Node that is kept up. Where the program or a bus is missing, locks stay
 * unnoticed, which the log says once.
 */
export function watchScreenLock(options: ScreenLockOptions): { close(): void } {
  const { onLock, onUnlock, log, sessionId = process.env['XDG_SESSION_ID'], spawn = spawnMonitor } = options;
  let locked = false;

  function take(event: LockEvent | undefined): void {
    if (event === undefined) return;
    const wasLocked = locked;
    locked = event !== 'unlocked';
    if (event === 'lock-requested' || (event === 'locked' && !wasLocked)) onLock();
    else if (event === 'unlocked' && wasLocked) onUnlock();
  }

  const told = new Set<string>();
  function tell(reason: string): void {
    if (!told.has(reason)) log(`Screen lock: ${reason}; locks may stay unnoticed.`);
    told.add(reason);
  }

  const path = sessionId === undefined ? undefined : sessionPath(sessionId);
  const monitors = [
    keepMonitor({ bus: 'session', rules: sessionRules, take, tell, spawn }),
    keepMonitor({ bus: 'system', rules: systemRules(path), take, tell, spawn }),
  ];
  return {
    close() {
      for (const monitor of monitors) monitor.close();
    },
  };
}

const sessionRules = ["type='signal',member='ActiveChanged'"];

/**
 * Signals of logind itself only: every user of the computer may send others of the same name. Without a session id all
 * sessions count, since a lock too many does no harm.
 */
function systemRules(path: string | undefined): string[] {
  const place = path === undefined ? "path_namespace='/org/freedesktop/login1/session'" : `path='${path}'`;
  const from = `type='signal',sender='org.freedesktop.login1',${place}`;
  return [
    `${from},interface='org.freedesktop.login1.Session'`,
    `${from},interface='org.freedesktop.DBus.Properties',arg0='org.freedesktop.login1.Session'`,
  ];
}

/** The object of a logind session: sd_bus_path_encode(3) turns what is no letter, or a digit in front, into `_xx`. */
export function sessionPath(id: string): string {
  const label = Array.from(Buffer.from(id, 'utf8'), (byte, index) => {
    const character = String.fromCodePoint(byte);
    const isPlain = index === 0 ? /[A-Za-z]/.test(character) : /[A-Za-z0-9]/.test(character);
    return isPlain ? character : `_${byte.toString(16).padStart(2, '0')}`;
  });
  return `/org/freedesktop/login1/session/${label.join('')}`;
}

/**
 * Reads the lines of dbus-monitor: one for each signal, its arguments indented below it.
 *
 * @returns takes a line and answers with what it completes
 */
export function createLockReader(): (line: string) => LockEvent | undefined {
  let awaited: 'active' | 'properties' | 'hint' | undefined;

  return (line) => {
    if (!line.startsWith(' ')) {
      const [, interfaceName = '', member = ''] = /; interface=(\S+); member=(\S+)$/.exec(line) ?? [];
      awaited = undefined;
      if (/\.screensaver$/i.test(interfaceName) && member === 'ActiveChanged') awaited = 'active';
      if (interfaceName === 'org.freedesktop.DBus.Properties') awaited = 'properties';
      if (interfaceName !== 'org.freedesktop.login1.Session') return undefined;
      return member === 'Lock' ? 'lock-requested' : member === 'Unlock' ? 'unlocked' : undefined;
    }
    if (awaited === 'properties') {
      if (/^ +string "LockedHint"$/.test(line)) awaited = 'hint';
      return undefined;
    }
    if (awaited === undefined) return undefined;
    awaited = awaited === 'hint' ? 'properties' : undefined;
    const [, value] = /^ +(?:variant +)?boolean (true|false)$/.exec(line) ?? [];
    return value === undefined ? undefined : value === 'true' ? 'locked' : 'unlocked';
  };
}

interface MonitorOptions {
  bus: 'session' | 'system';
  rules: string[];
  take(event: LockEvent | undefined): void;
  /** Says once why locks are not noticed. */
  tell(reason: string): void;
  spawn(program: string, parameters: string[]): Monitor;
}

/** Keeps a monitor running: one that ends is started again, ever later where it keeps failing. */
function keepMonitor({ bus, rules, take, tell, spawn }: MonitorOptions): { close(): void } {
  let delay = firstDelayMs;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let current: Monitor | undefined;

  function start(): void {
    const started = performance.now();
    const read = createLockReader();
    const monitor = spawn(program, [`--${bus}`, ...rules]);
    let isMissing = false;
    current = monitor;
    // Should this process die without closing it, the next signal finds nobody to print to and ends it.
    createInterface({ input: monitor.stdout }).on('line', (line) => {
      if (!closed) take(read(line));
    });
    monitor.on('error', (error) => {
      isMissing = error.code === 'ENOENT';
      tell(
        isMissing
          ? `${program} is not installed (package dbus-bin or dbus-tools)`
          : `${program} could not be started (${error.code ?? 'unknown error'})`,
      );
    });
    monitor.on('close', () => {
      if (closed || isMissing) return;
      const ran = performance.now() - started;
      if (ran >= steadyMs) delay = firstDelayMs;
      else tell(`the ${bus} bus cannot be listened to`);
      timer = setTimeout(start, delay);
      timer.unref();
      delay = Math.min(delay * 2, longestDelayMs);
    });
  }

  start();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      current?.kill();
    },
  };
}

function spawnMonitor(program: string, parameters: string[]): Monitor {
  // Lines in the C locale; what it says of failures is the same for all of them.
  const env = { ...process.env, LC_ALL: 'C' };
  return spawnProcess(program, parameters, { stdio: ['ignore', 'pipe', 'ignore'], env });
}
