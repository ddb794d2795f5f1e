import { readFile, readdir, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { type SocketTable, findSockets, readSocketTable, tableAddress } from './socket-table.ts';

/** Who listens at a port of this computer. */
export interface PortOwner {
  uid: number;
  /** Absent where the process belongs to another user, whose files may not be read. */
  process?: { pid: number; name: string };
}

const listening = '0A';

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
  const owner = await processWith(`socket:[${entry.inode}]`);
  return owner === undefined ? { uid: entry.uid } : { uid: entry.uid, process: owner };
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
  });
  return text;
}

function listeners(text: string, local: string | undefined) {
  return local === undefined ? [] : findSockets(text, local, '').filter(({ state }) => state === listening);
}

/** Looks through the open files of every process that we may look at. */
async function processWith(file: string): Promise<PortOwner['process']> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const folder = `/proc/${pid}/fd`;
    // Processes come and go, and those of others are closed to us.
    const names = await readdir(folder).catch(() => []);
    const targets = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => '')));
    if (!targets.includes(file)) continue;
    return { pid: Number(pid), name: await processName(pid) };
  }
  return undefined;
}

/** The program's file, as the name that a process gives itself may be any thread's ("MainThread" for Node). */
async function processName(pid: string): Promise<string> {
  const file = await readlink(`/proc/${pid}/exe`).catch(() => undefined);
  if (file !== undefined) return basename(file.replace(/ \(deleted\)$/, ''));
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'an unknown program');
  return name.trim();
}
