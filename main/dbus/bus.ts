import { connect, type Socket } from 'node:net';
import { decodeMessage, encodeMessage, type DBusMessage } from './message.ts';

export interface BusCall {
  destination: string;
  path: string;
  interface: string;
  member: string;
  signature?: string;
  body?: unknown[];
  /** False: a service that does not run is not started for this. */
  autoStart?: boolean;
}

export interface BusSignal {
  /** The unique name of the connection that has sent it, as the bus says. */
  sender: string;
  path: string;
  interface: string;
  member: string;
  body: unknown[];
}

/** A connection to a message bus. Nothing of it keeps the process alive. */
export interface Bus {
  /** Resolves to the values of the answer. Rejects with {@link BusError}, and after `timeoutMs` (2 s) in any case. */
  call(call: BusCall, timeoutMs?: number): Promise<unknown[]>;
  /** Calls back for each signal of this sender with this interface, for as long as the connection lasts. */
  listen(sender: string, interfaceName: string, listener: (signal: BusSignal) => void): Promise<void>;
  /**
   * Calls back for each signal that one of these match rules lets through, and for those that somebody has sent to this
   * connection alone: no rule keeps these away, so that whoever listens looks at the sender.
   */
  hear(rules: readonly string[], listener: (signal: BusSignal) => void): Promise<void>;
  /** Settles when the connection has ended, whoever ended it. */
  closed: Promise<void>;
  close(): void;
}

/** `name` is D-Bus's own, such as org.freedesktop.DBus.Error.ServiceUnknown, or one of `timeout` and `closed`. */
export class BusError extends Error {
  override readonly name: string;

  constructor(name: string, message = name) {
    super(message);
    this.name = name;
  }
}

const callTimeoutMs = 2000;
const busName = 'org.freedesktop.DBus';
/** D-Bus specification, "System message bus". */
const systemAddress = 'unix:path=/run/dbus/system_bus_socket;unix:path=/var/run/dbus/system_bus_socket';

/** Socket paths of an address list (D-Bus specification, "Server Addresses"); an abstract one begins with NUL. */
export function socketPaths(addresses: string): string[] {
  return addresses.split(';').flatMap((address) => {
    const [transport, list = ''] = address.split(/:(.*)/s);
    if (transport !== 'unix') return [];
    const keys = new Map(list.split(',').map((pair) => pair.split(/=(.*)/s) as [string, string]));
    const path = keys.get('path');
    const abstract = keys.get('abstract');
    if (path !== undefined) return [decodeURIComponent(path)];
    return abstract === undefined ? [] : [`\0${decodeURIComponent(abstract)}`];
  });
}

/** Where the session bus of this user is; empty outside a session. */
function sessionAddress(environment: NodeJS.ProcessEnv): string {
  const given = environment['DBUS_SESSION_BUS_ADDRESS'];
  if (given !== undefined && given !== '') return given;
  const folder = environment['XDG_RUNTIME_DIR'];
  return folder === undefined || folder === '' ? '' : `unix:path=${encodeURI(folder)}/bus`;
}

/** Connects to the session bus. @throws BusError `closed`, `timeout` */
export function connectSessionBus(environment: NodeJS.ProcessEnv = process.env): Promise<Bus> {
  return connectBus('session', sessionAddress(environment));
}

/** Connects to the bus of the whole computer. @throws BusError `closed`, `timeout` */
export function connectSystemBus(environment: NodeJS.ProcessEnv = process.env): Promise<Bus> {
  const given = environment['DBUS_SYSTEM_BUS_ADDRESS'];
  return connectBus('system', given === undefined || given === '' ? systemAddress : given);
}

async function connectBus(name: string, addresses: string): Promise<Bus> {
  let failure: unknown = new BusError('closed', `there is no ${name} bus`);
  for (const path of socketPaths(addresses)) {
    try {
      const bus = openBus(await connectTo(path));
      await bus.call({
        destination: busName,
        path: '/org/freedesktop/DBus',
        interface: busName,
        member: 'Hello',
      });
      return bus;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** A socket that the bus has let in as this user (D-Bus specification, "Authentication Protocol"). */
function connectTo(path: string): Promise<Socket> {
  const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let answer = '';
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new BusError('timeout')), callTimeoutMs);
    socket.unref();
    socket.once('close', () => fail(new BusError('closed')));
    socket.on('error', () => undefined);
    socket.once('connect', () => socket.write(`\0AUTH EXTERNAL ${uid}\r\n`));
    socket.on('data', function read(data: Buffer) {
      answer += data.toString('latin1');
      if (!answer.includes('\r\n')) return;
      if (!answer.startsWith('OK ')) return fail(new BusError('closed', 'the bus refuses this user'));
      clearTimeout(timer);
      socket.off('data', read);
      socket.removeAllListeners('close');
      socket.write('BEGIN\r\n');
      resolve(socket);
    });
  });
}

function openBus(socket: Socket): Bus {
  const waiting = new Map<number, { resolve(body: unknown[]): void; reject(error: BusError): void }>();
  const listeners: { interfaceName?: string; listener(signal: BusSignal): void }[] = [];
  let received = Buffer.alloc(0);
  let serial = 0;
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      for (const { reject } of waiting.values()) reject(new BusError('closed'));
      waiting.clear();
      resolve();
    });
  });

  socket.on('data', (data: Buffer) => {
    received = Buffer.concat([received, data]);
    try {
      for (;;) {
        const found = decodeMessage(received);
        if (found === undefined) return;
        received = received.subarray(found.length);
        take(found.message);
      }
    } catch {
      // Nothing after bytes that are no message can be found again.
      socket.destroy();
    }
  });

  function take(message: DBusMessage): void {
    if (message.type === 'signal') {
      const { path = '', member = '', sender = '', interface: name = '', body } = message;
      for (const { interfaceName, listener } of listeners) {
        if (interfaceName === undefined || interfaceName === name)
          listener({ sender, path, interface: name, member, body });
      }
      return;
    }
    const call = waiting.get(message.replySerial ?? 0);
    if (message.type === 'call' || call === undefined) return;
    waiting.delete(message.replySerial ?? 0);
    if (message.type === 'return') call.resolve(message.body);
    else call.reject(new BusError(message.errorName ?? 'error', String(message.body[0] ?? '')));
  }

  function call(
    { signature = '', body = [], autoStart = true, ...to }: BusCall,
    timeoutMs: number = callTimeoutMs,
  ): Promise<unknown[]> {
    serial += 1;
    const own = serial;
    return new Promise((resolve, reject) => {
      if (socket.destroyed) return reject(new BusError('closed'));
      const timer = setTimeout(() => {
        waiting.delete(own);
        reject(new BusError('timeout', `${to.destination} does not answer`));
      }, timeoutMs);
      const settle =
        <T>(how: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          how(value);
        };
      waiting.set(own, { resolve: settle(resolve), reject: settle(reject) });
      socket.write(encodeMessage({ type: 'call', serial: own, autoStart, ...to, signature, body }));
    });
  }

  const addMatch = (rule: string): Promise<unknown> =>
    call({
      destination: busName,
      path: '/org/freedesktop/DBus',
      interface: busName,
      member: 'AddMatch',
      signature: 's',
      body: [rule],
    });

  return {
    call,
    async listen(sender, interfaceName, listener) {
      listeners.push({ interfaceName, listener });
      await addMatch(`type='signal',sender='${sender}',interface='${interfaceName}'`);
    },
    async hear(rules, listener) {
      listeners.push({ listener });
      await Promise.all(rules.map(addMatch));
    },
    closed,
    close: () => void socket.destroy(),
  };
}
