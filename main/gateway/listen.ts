import { chmod, lstat, unlink } from 'node:fs/promises';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import { defined } from '../base/defined.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { portOwnerName } from './peers/port-owner.ts';
import type { ListenerSettings, Peer } from './ports.ts';

export interface Listener {
  /** Why the other loopback family is not served; undefined where it is, or where this computer has none. */
  readonly problem: LatchkeyError | undefined;
  /** Tries again what does not listen; `problem` tells how it went. */
  retry(): Promise<void>;
  /** Accepts nothing more; connections that are open stay. */
  close(): Promise<void>;
}

type Place = Pick<ListenerSettings, 'connection' | 'host' | 'port' | 'portRecord' | 'socketPath'>;
type OnConnection = (socket: Socket, peer: Peer) => void;

/** sun_path of sockaddr_un without its zero byte: unix(7); macOS has four bytes less. */
const maxSocketPath = process.platform === 'darwin' ? 103 : 107;

/**
 * Listens on loopback TCP and, where the settings name one, on a unix socket: both or none. The other loopback family
 * is listened at too, as `localhost` may mean either; where somebody else has the port there, that is a problem to be
 * told, and the first address serves all the same.
 *
 * @throws LatchkeyError `port-in-use` with the owner where it can be known, `socket-unusable`.
 */
export async function listen(place: Place, onConnection: OnConnection): Promise<Listener> {
  const { host, socketPath } = place;
  const tcp = await listenTcp(place, onConnection);
  const servers = [tcp];
  if (socketPath !== undefined) {
    const unix = accept((socket) => onConnection(socket, { transport: 'unix' }));
    servers.push(unix);
    try {
      await prepareSocketPath(socketPath);
      await start(unix, { path: socketPath });
      await chmod(socketPath, 0o600);
    } catch (error) {
      await Promise.all(servers.map(stop));
      throw error instanceof LatchkeyError ? error : unusable(socketPath, error as NodeJS.ErrnoException);
    }
  }
  let problem: LatchkeyError | undefined;
  let closed = false;

  async function openOther(): Promise<void> {
    problem = undefined;
    const other = host === '::1' ? '127.0.0.1' : '::1';
    const opened = await listenTcp({ ...place, host: other }, onConnection).catch((error: LatchkeyError) => {
      if (!isMissingFamily(error.cause)) problem = atOther(error, other, place);
    });
    if (opened === undefined) return;
    if (closed) await stop(opened);
    else servers.push(opened);
  }

  await openOther();
  return {
    get problem() {
      return problem;
    },
    async retry() {
      if (problem !== undefined && !closed) await openOther();
    },
    // Node removes the file of a unix socket when its server closes.
    async close() {
      closed = true;
      await Promise.all(servers.map(stop));
    },
  };
}

/** @throws LatchkeyError `port-in-use`, `socket-unusable`, with the system's error as its cause */
async function listenTcp(place: Place, onConnection: OnConnection): Promise<Server> {
  const { host, port } = place;
  const server = accept((socket) =>
    onConnection(socket, {
      transport: 'tcp',
      ...defined({ address: socket.remoteAddress, port: socket.remotePort }),
      localAddress: host,
      localPort: port,
    }),
  );
  try {
    await start(server, { host, port, ipv6Only: true, exclusive: true });
    return server;
  } catch (error) {
    throw await tcpProblem(error as NodeJS.ErrnoException, place);
  }
}

function atOther(error: LatchkeyError, other: string, place: Place): LatchkeyError {
  const { code, message, cause } = error;
  if (code !== 'port-in-use') return error;
  const { port } = place;
  return new LatchkeyError(code, message.replace(`Port ${port} `, `Port ${port} at ${other} `), {
    cause,
    remedy: `Clients that connect to "localhost" may reach that program and give it their token. Stop it, or ${anotherPort(place)}`,
  });
}

function anotherPort({ connection, portRecord }: Place): string {
  return portRecord === undefined
    ? 'give the connection another port in the configuration.'
    : `have another port chosen: take "${connection}" out of ${portRecord}, then run: latchkey config reload`;
}

/** A computer without IPv6 (or without an address for its loopback) has nobody there who could be mistaken for us. */
function isMissingFamily(cause: unknown): boolean {
  const { code = '' } = cause as NodeJS.ErrnoException;
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EPROTONOSUPPORT'].includes(code);
}

function accept(onConnection: (socket: Socket) => void): Server {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    // A later error always comes with 'close', which is what the users of the socket watch.
    socket.on('error', ignore);
    onConnection(socket);
  });
  // While listening, an error is one failed accept (no descriptor free, say): the next one may succeed.
  server.on('error', ignore);
  return server;
}

function start(
  server: Server,
  where: { host: string; port: number; ipv6Only: true; exclusive: true } | { path: string },
) {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

/**
 * Makes way for a unix socket: removes the file that a dead process has left. The folder is nobody else's, so that
 * only another Latchkey of the same user could come between the check and the removal, and the home's lock keeps that out.
 */
async function prepareSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > maxSocketPath) {
    throw new LatchkeyError(
      'socket-unusable',
      `The path of the unix socket is longer than ${maxSocketPath} bytes: ${path}`,
      { remedy: 'Choose a home with a shorter path.' },
    );
  }
  const folder = await lstat(dirname(path));
  if (!folder.isDirectory() || folder.uid !== process.getuid?.() || (folder.mode & 0o077) !== 0) {
    throw new LatchkeyError(
      'socket-unusable',
      `The folder ${dirname(path)} of the unix socket is open to other users of this computer.`,
      { remedy: 'Make it yours alone: owner you, mode 0700.' },
    );
  }
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new LatchkeyError(
      'socket-unusable',
      `${path} is in the way of the unix socket, and is no socket.`,
      {
        remedy: 'Move it away.',
      },
    );
  }
  if (await answers(path)) {
    throw new LatchkeyError(
      'socket-unusable',
      `Another program already listens at the unix socket ${path}.`,
      {
        remedy: 'Stop the other program, or give this Latchkey a home of its own.',
      },
    );
  }
  await unlink(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => resolve(true));
    // Only a refusal shows that nobody is there; a full queue, say, belongs to a live process.
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
    socket.once('close', () => resolve(true));
    socket.once('connect', () => socket.destroy());
  });
}

async function tcpProblem(fault: NodeJS.ErrnoException, place: Place): Promise<LatchkeyError> {
  const { host, port } = place;
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  switch (fault.code) {
    case 'EADDRINUSE': {
      const owner = await portOwnerName(host, port);
      return new LatchkeyError('port-in-use', `Port ${port} is in use by ${owner}.`, {
        cause: fault,
        remedy: `Stop that program, or ${anotherPort(place)}`,
      });
    }
    case 'EACCES':
      return new LatchkeyError('socket-unusable', `This user may not listen at ${where}.`, {
        cause: fault,
        remedy: 'Choose a port above 1023 in the configuration.',
      });
    default:
      return new LatchkeyError(
        'socket-unusable',
        `Nothing can listen at ${where} (${fault.code ?? fault.message}).`,
        {
          cause: fault,
          remedy: 'Choose another address or port in the configuration.',
        },
      );
  }
}

function unusable(path: string, error: NodeJS.ErrnoException): LatchkeyError {
  return new LatchkeyError(
    'socket-unusable',
    `The unix socket ${path} cannot be opened (${error.code ?? error.message}).`,
    { cause: error, remedy: 'Check that its folder exists and belongs to you.' },
  );
}

function ignore(): void {}
