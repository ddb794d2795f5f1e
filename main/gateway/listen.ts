import { chmod, lstat, unlink } from 'node:fs/promises';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import { LatchkeyError } from '../contract/errors.ts';
import { portOwnerName } from './port-owner.ts';
import type { ListenerSettings, Peer } from './ports.ts';

export interface Listener {
  /** Accepts nothing more; connections that are open stay. */
  close(): Promise<void>;
}

type Place = Pick<ListenerSettings, 'connection' | 'host' | 'port' | 'socketPath'>;

/** sun_path of sockaddr_un without its zero byte: unix(7); macOS has four bytes less. */
const maxSocketPath = process.platform === 'darwin' ? 103 : 107;

/**
 * Listens on loopback TCP and, where the settings name one, on a unix socket. Either both are open or none.
 * @throws LatchkeyError `port-in-use` with the owner where it can be known, `socket-unusable`.
 */
export async function listen(
  { host, port, socketPath }: Place,
  onConnection: (socket: Socket, peer: Peer) => void,
): Promise<Listener> {
  const tcp = accept((socket) =>
    onConnection(socket, {
      transport: 'tcp',
      ...(socket.remoteAddress === undefined ? {} : { address: socket.remoteAddress }),
      ...(socket.remotePort === undefined ? {} : { port: socket.remotePort }),
      localPort: port,
    }),
  );
  try {
    await start(tcp, { host, port, exclusive: true });
  } catch (error) {
    throw await tcpProblem(error as NodeJS.ErrnoException, host, port);
  }
  if (socketPath === undefined) return { close: () => stop(tcp) };

  const unix = accept((socket) => onConnection(socket, { transport: 'unix' }));
  try {
    await prepareSocketPath(socketPath);
    await start(unix, { path: socketPath });
    await chmod(socketPath, 0o600);
  } catch (error) {
    await Promise.all([stop(tcp), stop(unix)]);
    throw error instanceof LatchkeyError ? error : unusable(socketPath, error as NodeJS.ErrnoException);
  }
  return {
    // Node removes the file of a unix socket when its server closes.
    close: () => Promise.all([stop(tcp), stop(unix)]).then(() => undefined),
  };
}

function accept(onConnection: (socket: Socket) => void): Server {
  const server = createServer(
    { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 },
    (socket) => {
      // A later error always comes with 'close', which is what the users of the socket watch.
      socket.on('error', ignore);
      onConnection(socket);
    },
  );
  // While listening, an error is one failed accept (no descriptor free, say): the next one may succeed.
  server.on('error', ignore);
  return server;
}

function start(server: Server, where: { host: string; port: number; exclusive: true } | { path: string }) {
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

async function tcpProblem(fault: NodeJS.ErrnoException, host: string, port: number): Promise<LatchkeyError> {
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  switch (fault.code) {
    case 'EADDRINUSE': {
      const owner = await portOwnerName(host, port);
      return new LatchkeyError('port-in-use', `Port ${port} is in use by ${owner}.`, {
        cause: fault,
        remedy: 'Stop that program, or give the connection another port in the configuration.',
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
