import { basename } from 'node:path';
import { shareLooks, type Run } from './run.ts';
import type { PeerIdentity } from './identity.ts';
import type { Peer } from '../ports.ts';

interface OpenSocket {
  pid: number;
  uid: number;
  /** "127.0.0.1:54321->127.0.0.1:15432" */
  name: string;
}

interface ListedProcess {
  parent: number;
  path: string;
}

/**
 * macOS: lsof tells who has a socket, ps what that is. Without root, lsof sees the sockets of this user only, so that
 * another user's peer stays unknown. A look takes some tens of milliseconds and is shared by those who ask together.
 */
export function createMacPeers(run: Run) {
  const look = shareLooks(async () => {
    const [sockets, processes] = await Promise.all([
      run('lsof', ['-nP', '-iTCP@127.0.0.1', '-iTCP@[::1]', '-F', 'pun']),
      run('ps', ['-axo', 'pid=,ppid=,comm=']).catch(() => ''),
    ]);
    return { sockets: parseOpenSockets(sockets), processes: parseProcesses(processes) };
  });

  return async ({ address, port, localPort }: Peer, host: string): Promise<PeerIdentity> => {
    if (address === undefined || port === undefined || localPort === undefined)
      return { unknown: 'not-found' };
    const name = `${bracketed(address)}:${port}->${bracketed(host)}:${localPort}`;
    const once = async () => {
      const { sockets, processes } = await look();
      return { processes, found: sockets.find((one) => one.name === name) };
    };
    const first = await once();
    // The list is made while sockets come and go: who is not in it is looked for again before being refused.
    const { found, processes } = first.found === undefined ? await once() : first;
    if (found === undefined) return { unknown: 'not-found' };
    const { pid, uid } = found;
    const own = processes.get(pid);
    if (own === undefined) return { uid };
    const parent = processes.get(own.parent);
    return {
      uid,
      process: {
        pid,
        program: basename(own.path),
        ...(own.path.startsWith('/') ? { path: own.path } : {}),
        ...(parent === undefined ? {} : { parent: { pid: own.parent, program: basename(parent.path) } }),
      },
    };
  };
}

/** lsof(8), "OUTPUT FOR OTHER PROGRAMS": a field on each line, p and u once for a process, n for each of its files. */
export function parseOpenSockets(output: string): OpenSocket[] {
  const sockets: OpenSocket[] = [];
  let pid = Number.NaN;
  let uid = Number.NaN;
  for (const line of output.split('\n')) {
    const value = line.slice(1);
    if (line.startsWith('p')) {
      pid = Number(value);
      uid = Number.NaN;
    } else if (line.startsWith('u')) uid = Number(value);
    else if (line.startsWith('n') && Number.isInteger(pid) && Number.isInteger(uid))
      sockets.push({ pid, uid, name: value });
  }
  return sockets;
}

/** "pid ppid path", the path with blanks as they are. */
export function parseProcesses(output: string): Map<number, ListedProcess> {
  const processes = new Map<number, ListedProcess>();
  for (const line of output.split('\n')) {
    const [, pid, parent, path] = /^\s*(\d+)\s+(\d+)\s+(\S.*?)\s*$/.exec(line) ?? [];
    if (path !== undefined) processes.set(Number(pid), { parent: Number(parent), path });
  }
  return processes;
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
