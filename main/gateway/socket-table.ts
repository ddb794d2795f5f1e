import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';

/**
 * Linux's tables of TCP sockets, /proc/net/tcp and /proc/net/tcp6: proc_pid_net(5), and
 * Documentation/networking/proc_net_tcp.rst of the kernel. Everybody may read them.
 */
export interface SocketEntry {
  /** TCP state in hexadecimal: 01 is established, 0A listening. */
  state: string;
  uid: number;
  inode: string;
}

export type SocketTable = 'tcp' | 'tcp6';

/** The table's text, or an empty one where the system has no such table. */
export async function readSocketTable(table: SocketTable): Promise<string> {
  try {
    return await readFile(`/proc/net/${table}`, 'latin1');
  } catch {
    return '';
  }
}

/** All entries whose text begins with these two addresses; several where old connections linger. */
export function findSockets(text: string, local: string, remote: string): SocketEntry[] {
  const entries: SocketEntry[] = [];
  const key = `: ${local} ${remote}`;
  for (let at = text.indexOf(key); at >= 0; at = text.indexOf(key, at + 1)) {
    const end = text.indexOf('\n', at);
    const fields = text.slice(at + 2, end < 0 ? undefined : end).split(/ +/);
    const [, , state = '', , , , uid = '', , inode = ''] = fields;
    if (/^\d+$/.test(uid)) entries.push({ state, uid: Number(uid), inode });
  }
  return entries;
}

/**
 * An address as the table writes it: 32-bit words as the machine stores them, then the port.
 *
 * @param host IPv4 in dots, or `::1`.
 * @returns undefined for an address that no loopback peer has.
 */
export function tableAddress(table: SocketTable, host: string, port: number): string | undefined {
  const bytes = host === '::1' ? [0, 0, 0, 1] : host.split('.').map(Number);
  if (bytes.length !== 4 || bytes.some((byte) => !(byte >= 0 && byte <= 255))) return undefined;
  if (host === '::1' && table === 'tcp') return undefined;
  const last = word(bytes);
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  if (table === 'tcp') return last + suffix;
  // A socket for both families, as Java opens them, has an IPv4 peer as ::ffff:a.b.c.d.
  const third = host === '::1' ? word([0, 0, 0, 0]) : word([0, 0, 255, 255]);
  return word([0, 0, 0, 0]).repeat(2) + third + last + suffix;
}

function word(bytes: number[]): string {
  const stored = endianness() === 'LE' ? bytes.toReversed() : bytes;
  return stored.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join('');
}
