import { createProcessFinder, createProcessReader } from './process.ts';
import { type SocketTable, findSockets, readSocketTable, tableAddress } from './socket-table.ts';

/** Who listens at a port of this computer. */
export interface PortOwner {
  uid: number;
  /** Absent where the process belongs to another user, whose files may not be read. */
  process?: { pid: number; name: string };
}

const listening = '0A';
/** For a look into all processes; it ends much sooner where the machine is not overloaded. */
const processMs = 5000;

/** Linux only; undefined elsewhere, and where nobody listens any more. */
export async function portOwner(host: string, port: number): Promise<PortOwner | undefined> {
  if (process.platform !== 'linux') return undefined;
  const [tcp, tcp6] = await Promise.all([wholeTable('tcp'), wholeTable('tcp6')]);
  const anywhere = [
    ...listeners(tcp, tableAddress('tcp', host, port)),
    ...listeners(tcp, tableAddress('tcp', '0.0.0.0', port)),
    ...listeners(tcp6, tableAddress('tcp6', host, port)),
    // An IPv6 socket for any address takes the IPv4 port too.
    ...listeners(tcp6, tableAddress('tcp6', '::1', port)?.replace(/^[^:]+/, '0'.repeat(32))),
  ];
  const [entry] = anywhere;
  if (entry === undefined) return undefined;
  const pid = await createProcessFinder().find(entry.inode, undefined, processMs);
  const found = pid === undefined ? undefined : await createProcessReader()(pid);
  if (found === undefined) return { uid: entry.uid };
  return { uid: entry.uid, process: { pid: found.pid, name: found.program } };
}

/** The same for a sentence; "another program" where more cannot be known. */
export async function portOwnerName(host: string, port: number): Promise<string> {
  const owner = await portOwner(host, port).catch(() => undefined);
  if (owner === undefined) return 'another program';
  const { uid, process } = owner;
  return process === undefined
    ? `a process of the user with id ${uid}`
    : `${process.name} (process ${process.pid})`;
}

async function wholeTable(table: SocketTable): Promise<string> {
  let text = '';
  await readSocketTable(table, (lines) => {
    text += lines;
    return true;
  }).catch(() => undefined);
  return text;
}

function listeners(text: string, local: string | undefined) {
  return local === undefined ? [] : findSockets(text, local, '').filter(({ state }) => state === listening);
}
