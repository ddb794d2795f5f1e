import { readFileSync, readdirSync } from 'node:fs';
import type { Socket } from 'node:net';

/**
 * What is kept free of the files that this process may open: for the API, the audit, sign-ins, and for telling clients
 * why no more of them come in. Node has raised the soft limit to the hard one.
 */
const reserve = { part: 1 / 8, least: 16, most: 64 };

export type DescriptorBudget = ReturnType<typeof createDescriptorBudget>;

/**
 * Tells from an accepted socket how near the process is to its limit: the system gives out the lowest number that is
 * free, so that all below it are in use. Where number or limit is not known, nothing is short.
 */
export function createDescriptorBudget(limit: number | undefined = openFilesLimit()) {
  const kept = keptOf(limit ?? 0);
  const isAbove = (socket: Socket, bound: number): boolean => {
    const fd = (socket as { _handle?: { fd?: unknown } | null } & Socket)._handle?.fd;
    return limit !== undefined && typeof fd === 'number' && fd >= bound;
  };
  return {
    /** No session is opened for it, and it is told so. */
    isShort: (socket: Socket): boolean => isAbove(socket, (limit ?? 0) - kept),
    /** Not even that. */
    isOut: (socket: Socket): boolean => isAbove(socket, (limit ?? 0) - kept / 2),
  };
}

function keptOf(limit: number): number {
  return Math.min(reserve.most, Math.max(reserve.least, limit * reserve.part));
}

/** Of this thread, promised and not open yet; what is open is counted by the system. */
let promised = 0;

/**
 * Promises descriptors to a login that needs more of them than its two sockets. Others that come at the same moment see
 * them as taken.
 *
 * @returns to be called when they are open, or not needed any more; undefined where they would come out of what is kept
 * free. Where number or limit is not known, nothing is short.
 */
export function promiseDescriptors(count: number): (() => void) | undefined {
  const limit = openFilesLimit();
  const open = openFiles();
  if (limit !== undefined && open !== undefined && open + promised + count > limit - keptOf(limit))
    return undefined;
  promised += count;
  return () => {
    promised -= count;
  };
}

function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}

/** The files that this process may have open at once; undefined where that cannot be read (Linux only). */
export function openFilesLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
