import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LatchkeyError } from '../contract/errors.ts';
import { accountName, serverAccountIds } from './peers/accounts.ts';
import { isLoopback } from '../base/loopback.ts';
import type { UpstreamAddress } from './ports.ts';
import { loadSocketDiagnosis } from './peers/socket-diagnosis.ts';
import { type SocketTable, findSockets, readSocketTable, tableAddress } from './peers/socket-table.ts';

/**
 * Without TLS nothing proves who a server is: on this computer, any user may listen at a port while the real server or
 * tunnel is down, and would be given the database's password. So the owner of whoever listens must be this user, root,
 * or one of the accounts that the configuration allows.
 */

/** What has been seen of a listener; its id is never used again while this computer runs. */
interface Seen {
  id: string;
  uid: number;
}

const listening = '0A';

/** Listeners of earlier logins by their place, all of them checked. */
const known = new Map<string, ReadonlySet<string>>();

/**
 * Connects to a server of this computer, if it is one whose owner may have the credential. It must listen before and
 * after: then the connection, made in between, is to it and not to somebody who was there for that moment only. A
 * listener that an earlier login has seen, and that still listens, has listened all the time: nobody else can have the
 * port meanwhile.
 *
 * Looks at TCP on Linux, and at the files of unix sockets everywhere. Windows and macOS do not tell whose a port is to those
 * who are not administrators: there TCP is not checked.
 *
 * @throws LatchkeyError `upstream-owner-refused`; what `connect` throws.
 */
export async function connectToOwned<Opened extends { socket: { destroy(): unknown } }>(
  address: UpstreamAddress,
  target: { host: string; port: number } | { path: string },
  connect: () => Promise<Opened>,
  loadDiagnosis = loadSocketDiagnosis,
): Promise<Opened> {
  const look = lookFor(target, loadDiagnosis);
  if (look === undefined || address.owners === 'any') return connect();
  const where = 'path' in target ? target.path : placeName(target);

  /** Undefined where somebody listens who was not there before. */
  const connectTo = async (before: ReadonlySet<string>): Promise<Opened | undefined> => {
    const opened = await connect();
    try {
      const after = await look();
      await check(after, address, where);
      const isSame = after.every(({ id }) => before.has(id));
      // A file's id may be given to another one later.
      if (!('path' in target)) known.set(where, idsOf(after));
      if (isSame) return opened;
    } catch (error) {
      opened.socket.destroy();
      throw error;
    }
    opened.socket.destroy();
    return undefined;
  };

  const earlier = known.get(where);
  const first = earlier && (await connectTo(earlier));
  if (first !== undefined) return first;
  const before = await look();
  // Nobody there: the system's own refusal says more.
  if (before.length > 0) await check(before, address, where);
  const opened = await connectTo(idsOf(before));
  if (opened === undefined) throw changed(where);
  return opened;
}

const idsOf = (seen: readonly Seen[]): ReadonlySet<string> => new Set(seen.map(({ id }) => id));

function lookFor(
  target: { host: string; port: number } | { path: string },
  loadDiagnosis: typeof loadSocketDiagnosis,
) {
  if ('path' in target)
    return process.platform === 'win32' ? undefined : (): Promise<Seen[]> => fileOwners(target.path);
  return process.platform === 'linux' && isLoopback(target.host)
    ? (): Promise<Seen[]> => listenersAt(target, loadDiagnosis)
    : undefined;
}

/** @throws LatchkeyError `upstream-owner-refused` where the table cannot be read. */
async function listenersAt(
  { host, port }: { host: string; port: number },
  loadDiagnosis: typeof loadSocketDiagnosis,
): Promise<Seen[]> {
  const told = (await loadDiagnosis())?.({ address: host, port, host, localPort: 0 });
  if (told?.state === listening) return [{ id: told.inode, uid: told.uid }];
  const found: Seen[] = [];
  for (const table of ['tcp', 'tcp6'] as const) {
    const places = placesOf(table, host, port);
    // Nobody can listen for both families at a port that has a listener for one of them alone.
    if (places.length === 0 || found.length > 0) continue;
    await readSocketTable(table, (lines) => {
      for (const place of places)
        for (const { state, uid, inode } of findSockets(lines, place, ''))
          if (state === listening) found.push({ id: inode, uid });
      return onlyListeners(lines);
    }).catch((error: NodeJS.ErrnoException) => {
      // A system without IPv6 has one table only.
      if (table === 'tcp6' && host !== '::1' && error.code === 'ENOENT') return;
      throw unreadable(placeName({ host, port }), error);
    });
  }
  return found;
}

/** Its own address, and that of sockets that listen at all of them. */
function placesOf(table: SocketTable, host: string, port: number): string[] {
  const own = tableAddress(table, host, port);
  const any = table === 'tcp' ? tableAddress(table, '0.0.0.0', port) : anyAddress(port);
  if (own === undefined || any === undefined) return [];
  return [own, any];
}

function anyAddress(port: number): string | undefined {
  return tableAddress('tcp6', '::1', port)?.replace(/^[^:]+/, '0'.repeat(32));
}

/** The kernel lists them before all others, so that the rest of a long table need not be read. */
function onlyListeners(lines: string): boolean {
  return !/^ *\d+: \S+ \S+ (?!0A )/m.test(lines);
}

/** The file, and the folder in which it could be exchanged. */
async function fileOwners(path: string): Promise<Seen[]> {
  const folder = dirname(path);
  try {
    const [file, around] = await Promise.all([lstat(path), lstat(folder)]);
    const isSticky = (around.mode & 0o1000) !== 0;
    if ((around.mode & 0o022) !== 0 && !isSticky) throw openFolder(path, folder);
    return [
      { id: `${file.dev}:${file.ino}`, uid: file.uid },
      { id: `${around.dev}:${around.ino}`, uid: around.uid },
    ];
  } catch (error) {
    if (error instanceof LatchkeyError) throw error;
    // Opening it fails as well, and says why.
    return [];
  }
}

async function check(seen: Seen[], { owners }: UpstreamAddress, where: string): Promise<void> {
  if (seen.length === 0) throw unknown(where);
  const trusted = new Set([process.getuid?.(), 0]);
  const strangers = seen.filter(({ uid }) => !trusted.has(uid));
  if (strangers.length === 0) return;
  const allowed = new Set(owners === undefined || owners === 'any' ? await serverAccountIds() : owners);
  const stranger = strangers.find(({ uid }) => !allowed.has(uid));
  if (stranger !== undefined) throw foreign(await accountName(stranger.uid), where);
}

function placeName({ host, port }: { host: string; port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const notSent = 'No password was sent';

function refusal(message: string, remedy: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('upstream-owner-refused', message, { remedy, cause });
}

function foreign(owner: string, where: string): LatchkeyError {
  return refusal(
    `What listens at ${where} belongs to ${owner} of this computer, and without TLS only your own, root's or a database's account is trusted. ${notSent}.`,
    'If that is the server or tunnel that you mean, set upstream.owner to its user; if not, find out who runs it.',
  );
}

function unknown(where: string): LatchkeyError {
  return refusal(
    `The system does not tell whose the server at ${where} is (it may run in a container). ${notSent}.`,
    'Use TLS, or set upstream.owner to "any" if everybody on this computer may be trusted with its password.',
  );
}

function changed(where: string): LatchkeyError {
  return refusal(`Another program took over at ${where} at this moment. ${notSent}.`, 'Connect again.');
}

function openFolder(path: string, folder: string): LatchkeyError {
  return refusal(
    `The folder ${folder} of the socket ${path} may be written to by other users of this computer. ${notSent}.`,
    'Let only the owner of the server write to it, or set upstream.owner to "any".',
  );
}

function unreadable(where: string, cause: unknown): LatchkeyError {
  return refusal(
    `Latchkey cannot tell whose the server at ${where} is: it may not read /proc/net/tcp. ${notSent}.`,
    'Let Latchkey see the whole of /proc (in a systemd unit: ProcSubset=all), or use TLS.',
    cause,
  );
}
