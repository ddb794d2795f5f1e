import type { Peer } from './ports.ts';
import { type SocketTable, findSockets, readSocketTable, tableAddress } from './socket-table.ts';

export type PeerLookup = ReturnType<typeof createPeerLookup>;

const established = '01';

/**
 * Tells which user of this computer the other end of a loopback connection belongs to. Linux only; elsewhere every
 * answer is "unknown". Reads run beside everything else, never in the path of a pipe, and logins that arrive
 * together share one.
 */
export function createPeerLookup() {
  const tables = { tcp: sharedReads('tcp'), tcp6: sharedReads('tcp6') };

  /** Only an established socket counts: one in TIME_WAIT belongs to nobody, and the table shows it as root's. */
  async function look(table: SocketTable, peer: Peer, host: string): Promise<number | undefined> {
    if (peer.address === undefined || peer.port === undefined || peer.localPort === undefined)
      return undefined;
    const local = tableAddress(table, peer.address, peer.port);
    const remote = tableAddress(table, host, peer.localPort);
    if (local === undefined || remote === undefined) return undefined;
    return findSockets(await tables[table](), local, remote).find(({ state }) => state === established)?.uid;
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

/** Reads of one table; each answer comes from a read that began after it was asked for. */
function sharedReads(table: SocketTable): () => Promise<string> {
  let running: Promise<string> | undefined;
  let next: Promise<string> | undefined;
  const start = (): Promise<string> => {
    next = undefined;
    const read = readSocketTable(table).finally(() => {
      if (running === read) running = undefined;
    });
    running = read;
    return read;
  };
  return () => {
    if (running === undefined) return start();
    next ??= running.then(start);
    return next;
  };
}
