import { closeSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { createTurn } from './turn.ts';

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

/** The kernel gives no more than a page at a time. Filled and read within one turn of the event loop. */
const page = Buffer.allocUnsafe(64 * 1024);

/**
 * Reads the table in pieces of whole lines, until `more` returns false. The kernel makes each piece while it is read,
 * walking all its sockets, so that stopping early saves most of the time.
 *
 * It is read in this thread, as the kernel has it in memory: a piece takes 0.04 ms, and the way to the thread pool and
 * back several times as much.
 *
 * @throws NodeJS.ErrnoException where there is no such table (ENOENT: a system without IPv6, or a /proc that shows
 *   processes only), it may not be read, or this process may open no more files (EMFILE, ENFILE).
 */
export async function readSocketTable(table: SocketTable, more: (lines: string) => boolean): Promise<void> {
  const file = openSync(`/proc/net/${table}`, 'r');
  try {
    let rest = '';
    const turn = createTurn();
    for (;;) {
      const bytesRead = readSync(file, page, 0, page.length, null);
      if (bytesRead === 0) return;
      const text = rest + page.toString('latin1', 0, bytesRead);
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      if (!more(text.slice(0, end))) return;
      if (turn.isOver()) await turn.next();
    }
  } finally {
    closeSync(file);
  }
}

/** All entries whose text begins with these two addresses; several where old connections linger. */
export function findSockets(lines: string, local: string, remote: string): SocketEntry[] {
  const entries: SocketEntry[] = [];
  const key = `: ${local} ${remote}`;
  for (let at = lines.indexOf(key); at >= 0; at = lines.indexOf(key, at + 1)) {
    const end = lines.indexOf('\n', at);
    const fields = lines.slice(at + 2, end < 0 ? undefined : end).split(/ +/);
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
