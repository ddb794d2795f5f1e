import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { scriptCandidate, takesScript } from './script.ts';
import type { PeerProcess } from '../ports.ts';
import { createTurn, type Turn } from './turn.ts';

/**
 * Processes of Linux as /proc tells of them: proc_pid_fd(5), proc_pid_exe(5), proc_pid_stat(5), proc_pid_cmdline(5).
 *
 * What the kernel has at hand (links, lists, states) is read in this thread: that takes some microseconds, and the way to
 * the thread pool and back a hundred. A command line lies in the memory of its process, which may be stuck: it is read in
 * the thread pool, and of interpreters only.
 */

/** How many processes that owned sockets lately are looked at before all others. */
const recentAtMost = 32;
/** One with more open files is left to the pass through all: a crowd of connections must not delay the look for one. */
const recentFilesAtMost = 2000;
const commandLineBytes = 64 * 1024;

interface Wanted {
  link: string;
  uid: number | undefined;
  settle(pid: number | undefined): void;
}

/**
 * Finds the process that has a socket open. Linux keeps no list for that, so the open files of processes are gone
 * through: first of those that owned sockets lately, then of all, the newest first. Whoever asks meanwhile shares the
 * same pass.
 */
export function createProcessFinder() {
  /** The last one that was found is the last one in here. */
  const recent = new Set<number>();
  const amongRecent = createSweep(() => [...recent].toReversed(), noteOwner, recentFilesAtMost);
  const amongAll = createSweep(allProcesses, noteOwner, Infinity);

  function noteOwner(pid: number): void {
    recent.delete(pid);
    recent.add(pid);
    const [oldest] = recent;
    if (recent.size > recentAtMost && oldest !== undefined) recent.delete(oldest);
  }

  return {
    /**
     * @param uid looks only into processes of this user; into all that may be read where it is undefined
     * @returns undefined where the process has gone, may not be read, or was not found in `timeoutMs`
     */
    async find(inode: string, uid: number | undefined, timeoutMs: number): Promise<number | undefined> {
      const deadline = performance.now() + timeoutMs;
      const found = await amongRecent(inode, uid, timeoutMs);
      return found ?? amongAll(inode, uid, Math.max(0, deadline - performance.now()));
    },
  };
}

/**
 * Goes through a list of processes for everybody who asks, one pass at a time. Who asks during a pass may be found by
 * it, but is given up only after a pass that began later. It stops as soon as nobody waits.
 */
function createSweep(list: () => number[], found: (pid: number) => void, filesAtMost: number) {
  const wanted = new Set<Wanted>();
  let sweeping = false;

  async function lookInto(pid: number, turn: Turn): Promise<void> {
    const folder = `/proc/${pid}`;
    const owner = attempt(() => statSync(folder))?.uid;
    const isWanted = [...wanted].some(({ uid }) => uid === undefined || uid === owner);
    if (owner === undefined || !isWanted) return;
    // A new socket has the lowest free number: in a program with many it is as likely to be a high one.
    const names = attempt(() => readdirSync(`${folder}/fd`))?.toReversed() ?? [];
    if (names.length > filesAtMost) return;
    for (const name of names) {
      const link = attempt(() => readlinkSync(`${folder}/fd/${name}`));
      for (const one of wanted) {
        if (link !== one.link || (one.uid !== undefined && one.uid !== owner)) continue;
        found(pid);
        one.settle(pid);
      }
      if (wanted.size === 0) return;
      if (turn.isOver()) await turn.next();
    }
  }

  async function sweep(): Promise<void> {
    sweeping = true;
    const turn = createTurn();
    while (wanted.size > 0) {
      const fromTheStart = [...wanted];
      for (const pid of list()) {
        if (wanted.size === 0) break;
        if (turn.isOver()) await turn.next();
        await lookInto(pid, turn);
      }
      for (const one of fromTheStart) one.settle(undefined);
    }
    sweeping = false;
  }

  return (inode: string, uid: number | undefined, timeoutMs: number): Promise<number | undefined> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => one.settle(undefined), timeoutMs);
      const one: Wanted = {
        link: `socket:[${inode}]`,
        uid,
        settle(pid) {
          clearTimeout(timer);
          wanted.delete(one);
          resolve(pid);
        },
      };
      wanted.add(one);
      if (!sweeping) void sweep();
    });
}

/** Newest first, ourselves last: a gateway holds its own end of every connection, and is the client in tests only. */
function allProcesses(): number[] {
  const pids = (attempt(() => readdirSync('/proc')) ?? []).filter((name) => /^\d+$/.test(name)).map(Number);
  const others = pids.filter((pid) => pid !== process.pid).toSorted((left, right) => right - left);
  return [...others, process.pid];
}

/** Undefined where the process has gone meanwhile, or may not be looked into. */
function attempt<Result>(look: () => Result): Result | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** How many scripts are kept: of shells that start one client after another, and of programs with many connections. */
const scriptsAtMost = 64;

/**
 * Tells what a process is: its program's file, the script that an interpreter runs ("python3.11 (report.py)"), and what
 * started it. Undefined where it has gone. In a sandbox the path is the one that the sandbox sees.
 */
export function createProcessReader() {
  const scripts = new Map<number, { image: string; script: string | undefined }>();

  /**
   * Read once for each program that a process runs: a shell starts many clients, and its command line stays. A process
   * that has started another program (exec) has another image. One that wants to be taken for another script can write
   * that into its command line anyway.
   */
  async function scriptOnce(
    pid: number,
    program: string,
    image: string | undefined,
  ): Promise<string | undefined> {
    if (image === undefined) return scriptOf(pid, program);
    const kept = scripts.get(pid);
    if (kept?.image === image) return kept.script;
    const script = await scriptOf(pid, program);
    scripts.delete(pid);
    scripts.set(pid, { image, script });
    const [oldest] = scripts.keys();
    if (scripts.size > scriptsAtMost && oldest !== undefined) scripts.delete(oldest);
    return script;
  }

  async function describeProgram(
    pid: number,
    image: string | undefined,
  ): Promise<{ program: string; path?: string } | undefined> {
    const link = attempt(() => readlinkSync(`/proc/${pid}/exe`));
    if (link === undefined) {
      // Of another user, or of the kernel: the name that it gives itself is all there is.
      const name = attempt(() => readFileSync(`/proc/${pid}/comm`, 'utf8'));
      return name === undefined ? undefined : { program: name.trim() };
    }
    const path = link.replace(/ \(deleted\)$/, '');
    const program = basename(path);
    const running = image === undefined ? undefined : `${image} ${path}`;
    const script = takesScript(program) ? await scriptOnce(pid, program, running) : undefined;
    return { program: script === undefined ? program : `${program} (${script})`, path };
  }

  return async (pid: number): Promise<PeerProcess | undefined> => {
    const state = readState(pid);
    const own = await describeProgram(pid, state?.image);
    if (own === undefined) return undefined;
    const parentPid = state?.parent;
    const parent =
      parentPid === undefined ? undefined : await describeProgram(parentPid, readState(parentPid)?.image);
    return {
      pid,
      ...own,
      ...(parentPid === undefined || parent === undefined
        ? {}
        : { parent: { pid: parentPid, program: parent.program } }),
    };
  };
}

async function scriptOf(pid: number, program: string): Promise<string | undefined> {
  const candidate = scriptCandidate(program, await commandLine(pid));
  if (candidate === undefined || candidate.kind === 'name') return candidate?.text;
  const { text } = candidate;
  const root = `/proc/${pid}/${text.startsWith('/') ? 'root' : 'cwd'}`;
  const found = await stat(`${root}/${text}`).catch(() => undefined);
  const name = basename(text);
  return found?.isFile() === true && /^[\p{L}\p{N} ._+-]{1,100}$/u.test(name) ? name : undefined;
}

/** The words after the program's name, as far as they fit; empty where it may not be read. */
async function commandLine(pid: number): Promise<string[]> {
  const file = await open(`/proc/${pid}/cmdline`).catch(() => undefined);
  if (file === undefined) return [];
  try {
    const buffer = Buffer.alloc(commandLineBytes);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    // Each word ends with a zero byte, so what follows the last one is either nothing or a word that was cut off.
    return buffer.toString('utf8', 0, bytesRead).split('\0').slice(1, -1);
  } catch {
    return [];
  } finally {
    await file.close();
  }
}

interface ProcessState {
  parent: number | undefined;
  /** Tells one program from the next that the same process runs; undefined where nothing does. */
  image: string | undefined;
}

/**
 * proc_pid_stat(5). When it was started, and where its code, its stack and its arguments lie: the system chooses these
 * anew for each program, and tells them to whom may look into the process only. The second field is a name in parentheses
 * that may itself hold parentheses and blanks.
 */
function readState(pid: number): ProcessState | undefined {
  const line = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (line === undefined) return undefined;
  const fromThird = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): string => fromThird[number - 3] ?? '0';
  const parent = Number(field(4));
  const [startTime, code, stack, args] = [22, 26, 28, 48].map(field);
  const isKnown = startTime !== '0' && stack !== '0' && args !== '0';
  return {
    parent: parent > 0 ? parent : undefined,
    image: isKnown ? [startTime, code, stack, args].join(' ') : undefined,
  };
}
