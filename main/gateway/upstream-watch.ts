import type { Socket } from 'node:net';
import type { Connection } from './connection.ts';
import { loadSocketDiagnosis } from './peers/socket-diagnosis.ts';
import { readSocketTable, tableAddress } from './peers/socket-table.ts';

/** Timers of the kernel that run while something is not acknowledged: it is sent again, or a full peer is asked for room. */
const retransmit = '01';
const windowProbe = '04';
const waits = new Set([Number(retransmit), Number(windowProbe)]);

/**
 * Which of these sockets have sent something again, or asked for room, and had no answer: then the other computer, or the
 * way to it, is gone. A server that only takes its time is not among them, as its kernel acknowledges all the same.
 *
 * Only Linux tells. Elsewhere nothing is found: Windows gives such a connection up by itself in less than a minute, macOS
 * in some minutes.
 */
export async function unanswered(
  sockets: readonly Socket[],
  loadDiagnosis = loadSocketDiagnosis,
): Promise<Set<Socket>> {
  const found = new Set<Socket>();
  if (process.platform !== 'linux') return found;
  const diagnose = await loadDiagnosis();
  const untold: Socket[] = [];
  for (const socket of sockets) {
    const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = socket;
    const ends = { address: localAddress, port: localPort, host: remoteAddress, localPort: remotePort };
    const told = diagnose?.(ends);
    if (told === undefined) untold.push(socket);
    else if (waits.has(told.timer) && told.tries > 0) found.add(socket);
  }
  for (const [table, family] of [
    ['tcp', 'IPv4'],
    ['tcp6', 'IPv6'],
  ] as const) {
    const wanted = untold.filter(({ remoteFamily }) => remoteFamily === family);
    if (wanted.length === 0) continue;
    try {
      await readSocketTable(table, (lines) => {
        for (const socket of wanted) if (isUnanswered(lines, socket)) found.add(socket);
        return true;
      });
    } catch {
      // A system that does not show its sockets: its own limit has to do.
    }
  }
  return found;
}

/** @param lines of the kernel's table: Documentation/networking/proc_net_tcp.rst. */
export function isUnanswered(
  lines: string,
  { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0, remoteFamily }: AddressPair,
): boolean {
  const local = tableAddress('tcp', localAddress, localPort);
  const remote = tableAddress('tcp', remoteAddress, remotePort);
  const start =
    remoteFamily === 'IPv4' && local !== undefined && remote !== undefined
      ? `${local} ${remote}`
      : `[0-9A-F]{32}:${hexPort(localPort)} [0-9A-F]{32}:${hexPort(remotePort)}`;
  const row = new RegExp(`: ${start} 01 \\S+ (\\d\\d):\\S+ ([0-9A-F]+) +\\d+ +(\\d+) `);
  const [, timer, retransmits = '0', probes = '0'] = row.exec(lines) ?? [];
  if (timer === retransmit) return Number.parseInt(retransmits, 16) > 0;
  return timer === windowProbe && Number(probes) > 0;
}

type AddressPair = Pick<
  Socket,
  'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort' | 'remoteFamily'
>;

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

interface Watched {
  connection: Connection;
  /** How long something sent may stay without an acknowledgement; in ms. */
  lostAfterMs: number;
  /** Called once. */
  lose(): void;
  bytesRead: number;
  bytesWritten: number;
  /** Times on the monotonic clock. */
  wroteAt: number;
  unansweredSince: number | undefined;
}

/** Timers run late on a busy computer; what is later than this was asleep, or its clock was set. */
const sleptMs = 15_000;
/** After a wake-up: how soon an idle connection is probed, and how long the other side has. */
const probeAfterMs = 1000;
const wakeMs = 60_000;
const lostAfterWakeMs = 10_000;
/** By then the system has sent again what had no answer; what has one is left to the keep-alive. */
const firstTryMs = 30_000;
/** As dial.ts sets it. */
const keepAliveMs = 60_000;

export type UpstreamWatch = ReturnType<typeof createUpstreamWatch>;

/**
 * Notices that the way to a server is gone. Where something is under way the system would try for a quarter of an hour
 * (Linux: tcp_retries2), and a client would hang as long. `look` is to be called every few seconds while there are
 * sessions; it costs next to nothing for those in which something arrives.
 *
 * After a wake-up of the computer every connection is probed by the system's own keep-alive, as a server or a box in
 * between may have forgotten it meanwhile.
 *
 * @param find which of the sockets wait for an acknowledgement in vain.
 */
export function createUpstreamWatch(
  find = unanswered,
  clocks = { wall: Date.now, monotonic: () => performance.now() },
) {
  const watched = new Set<Watched>();
  let lastLook: number | undefined;
  let wokeAt: number | undefined;
  let looking = false;

  function noticeWake(): void {
    const wall = clocks.wall();
    const slept = lastLook !== undefined && wall - lastLook > sleptMs;
    lastLook = wall;
    if (slept) {
      wokeAt = clocks.monotonic();
      for (const { connection } of watched) connection.raw.setKeepAlive(true, probeAfterMs);
    } else if (wokeAt !== undefined && clocks.monotonic() - wokeAt > wakeMs) {
      wokeAt = undefined;
      for (const { connection } of watched) connection.raw.setKeepAlive(true, keepAliveMs);
    }
  }

  async function findLost(): Promise<void> {
    const silent: Watched[] = [];
    const started = clocks.monotonic();
    for (const each of watched) {
      const { bytesRead, bytesWritten } = each.connection.socket;
      const isSilent = bytesRead === each.bytesRead;
      if (bytesWritten !== each.bytesWritten) each.wroteAt = started;
      Object.assign(each, { bytesRead, bytesWritten });
      if (!isSilent) each.unansweredSince = undefined;
      else if (each.unansweredSince !== undefined || started - each.wroteAt < firstTryMs) silent.push(each);
    }
    if (silent.length === 0) return;
    const found = await find(silent.map(({ connection }) => connection.raw));
    const now = clocks.monotonic();
    for (const each of silent) {
      if (!found.has(each.connection.raw)) {
        each.unansweredSince = undefined;
        continue;
      }
      each.unansweredSince ??= now;
      const limit = wokeAt === undefined ? each.lostAfterMs : Math.min(each.lostAfterMs, lostAfterWakeMs);
      if (now - each.unansweredSince >= limit && watched.delete(each)) each.lose();
    }
  }

  return {
    /** @returns to be called when the session is over. */
    add(connection: Connection, lostAfterMs: number, lose: () => void): () => void {
      const { bytesRead, bytesWritten } = connection.socket;
      const each: Watched = {
        connection,
        lostAfterMs,
        lose,
        bytesRead,
        bytesWritten,
        wroteAt: clocks.monotonic(),
        unansweredSince: undefined,
      };
      watched.add(each);
      return () => void watched.delete(each);
    },
    async look(): Promise<void> {
      noticeWake();
      if (looking) return;
      looking = true;
      await findLost().finally(() => {
        looking = false;
      });
    },
    /** Nothing is watched any more: the time until the next session is no sleep. */
    rest(): void {
      lastLook = undefined;
    },
  };
}
