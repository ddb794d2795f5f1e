import type { Socket } from 'node:net';
import type { PeerIdentity } from './identity.ts';
import { createSocketSearch, createUnixSocketSearch } from './linux.ts';
import { createMacPeers } from './macos.ts';
import { createProcessFinder, createProcessReader } from './process.ts';
import { runProgram } from './run.ts';
import { loadSocketDiagnosis } from './socket-diagnosis.ts';
import { createWindowsPeers } from './windows.ts';
import type { Peer, PeerProcess } from '../ports.ts';

export type PeerLookup = ReturnType<typeof createPeerLookup>;

/**
 * For finding the process once its socket is known. One that is not there is known to be missing after two passes, which
 * take some ten ms; only on a machine that has no time for anybody does the look take longer, and a handle that is bound
 * to a program is refused without it.
 */
const processMs = 20_000;

/**
 * Tells which user and which process of this computer the other end of a loopback connection belongs to. Looking takes
 * a millisecond on Linux and more elsewhere, beside everything else; those who ask together share one look.
 * @param loadDiagnosis called by each look on Linux
 */
export function createPeerLookup(loadDiagnosis = loadSocketDiagnosis) {
  const findSocket = createSocketSearch(loadDiagnosis);
  const findUnixSocket = createUnixSocketSearch(runProgram);
  const processes = createProcessFinder();
  const describeProcess = createProcessReader();
  const mac = createMacPeers(runProgram);
  const windows = createWindowsPeers();

  /** A pool opens many connections at once: its process is described once. */
  const describing = new Map<number, Promise<PeerProcess | undefined>>();

  async function processOf(inode: string, uid: number | undefined): Promise<PeerProcess | undefined> {
    const pid = await processes.find(inode, uid, processMs);
    if (pid === undefined) return undefined;
    const described = describing.get(pid) ?? describeProcess(pid).finally(() => void describing.delete(pid));
    describing.set(pid, described);
    return described;
  }

  async function onLinux(peer: Peer, host: string, socket: Socket | undefined): Promise<PeerIdentity> {
    if (peer.transport === 'unix') {
      const inode = socket === undefined ? undefined : await findUnixSocket(socket);
      // The folder of the socket lets in this user and root: there is no owner to look for.
      return inode === undefined ? {} : withProcess({}, await processOf(inode, undefined));
    }
    const entry = await findSocket(peer, host);
    if ('unknown' in entry) return entry;
    const { uid, inode } = entry;
    // The files of another user's processes are closed to all but root: looking for them would only take time.
    return mayLookAt(uid) ? withProcess({ uid }, await processOf(inode, uid)) : { uid };
  }

  function look(peer: Peer, host: string, socket: Socket | undefined): Promise<PeerIdentity> {
    if (process.platform === 'linux') return onLinux(peer, host, socket);
    if (peer.transport === 'unix') return Promise.resolve({});
    if (process.platform === 'darwin') return mac(peer, host);
    return process.platform === 'win32'
      ? windows.identify(peer, host)
      : Promise.resolve({ unknown: 'no-table' });
  }

  return {
    /**
     * The owner of a TCP peer; Linux only, elsewhere every answer is "unknown".
     * @param host the listener's address
     */
    async uid(peer: Peer, host: string): Promise<number | undefined> {
      if (peer.transport !== 'tcp' || process.platform !== 'linux') return undefined;
      const entry = await findSocket(peer, host);
      return 'unknown' in entry ? undefined : entry.uid;
    },
    /**
     * Owner and process of a peer that is still connected. Never rejects, and takes some seconds at most.
     * @param host the listener's address
     * @param socket the accepted socket itself, not TLS over it: a peer on a unix socket is found by it alone
     */
    async identify(peer: Peer, host: string, socket?: Socket): Promise<PeerIdentity> {
      return look(peer, host, socket).catch(() => ({ unknown: 'no-answer' }));
    },
    /** Ends the helper process that Windows needs. */
    close(): void {
      windows.close();
    },
  };
}

function mayLookAt(uid: number): boolean {
  const own = process.getuid?.();
  return own === 0 || own === uid;
}

function withProcess(identity: PeerIdentity, process: PeerProcess | undefined): PeerIdentity {
  return process === undefined ? identity : { ...identity, process };
}
