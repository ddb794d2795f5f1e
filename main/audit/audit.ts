import { LatchkeyError, type Problem } from '../contract/errors.ts';
import type { AppState } from '../contract/state.ts';
import { systemReason } from '../store/system-reason.ts';
import { isNewer } from '../store/versioned.ts';
import type { AuditKey } from './audit-key.ts';
import { createAuditState } from './audit-state.ts';
import { createChainWriter } from './chain-writer.ts';
import type { AuditActor, AuditEvent } from './events.ts';
import { openAuditFile, type OpenAuditFile } from './log.ts';
import { genesis, type ChainEnd } from './record-line.ts';

export interface Audit {
  /**
   * Resolves when the record is on the disk; calls at the same time share one sync. Records stand in the order of the
   * calls. Throws LatchkeyError `audit-unwritable` where it cannot be written: whatever it was to record must then
   * not happen. What was refused is taken out of the file again; only a process that ends before it could do that
   * leaves it there. Each call tries anew, so the audit recovers by itself.
   *
   * @param when `soon` is for what has happened already and nobody waits for: it goes to the disk with the next record
   * that somebody does wait for, and after 20 ms at the latest. Only a kill in that time loses it.
   */
  append(event: AuditEvent, when?: 'now' | 'soon'): Promise<void>;
  state(): AppState['audit'];
  /** The last record that is surely on the disk. */
  end(): ChainEnd;
  /** Set once records that had been written were found damaged or gone (`audit-broken`). Writing goes on after them. */
  damage(): Problem | undefined;
  /** Called after each change of `state` or `damage`. Returns the way to stop. */
  subscribe(listener: () => void): () => void;
  /** Called after records have come on the disk. Returns the way to stop. */
  onWritten(listener: () => void): () => void;
  /** Signs the anchor from the next record on, with a key that came later than the start; the chain is held against it. */
  takeKey(key: AuditKey): void;
  /** Writes what was appended before, and the anchor. */
  close(): Promise<void>;
}

export interface AuditOptions {
  /** Belongs to this audit alone; one process at a time (the home's lock sees to that). */
  folder: string;
  now?: () => Date;
  /** Whom a record names that does not name its actor itself. */
  actor?: (event: AuditEvent) => AuditActor;
  /** Signs the anchor; see anchor.ts. */
  key?: AuditKey | undefined;
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

/** While records come, and after the last one. */
const anchorEveryMs = 1000;
const soonMs = 20;
const largestGroup = 1000;
/** A disk that hangs must not fill the memory. */
const longestQueue = 10_000;

/**
 * Opens the audit, repairs what a crash left and notes it. A disk that cannot be written is not an error here: the
 * state is then `failed`, and every append tries again.
 */
export async function openAudit(options: AuditOptions): Promise<Audit> {
  const { folder, now = () => new Date(), openFile = openAuditFile, key } = options;
  const { maxFileBytes = 8 * 1024 * 1024 } = options;
  const queue: Waiting[] = [];
  const own = createAuditState();
  const onBroken = own.noteDamage;
  const chain = createChainWriter({ folder, now, openFile, maxFileBytes, key, named, onBroken });
  let anchored = genesis.seq;
  let anchoredAt = performance.now();
  const anchorLater = afterAWhile(anchorEveryMs, () => {
    anchorDue = true;
    wake();
  });
  let anchorDue = false;
  /** Something in the queue waits no longer. */
  let isDue = false;
  const soon = afterAWhile(soonMs, makeDue);
  let working: Promise<void> | undefined;
  let closed = false;

  function named(event: AuditEvent): AuditEvent {
    const actor = event.actor ?? options.actor?.(event);
    return actor === undefined ? event : { ...event, actor };
  }

  async function saveAnchor(): Promise<void> {
    anchorDue = false;
    anchorLater.stop();
    anchoredAt = performance.now();
    const end = chain.end();
    if (end.seq === anchored) return;
    try {
      await chain.anchor(end);
      anchored = end.seq;
      own.note('anchor', undefined);
    } catch (thrown) {
      own.note('anchor', unwritable(folder, thrown));
      scheduleAnchor();
    }
  }

  function scheduleAnchor(): void {
    if (!closed && chain.end().seq !== anchored) anchorLater.start();
  }

  async function write(group: Waiting[]): Promise<void> {
    try {
      await chain.write(group.map(({ event }) => event));
      own.note('write', undefined);
      own.written();
      // What kept the anchor from the disk may be gone with what kept the records from it.
      anchorDue ||= own.anchorProblem !== undefined;
      for (const { resolve } of group) resolve();
    } catch (thrown) {
      const error = unwritable(folder, thrown);
      own.note('write', error);
      for (const { reject } of group) reject(error);
    }
  }

  async function work(): Promise<void> {
    while (isDue || anchorDue) {
      const group = queue.splice(0, largestGroup);
      isDue = queue.length > 0;
      soon.stop();
      if (group.length > 0) await write(group);
      if (anchorDue || performance.now() - anchoredAt >= anchorEveryMs) await saveAnchor();
      else scheduleAnchor();
    }
    working = undefined;
  }

  function wake(): void {
    // Not at once, so that appends of the same turn of the event loop go into one group.
    working ??= Promise.resolve().then(work);
  }

  function makeDue(): void {
    isDue = true;
    wake();
  }

  await chain.open().catch((thrown: unknown) => {
    own.note('write', unwritable(folder, thrown));
  });
  scheduleAnchor();

  return {
    append(event, when = 'now') {
      if (closed || queue.length >= longestQueue) {
        const why = closed ? 'it is closed' : 'the disk does not keep up';
        return Promise.reject(
          new LatchkeyError('audit-unwritable', `The audit in ${folder} cannot be written because ${why}.`),
        );
      }
      return new Promise((resolve, reject) => {
        // Now, not when it is written: somebody else may be signed in by then.
        queue.push({ event: named(event), resolve, reject });
        if (when === 'now') makeDue();
        else soon.start();
      });
    },
    state: () => own.state(chain.path()),
    end: chain.end,
    damage: own.damage,
    takeKey: chain.takeKey,
    subscribe: own.subscribe,
    onWritten: own.onWritten,
    async close() {
      if (closed) return;
      closed = true;
      if (queue.length > 0) makeDue();
      await working;
      await saveAnchor();
      await chain.close();
    },
  };
}

function unwritable(folder: string, cause: unknown): LatchkeyError {
  const meanwhile = 'Until then no new access is given.';
  if (isNewer(cause))
    return new LatchkeyError('audit-unwritable', cause.message, {
      remedy: `${cause.remedy ?? ''} ${meanwhile}`,
      cause,
    });
  const { because, remedy } = systemReason(cause instanceof LatchkeyError ? cause.cause : cause);
  return new LatchkeyError(
    'audit-unwritable',
    `The audit in ${folder} cannot be written because ${because}.`,
    { remedy: `${remedy} ${meanwhile}`, cause },
  );
}

/** Calls `act` once, `ms` after the first start since the last stop; a process that has nothing else to do ends before. */
function afterAWhile(ms: number, act: () => void) {
  let timer: NodeJS.Timeout | undefined;
  return {
    start(): void {
      timer ??= setTimeout(act, ms).unref();
    },
    stop(): void {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
