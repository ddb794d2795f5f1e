import { type Bus, type BusSignal, connectSessionBus, connectSystemBus } from '../dbus/bus.ts';

export interface ScreenLockOptions {
  /** May come twice for one lock. */
  onLock(): void;
  /** After a lock; some lockers never tell, so nothing may depend on it. */
  onUnlock(): void;
  log(line: string): void;
  /** Of the user, and of the computer. */
  buses?: Record<BusName, () => Promise<Bus>>;
  /** Of this desktop session, as logind calls it. */
  sessionId?: string | undefined;
}

type BusName = 'session' | 'system';

/**
 * `lock-requested`: somebody asked for a lock (loginctl lock-session, an idle daemon), which a simple locker follows
 * without ever saying that it has locked or unlocked.
 */
export type LockEvent = 'locked' | 'unlocked' | 'lock-requested';

const logind = 'org.freedesktop.login1';
const ofSession = `${logind}.Session`;
const properties = 'org.freedesktop.DBus.Properties';
const sessions = '/org/freedesktop/login1/session';
const firstDelayMs = 1000;
const longestDelayMs = 5 * 60_000;
/** A connection that lasted for this long has not failed, and the next one starts with the first delay again. */
const steadyMs = 60_000;

/**
 * Tells when the screen of this desktop session is locked, on Linux, where Electron's powerMonitor is silent. Listens to
 * the screen saver of the desktop on the session bus (GNOME, KDE, Cinnamon, MATE and Xfce send `ActiveChanged`) and to
 * logind on the system bus (`Lock`, `Unlock`, `LockedHint`:
 * https://www.freedesktop.org/software/systemd/man/org.freedesktop.login1.html). Where a bus is missing, locks stay
 * unnoticed, which the log says once.
 */
export function watchScreenLock(options: ScreenLockOptions): { close(): void } {
  const { onLock, onUnlock, log, sessionId = process.env['XDG_SESSION_ID'] } = options;
  const buses = options.buses ?? { session: connectSessionBus, system: connectSystemBus };
  let locked = false;

  function take(event: LockEvent | undefined): void {
    if (event === undefined) return;
    const wasLocked = locked;
    locked = event !== 'unlocked';
    if (event === 'lock-requested' || (event === 'locked' && !wasLocked)) onLock();
    else if (event === 'unlocked' && wasLocked) onUnlock();
  }

  const told = new Set<BusName>();
  function tell(bus: BusName): void {
    if (!told.has(bus)) log(`Screen lock: the ${bus} bus cannot be listened to; locks may stay unnoticed.`);
    told.add(bus);
  }

  const path = sessionId === undefined ? undefined : sessionPath(sessionId);
  const kept = [
    keepListening({
      connect: buses.session,
      rules: ["type='signal',member='ActiveChanged'"],
      take: (signal) => take(screenSaverEvent(signal)),
      failed: () => tell('session'),
    }),
    keepListening({
      connect: buses.system,
      rules: systemRules(path),
      async take(signal, bus) {
        const event = logindEvent(signal, path);
        if (event !== undefined && (await isLogind(signal.sender, bus))) take(event);
      },
      failed: () => tell('system'),
    }),
  ];
  return {
    close() {
      for (const each of kept) each.close();
    },
  };
}

/** Without a session id all sessions count, since a lock too many does no harm. */
function systemRules(path: string | undefined): string[] {
  const place = path === undefined ? `path_namespace='${sessions}'` : `path='${path}'`;
  const from = `type='signal',sender='${logind}',${place}`;
  return [`${from},interface='${ofSession}'`, `${from},interface='${properties}',arg0='${ofSession}'`];
}

/** Every user of the computer may send signals of the same name, also to this connection alone, past its rules. */
async function isLogind(sender: string, bus: Bus): Promise<boolean> {
  const name = 'org.freedesktop.DBus';
  const asked = { destination: name, path: '/org/freedesktop/DBus', interface: name, member: 'GetNameOwner' };
  const [owner] = await bus.call({ ...asked, signature: 's', body: [logind] }).catch(() => []);
  return owner === sender;
}

/** The object of a logind session: sd_bus_path_encode(3) turns what is no letter, or a digit in front, into `_xx`. */
export function sessionPath(id: string): string {
  const label = Array.from(Buffer.from(id, 'utf8'), (byte, index) => {
    const character = String.fromCodePoint(byte);
    const isPlain = index === 0 ? /[A-Za-z]/.test(character) : /[A-Za-z0-9]/.test(character);
    return isPlain ? character : `_${byte.toString(16).padStart(2, '0')}`;
  });
  return `${sessions}/${label.join('')}`;
}

type Told = Pick<BusSignal, 'path' | 'interface' | 'member' | 'body'>;

export function screenSaverEvent({ interface: name, member, body: [active] }: Told): LockEvent | undefined {
  if (!/\.screensaver$/i.test(name) || member !== 'ActiveChanged') return undefined;
  return stateOf(active);
}

/** @param own the object of this session; without it any session counts */
export function logindEvent(signal: Told, own: string | undefined): LockEvent | undefined {
  const { path, interface: name, member, body } = signal;
  if (own === undefined ? !path.startsWith(`${sessions}/`) : path !== own) return undefined;
  if (name === ofSession)
    return member === 'Lock' ? 'lock-requested' : member === 'Unlock' ? 'unlocked' : undefined;
  const [about, changed] = body;
  if (name !== properties || member !== 'PropertiesChanged' || about !== ofSession) return undefined;
  if (!Array.isArray(changed)) return undefined;
  const hint = (changed as [string, unknown][]).find(([property]) => property === 'LockedHint');
  return stateOf(hint?.[1]);
}

function stateOf(value: unknown): LockEvent | undefined {
  return typeof value !== 'boolean' ? undefined : value ? 'locked' : 'unlocked';
}

interface ListenOptions {
  connect(): Promise<Bus>;
  rules: string[];
  take(signal: BusSignal, bus: Bus): void | Promise<void>;
  /** The bus is not there, or has gone again at once. */
  failed(): void;
}

/** Keeps listening: a connection that ends is followed by another, ever later where they keep failing. */
function keepListening({ connect, rules, take, failed }: ListenOptions): { close(): void } {
  let delay = firstDelayMs;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let current: Bus | undefined;

  async function listen(): Promise<void> {
    const bus = await connect();
    current = bus;
    if (isClosed) return bus.close();
    // One after the other: what is asked about a signal must not let the next one overtake it.
    let taken: Promise<void> = Promise.resolve();
    await bus.hear(rules, (signal) => {
      taken = taken.then(() => (isClosed ? undefined : take(signal, bus)));
    });
    await bus.closed;
  }

  async function start(): Promise<void> {
    const started = performance.now();
    await listen().catch(() => current?.close());
    if (isClosed) return;
    if (performance.now() - started >= steadyMs) delay = firstDelayMs;
    else failed();
    timer = setTimeout(() => void start(), delay);
    timer.unref();
    delay = Math.min(delay * 2, longestDelayMs);
  }

  void start();
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
      current?.close();
    },
  };
}
