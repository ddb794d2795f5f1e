import { fstat } from 'node:fs';
import type { Socket } from 'node:net';
import { shareLooks, type Run } from './run.ts';
import type { OwnerUnknown } from './identity.ts';
import type { Peer } from '../ports.ts';
import type { Diagnose } from './socket-diagnosis.ts';
import {
  type SocketEntry,
  type SocketTable,
  findSockets,
  readSocketTable,
  tableAddress,
} from './socket-table.ts';

/** A socket in TIME_WAIT belongs to nobody, and the table shows it as root's: only an established one counts. */
const established = '01';

/** What a look at the tables has come to: an entry, or why there is none. */
export type SocketFinding = SocketEntry | { unknown: OwnerUnknown };

/**
 * Finds the client's end of loopback connections, its owner and its inode: asks the kernel for it, and where that has no
 * answer, looks into the tables of TCP sockets.
 * @param load called by each question, so that nothing is loaded before the first
 */
export function createSocketSearch(load: () => Promise<Diagnose | undefined>) {
  const search = { tcp: createSearch('tcp'), tcp6: createSearch('tcp6') };

  async function ask({ address, port, localPort }: Peer, host: string): Promise<SocketEntry | undefined> {
    if (address === undefined || port === undefined || localPort === undefined) return undefined;
    const diagnose = await load();
    const entry = diagnose?.({ address, port, host, localPort });
    return entry?.state === established ? entry : undefined;
  }

  async function look(table: SocketTable, { address, port, localPort }: Peer, host: string) {
    if (address === undefined || port === undefined || localPort === undefined) return undefined;
    const local = tableAddress(table, address, port);
    const remote = tableAddress(table, host, localPort);
    return local === undefined || remote === undefined ? undefined : search[table](local, remote);
  }

  /** @param host the listener's address */
  return async (peer: Peer, host: string): Promise<SocketFinding> => {
    const told = await ask(peer, host);
    if (told !== undefined) return told;
    const failures: OwnerUnknown[] = [];
    // The table is read in pieces, so an entry can slip through while others come and go: one more look.
    for (const table of ['tcp', 'tcp6', 'tcp', 'tcp6'] as const) {
      const found = await look(table, peer, host);
      if (found !== undefined && !('unknown' in found)) return found;
      // A system without IPv6 has one table only.
      const isMissing = found?.unknown === 'no-table' && table === 'tcp6' && peer.address !== '::1';
      if (found !== undefined && !isMissing) failures.push(found.unknown);
    }
    return { unknown: failures.find((why) => why !== 'not-found') ?? 'not-found' };
  };
}

interface Wanted {
  local: string;
  remote: string;
  resolve(finding: SocketFinding): void;
}

/**
 * Searches one table for everybody who asks, with one reader at a time. Who asks while it reads may be found by it, but
 * is given up only after a reading that began later. It stops as soon as nobody waits.
 */
function createSearch(table: SocketTable) {
  const wanted = new Set<Wanted>();
  let reading = false;

  function lookThrough(lines: string): boolean {
    for (const one of wanted) {
      const entry = findSockets(lines, one.local, one.remote).find(({ state }) => state === established);
      if (entry === undefined) continue;
      wanted.delete(one);
      one.resolve(entry);
    }
    return wanted.size > 0;
  }

  async function read(): Promise<void> {
    reading = true;
    while (wanted.size > 0) {
      const fromTheStart = [...wanted];
      const unknown = await readSocketTable(table, lookThrough).then(() => 'not-found' as const, failureOf);
      for (const one of fromTheStart) if (wanted.delete(one)) one.resolve({ unknown });
    }
    reading = false;
  }

  return (local: string, remote: string): Promise<SocketFinding> =>
    new Promise((resolve) => {
      wanted.add({ local, remote, resolve });
      if (!reading) void read();
    });
}

function failureOf({ code }: NodeJS.ErrnoException): OwnerUnknown {
  return code === 'EMFILE' || code === 'ENFILE' ? 'no-descriptors' : 'no-table';
}

/**
 * Finds the inode of the client's end of a unix socket. Node has no SO_PEERCRED, and the kernel tells which two ends
 * belong together over netlink only: `ss` of iproute2 asks it. Undefined where that is not installed.
 */
export function createUnixSocketSearch(run: Run) {
  const look = shareLooks(() => run('ss', ['-xnH']));

  return async (socket: Socket): Promise<string | undefined> => {
    const own = await inodeOf(socket);
    return own === undefined ? undefined : otherEnd(await look().catch(() => ''), own);
  };
}

/**
 * One line for each end, "type state recv-q send-q path inode peer-path peer-inode"; a path may hold blanks.
 * @param own inode of our end
 */
export function otherEnd(lines: string, own: string): string | undefined {
  for (const line of lines.split('\n')) {
    const found = / (\d+) +\S+ (\d+)\s*$/.exec(line);
    if (found?.[1] === own && found[2] !== '0') return found[2];
  }
  return undefined;
}

/** The number of the descriptor is not part of Node's interface; where it is missing, so is the answer. */
function inodeOf(socket: Socket): Promise<string | undefined> {
  const fd = (socket as { _handle?: { fd?: unknown } | null } & Socket)._handle?.fd;
  if (typeof fd !== 'number' || fd < 0) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    fstat(fd, (error, found) => resolve(error === null && found.isSocket() ? String(found.ino) : undefined));
  });
}
