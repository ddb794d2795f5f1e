import type { Peer } from './ports.ts';
import { type SocketTable, findSockets, readSocketTable, tableAddress } from './socket-table.ts';

export type PeerLookup = ReturnType<typeof createPeerLookup>;

/** A socket in TIME_WAIT belongs to nobody, and the table shows it as root's: only an established one counts. */
const established = '01';

/**
 * Tells which user of this computer the other end of a loopback connection belongs to. Linux only; elsewhere every
 * answer is "unknown". Looking takes some milliseconds, on the thread pool and beside everything else.
 */
export function createPeerLookup() {
  const search = { tcp: createSearch('tcp'), tcp6: createSearch('tcp6') };

  async function look(table: SocketTable, { address, port, localPort }: Peer, host: string) {
    if (address === undefined || port === undefined || localPort === undefined) return undefined;
    const local = tableAddress(table, address, port);
    const remote = tableAddress(table, host, localPort);
    return local === undefined || remote === undefined ? undefined : search[table](local, remote);
  }

  return {
    /**
     * @param host the listener's address.
     * @returns the peer's user id, or undefined where it cannot be known.
     */
    async uid(peer: Peer, host: string): Promise<number | undefined> {
      if (peer.transport !== 'tcp' || process.platform !== 'linux') return undefined;
      // The table is read in pieces, so an entry can slip through while others come and go: one more look.
      return (
        (await look('tcp', peer, host)) ??
        (await look('tcp6', peer, host)) ??
        (await look('tcp', peer, host)) ??
        (await look('tcp6', peer, host))
      );
    },
  };
}

interface Wanted {
  local: string;
  remote: string;
  resolve(uid: number | undefined): void;
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
      one.resolve(entry.uid);
    }
    return wanted.size > 0;
  }

  async function read(): Promise<void> {
    reading = true;
    while (wanted.size > 0) {
      const fromTheStart = [...wanted];
      await readSocketTable(table, lookThrough).catch(() => undefined);
      for (const one of fromTheStart) if (wanted.delete(one)) one.resolve(undefined);
    }
    reading = false;
  }

  return (local: string, remote: string): Promise<number | undefined> =>
    new Promise((resolve) => {
      wanted.add({ local, remote, resolve });
      if (!reading) void read();
    });
}
