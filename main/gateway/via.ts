import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Socket, connect, isIP } from 'node:net';
import { LatchkeyError } from '../contract/errors.ts';
import { createByteReader } from './byte-reader.ts';
import { socketConnection } from './connection.ts';
import { promiseDescriptors } from './descriptors.ts';
import { outOfDescriptors } from './peers/owner.ts';
import type { UpstreamAddress, Via } from './ports.ts';
import { refused, sqlStates } from './refused.ts';
import { socketPair } from './socket-pair.ts';
import { printable } from './upstream-words.ts';

type Place = Pick<UpstreamAddress, 'host' | 'port'>;

/** What is kept of a program's standard error. */
const maxWords = 4096;
/** Those of this thread that have not ended, or that something still runs for. */
const running = new Set<ChildProcessWithoutNullStreams>();

/**
 * What opening one takes at most: both ends of the connection in this process, the socket that they meet at, and two for
 * each of three pipes and for the beginning of a process.
 */
const descriptorsEach = 11;

/** What a program has to end by itself once its connection is gone. */
const graceMs = 2000;

/** Before the thread ends: nobody would hear any more that their connections have. Resolves when they are gone. */
export async function endPrograms(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const gone = once(child, 'close');
      endGroup(child);
      await gone;
    }),
  );
}

/**
 * Opens a connection to a database through a proxy or a program. A name is looked up at the other end.
 *
 * @param signal where it aborts first, its reason is thrown, and socket and program are gone.
 * @returns a socket as any other; where the program fails before anything came, it ends with LatchkeyError
 * `upstream-unreachable`, which has the program's own words.
 * @throws LatchkeyError `upstream-unreachable`; Refused where there are too few descriptors for a program.
 */
export function openVia(via: Via, place: Place, signal: AbortSignal): Promise<Socket> {
  return via.kind === 'socks' ? throughSocks(via, place, signal) : throughProgram(via, place, signal);
}

function failed(text: string, remedy: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('upstream-unreachable', text, { remedy, cause });
}

/** SOCKS version 5 without authentication: RFC 1928. */
async function throughSocks(
  { host, port }: Extract<Via, { kind: 'socks' }>,
  place: Place,
  signal: AbortSignal,
): Promise<Socket> {
  const proxy = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const socket = connect({ host, port, noDelay: true, keepAlive: true, allowHalfOpen: true });
  socket.on('error', ignore);
  try {
    await once(socket, 'connect', { signal });
  } catch (error) {
    socket.destroy();
    if (signal.aborted) throw signal.reason;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw failed(
      `The SOCKS proxy at ${proxy} cannot be reached (${code}).`,
      'Check that it runs (upstream.via.socks).',
      error,
    );
  }
  const reader = createByteReader(socketConnection(socket));
  const stop = (): void => reader.end(signal.reason);
  const closed = (): void =>
    reader.end(failed(`The SOCKS proxy at ${proxy} closed the connection.`, 'Look into its log.'));
  signal.addEventListener('abort', stop);
  socket.on('end', closed).on('close', closed);
  try {
    socket.write(Buffer.from([5, 1, 0]));
    const method = await reader.read(2);
    if (method[0] !== 5 || method[1] !== 0)
      throw failed(
        `What answers at ${proxy} is no SOCKS5 proxy, or wants a login.`,
        'Use a proxy that asks for no password, such as that of ssh -D.',
      );
    socket.write(socksRequest(place));
    const [, reply = 1, , type] = await reader.read(4);
    if (reply !== 0)
      throw failed(
        `The SOCKS proxy at ${proxy} cannot connect to ${place.host}:${place.port}: ${socksFailures[reply] ?? `code ${reply}`}.`,
        'Check upstream.host and port as the proxy sees them.',
      );
    const length = type === 1 ? 4 : type === 4 ? 16 : ((await reader.read(1))[0] ?? 0);
    await reader.read(length + 2);
    // A server that speaks first may have done so already.
    const rest = reader.release();
    socket.removeAllListeners('data').pause();
    if (rest.length > 0) socket.unshift(rest);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    socket.off('end', closed).off('close', closed);
  }
}

/** RFC 1928 section 6. */
const socksFailures: Record<number, string> = {
  1: 'it has failed',
  2: 'its rules forbid it',
  3: 'the network cannot be reached',
  4: 'the host cannot be reached, or its name is not known',
  5: 'the connection was refused',
  6: 'the time ran out',
};

function socksRequest({ host, port }: Place): Buffer {
  const end = Buffer.from([port >> 8, port & 0xff]);
  if (isIP(host) === 4)
    return Buffer.concat([Buffer.from([5, 1, 0, 1, ...host.split('.').map(Number)]), end]);
  const name = Buffer.from(host, 'utf8');
  return Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), name, end]);
}

/** Its standard input and output are the connection, as with OpenSSH's ProxyCommand. */
async function throughProgram(
  { command, environment }: Extract<Via, { kind: 'command' }>,
  place: Place,
  signal: AbortSignal,
): Promise<Socket> {
  const opened = promiseDescriptors(descriptorsEach);
  if (opened === undefined) throw refused(sqlStates.tooManyConnections, outOfDescriptors);
  try {
    return await startProgram(command, environment, place, signal);
  } finally {
    opened();
  }
}

async function startProgram(
  command: string[],
  environment: Record<string, string>,
  place: Place,
  signal: AbortSignal,
): Promise<Socket> {
  const [program = '', ...args] = command.map((word) => expand(word, place));
  const [localEnd, programEnd] = await socketPair(signal);
  try {
    if (signal.aborted) throw signal.reason;
    const child = spawn(program, args, {
      shell: false,
      // A process group of its own, so that what it starts ends with it.
      detached: process.platform !== 'win32',
      windowsHide: true,
      cwd: process.platform === 'win32' ? undefined : '/',
      env: environment,
      stdio: 'pipe',
    });
    join(child, program, localEnd, programEnd);
    return localEnd;
  } catch (error) {
    localEnd.destroy();
    programEnd.destroy();
    throw signal.aborted ? signal.reason : notStarted(program, error);
  }
}

function notStarted(program: string, error: unknown): LatchkeyError {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return failed(
    `The program "${program}" cannot be started (${code}).`,
    startRemedies[code] ?? 'Correct upstream.via, or install it.',
    error,
  );
}

const moreFiles =
  'Raise the limit of open files (ulimit -n; in a systemd unit: LimitNOFILE), or lower maxSessions.';
const startRemedies: Partial<Record<string, string>> = {
  EMFILE: moreFiles,
  ENFILE: moreFiles,
  EAGAIN:
    'Raise the limit of processes (ulimit -u; in a systemd unit: TasksMax, LimitNPROC), or lower maxSessions.',
};

/** %h and %p are host and port, %% is a percent sign. */
function expand(word: string, { host, port }: Place): string {
  return word.replaceAll(/%[hp%]/g, (found) => (found === '%h' ? host : found === '%p' ? String(port) : '%'));
}

function join(
  child: ChildProcessWithoutNullStreams,
  program: string,
  localEnd: Socket,
  programEnd: Socket,
): void {
  child.on('error', (error) => {
    localEnd.destroy(notStarted(program, error));
    programEnd.destroy();
  });
  // Out of descriptors there are none of its streams, and the error comes next.
  if ((child as Partial<typeof child>).stdin === undefined) return;
  if (child.pid !== undefined) running.add(child);
  child.once('close', () => running.delete(child));
  let words = '';
  let received = false;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-maxWords);
  });
  child.stdout.once('data', () => {
    received = true;
  });
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', ignore);
  programEnd.pipe(child.stdin);
  // Its end is told when the program has said why.
  child.stdout.pipe(programEnd, { end: false });
  child.on('close', (code, killedBy) => {
    if (received || code === 0) programEnd.destroySoon();
    else localEnd.destroy(programFailed(program, words, code ?? killedBy));
  });
  programEnd.once('close', () => endGroup(child));
  localEnd.once('close', () => programEnd.destroy());
}

function programFailed(program: string, words: string, status: number | string | null): LatchkeyError {
  const said = lastWords(words);
  return failed(
    `The way to the database server failed: ${program} ${said === undefined ? `ended with ${status ?? 'no status'}` : `says "${said}"`}.`,
    `Try the same by hand; ${program} gets no terminal, so that it can ask nobody for a password or about a host key.`,
  );
}

/** The last line, without those by which ssh only says that it ends. */
function lastWords(text: string): string | undefined {
  const lines = text
    .split(/\r?\n/)
    .map((line) => printable(line).trim())
    .filter((line) => line !== '');
  const telling = lines.filter(
    (line) => !/^(stdio forwarding failed|Connection closed by UNKNOWN)/.test(line),
  );
  return (telling.at(-1) ?? lines.at(-1))?.replace(/\.$/, '').slice(0, 300);
}

/** Asks it and what it has started to end; whoever does not is ended. */
function endGroup(child: ChildProcessWithoutNullStreams): void {
  if (!running.has(child)) return;
  send(child, 'SIGTERM');
  const timer = setTimeout(() => send(child, 'SIGKILL'), graceMs);
  child.once('close', () => clearTimeout(timer));
}

function send({ pid }: ChildProcessWithoutNullStreams, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    if (process.platform === 'win32') process.kill(pid);
    else process.kill(-pid, signal);
  } catch {
    // Already gone.
  }
}

function ignore(): void {}
