import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LatchkeyError, toProblem, type Problem } from '../contract/errors.ts';
import type { AppState } from '../contract/state.ts';
import { writeDurably } from '../store/durable-file.ts';
import { systemReason } from '../store/system-reason.ts';
import { readAnchor, writeAnchor } from './anchor.ts';
import type { ChainBreak } from './chain.ts';
import type { AuditEvent, AuditRepair } from './events.ts';
import { findEnd } from './find-end.ts';
import { openAuditFile, openLog, type AuditLog, type OpenAuditFile } from './log.ts';
import { genesis } from './record-line.ts';

export interface Audit {
  /**
   * Resolves when the record is on the disk; calls at the same time share one sync. Records stand in the order of the
   * calls. Throws LatchkeyError `audit-unwritable` where it cannot be written: whatever it was to record must then
   * not happen. What was refused is taken out of the file again; only a process that ends before it could do that
   * leaves it there. Each call tries anew, so the audit recovers by itself.
   */
  append(event: AuditEvent): Promise<void>;
  state(): AppState['audit'];
  /** Set once records that had been written were found damaged or gone (`audit-broken`). Writing goes on after them. */
  damage(): Problem | undefined;
  /** Called after each change of `state` or `damage`. Returns the way to stop. */
  subscribe(listener: () => void): () => void;
  /** Writes what was appended before, and the anchor. */
  close(): Promise<void>;
}

export interface AuditOptions {
  /** Belongs to this audit alone; one process at a time (the home's lock sees to that). */
  folder: string;
  now?: () => Date;
  /** Signs the anchor; see anchor.ts. */
  anchorKey?: Uint8Array;
  /** 8 MiB unless told: about 15,000 records, read in part of a second at start. */
  maxFileBytes?: number;
  /** How audit files are opened: the place to put a slow or faulty disk in. */
  openFile?: OpenAuditFile;
}

interface Waiting {
  event: AuditEvent;
  resolve(): void;
  reject(reason: LatchkeyError): void;
}

const anchorEveryMs = 1000;
const largestGroup = 1000;
/** A disk that hangs must not fill the memory. */
const longestQueue = 10_000;
const pendingSuffix = '.pending';

/**
 * Opens the audit, repairs what a crash left and notes it. A disk that cannot be written is not an error here: the
 * state is then `failed`, and every append tries again.
 */
export async function openAudit(options: AuditOptions): Promise<Audit> {
  const { folder, anchorKey, now = () => new Date(), openFile = openAuditFile } = options;
  const logOptions = { openFile, maxFileBytes: options.maxFileBytes ?? 8 * 1024 * 1024 };
  const listeners = new Set<() => void>();
  const queue: Waiting[] = [];
  let log: AuditLog | undefined;
  /** The last write failed and could not be taken back yet. */
  let remains = false;
  /** What this process has written for certain, also while the log is closed. */
  let written = genesis;
  let anchored = genesis.seq;
  let anchoredAt = performance.now();
  let anchorTimer: NodeJS.Timeout | undefined;
  let anchorDue = false;
  let working: Promise<void> | undefined;
  let closed = false;
  let path = folder;
  let writeProblem: Problem | undefined;
  let anchorProblem: Problem | undefined;
  let damage: Problem | undefined;

  function tell(): void {
    // Later, so that a listener that throws cannot pass for a disk that fails.
    for (const listener of listeners) queueMicrotask(listener);
  }

  function unwritable(cause: unknown): LatchkeyError {
    const { because, remedy } = systemReason(cause instanceof LatchkeyError ? cause.cause : cause);
    return new LatchkeyError(
      'audit-unwritable',
      `The audit in ${folder} cannot be written because ${because}.`,
      {
        remedy: `${remedy} Until then no new access is given.`,
        cause,
      },
    );
  }

  /** Finds the end of the chain, repairs it and notes the repair. */
  async function resume(): Promise<AuditLog> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const anchor = await readAnchor(folder, anchorKey);
    const found = await findEnd(folder, anchor, written);
    // From the first record on, a missing anchor means that somebody took it away.
    if (anchor.kind === 'absent' && found.isNew) await writeAnchor(folder, genesis, anchorKey);
    if (found.torn !== undefined) {
      const time = now().toISOString().replaceAll(/[-:.]/g, '');
      const name = `torn-${found.file.number}-${found.length}-${time}.bin${pendingSuffix}`;
      await writeDurably(join(folder, name), found.torn);
    }
    const opened = await openLog(found, logOptions);
    try {
      await opened.takeBack();
      const pending = (await readdir(folder)).filter((name) => name.endsWith(`.bin${pendingSuffix}`));
      const repairs: AuditRepair[] = [];
      if (found.broken !== undefined)
        repairs.push({ event: 'audit-repaired', cause: 'chain-broken', ...found.broken });
      for (const name of pending) {
        const { size } = await stat(join(folder, name));
        const keptIn = name.slice(0, -pendingSuffix.length);
        repairs.push({ event: 'audit-repaired', cause: 'torn-tail', keptIn, bytes: size });
      }
      if (repairs.length > 0) await opened.write(repairs, now());
      // Only now: a crash before this makes the next start note the same repair again, rather than never.
      for (const name of pending)
        await rename(join(folder, name), join(folder, name.slice(0, -pendingSuffix.length)));
    } catch (thrown) {
      await opened.takeBack().catch(() => undefined);
      await opened.close().catch(() => undefined);
      throw thrown;
    }
    if (found.broken !== undefined) noteDamage(found.broken);
    written = opened.end();
    path = opened.path();
    if (written.seq !== anchored) scheduleAnchor();
    return opened;
  }

  function noteDamage({ file, line, detail }: ChainBreak): void {
    damage = toProblem(
      new LatchkeyError(
        'audit-broken',
        `The audit was damaged or changed at ${file}, line ${line}: ${detail}`,
        {
          remedy: 'Find out who could write to this folder; "latchkey audit verify" lists every place.',
        },
      ),
    );
    tell();
  }

  async function drop(): Promise<void> {
    const dropped = log;
    log = undefined;
    await dropped?.close().catch(() => undefined);
  }

  async function commit(events: readonly AuditEvent[]): Promise<void> {
    try {
      if (remains) await log?.takeBack();
      remains = false;
      if (log !== undefined && !(await log.isUntouched())) await drop();
      log ??= await resume();
      await log.write(events, now());
      written = log.end();
      path = log.path();
    } catch (thrown) {
      await log?.takeBack().catch(() => {
        remains = true;
      });
      throw thrown;
    }
  }

  async function saveAnchor(): Promise<void> {
    anchorDue = false;
    clearTimeout(anchorTimer);
    anchorTimer = undefined;
    anchoredAt = performance.now();
    if (written.seq === anchored) return;
    const end = written;
    try {
      await writeAnchor(folder, end, anchorKey);
      anchored = end.seq;
      setProblems(writeProblem, undefined);
    } catch (thrown) {
      setProblems(writeProblem, toProblem(unwritable(thrown)));
      scheduleAnchor();
    }
  }

  function scheduleAnchor(): void {
    if (anchorTimer !== undefined || closed) return;
    anchorTimer = setTimeout(() => {
      anchorDue = true;
      wake();
    }, anchorEveryMs);
    anchorTimer.unref();
  }

  function setProblems(write: Problem | undefined, anchor: Problem | undefined): void {
    const isSame = write?.message === writeProblem?.message && anchor?.message === anchorProblem?.message;
    writeProblem = write;
    anchorProblem = anchor;
    if (!isSame) tell();
  }

  async function work(): Promise<void> {
    while (queue.length > 0 || anchorDue) {
      const group = queue.splice(0, largestGroup);
      if (group.length > 0) {
        try {
          await commit(group.map(({ event }) => event));
          setProblems(undefined, anchorProblem);
          for (const { resolve } of group) resolve();
        } catch (thrown) {
          const error = unwritable(thrown);
          setProblems(toProblem(error), anchorProblem);
          for (const { reject } of group) reject(error);
        }
      }
      if (anchorDue || performance.now() - anchoredAt >= anchorEveryMs) await saveAnchor();
      else if (written.seq !== anchored) scheduleAnchor();
    }
    working = undefined;
  }

  function wake(): void {
    // Not at once, so that appends of the same turn of the event loop go into one group.
    working ??= Promise.resolve().then(work);
  }

  try {
    log = await resume();
  } catch (thrown) {
    writeProblem = toProblem(unwritable(thrown));
  }

  return {
    append(event) {
      if (closed || queue.length >= longestQueue) {
        const why = closed ? 'it is closed' : 'the disk does not keep up';
        return Promise.reject(
          new LatchkeyError('audit-unwritable', `The audit in ${folder} cannot be written because ${why}.`),
        );
      }
      return new Promise((resolve, reject) => {
        queue.push({ event, resolve, reject });
        wake();
      });
    },
    state() {
      const problem = writeProblem ?? anchorProblem;
      return problem === undefined ? { kind: 'writing', path } : { kind: 'failed', path, problem };
    },
    damage: () => damage,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      if (closed) return;
      closed = true;
      await working;
      await saveAnchor();
      await drop();
    },
  };
}
