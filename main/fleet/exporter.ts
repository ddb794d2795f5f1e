import type { Audit } from '../audit/audit.ts';
import { createFollower, type FollowedRecord } from '../audit/follow.ts';
import { genesis } from '../audit/record-line.ts';
import { noted } from '../audit/recorded.ts';
import { backoffMs, wait } from '../base/retry.ts';
import { LatchkeyError, type Problem } from '../contract/errors.ts';
import { systemReason } from '../store/system-reason.ts';
import { readCursor, writeCursor, type Cursor } from './cursor.ts';
import { createProgress } from './progress.ts';

/** A server that says itself when to come back. */
export class Later extends LatchkeyError {
  readonly ms: number;

  constructor(ms: number, ...rest: ConstructorParameters<typeof LatchkeyError>) {
    super(...rest);
    this.ms = ms;
  }
}

/** The way to a server. */
export interface Transport {
  /**
   * Resolves once the server has all of them.
   * @returns how many of them it has refused for good
   * @throws LatchkeyError; the same records come again then
   */
  deliver(records: readonly FollowedRecord[], signal: AbortSignal): Promise<{ rejected: number }>;
  close?(): Promise<void>;
}

export interface ExporterOptions {
  sink: string;
  transport: Transport;
  /** Of the audit. */
  folder: string;
  /** Keeps how far the sink has come. */
  cursorFile: string;
  audit: Pick<Audit, 'append' | 'end' | 'onWritten'>;
  changed(): void;
  log(line: string): void;
  now(): number;
  times?: Partial<typeof usualTimes>;
}

export interface ExporterState {
  /** Records that the sink has not got yet. */
  behind: number;
  failing: { since: number; problem: Problem } | undefined;
}

export type Exporter = Awaited<ReturnType<typeof openExporter>>;

const usualTimes = {
  /** Single records leave in groups, as each group may be a connection of its own. */
  collectMs: 2000,
  firstRetryMs: 1000,
  longestRetryMs: 60_000,
  longestLaterMs: 300_000,
  /** A network that was away for a moment is nothing for the record. */
  noteworthyMs: 60_000,
  farewellMs: 2000,
};

/**
 * Brings the records of the audit to a server, in their order and at least once. The audit's own files are the queue: what
 * is kept here is only how far the server has come, and nobody who writes a record waits for it.
 */
export async function openExporter(options: ExporterOptions) {
  const { transport, audit } = options;
  const times = { ...usualTimes, ...options.times };
  const follower = createFollower(options.folder);
  const cursor = await takeUp(options);
  const progress = createProgress({ ...options, noteworthyMs: times.noteworthyMs }, cursor);
  let isClosing = false;
  let wake: () => void = () => undefined;
  /** Ends pauses. */
  const hurry = new AbortController();
  /** Ends what is under way. */
  const stop = new AbortController();
  const unsubscribe = audit.onWritten(() => wake());

  const isCaughtUp = (): boolean => {
    const { seq, hash } = audit.end();
    // An audit that could not be opened yet has no record either: how far the sink has come is not forgotten over that.
    return seq === 0 || (cursor.sent.seq === seq && cursor.sent.hash === hash);
  };

  /** @returns how long to pause before the next one */
  async function step(): Promise<number> {
    try {
      const followed = await follower.next(cursor.sent, audit.end());
      const { records } = followed;
      const { rejected } =
        records.length === 0 ? { rejected: 0 } : await transport.deliver(records, stop.signal);
      await progress.succeeded(followed, rejected);
      return isCaughtUp() ? times.collectMs : 0;
    } catch (error) {
      if (stop.signal.aborted) return 0;
      const attempt = await progress.failed(error instanceof LatchkeyError ? error : unreadable(error));
      const pauseMs = backoffMs(attempt, times.firstRetryMs, times.longestRetryMs);
      return error instanceof Later ? Math.max(pauseMs, Math.min(error.ms, times.longestLaterMs)) : pauseMs;
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      if (isCaughtUp()) {
        if (isClosing) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const pauseMs = await step();
      if (isClosing && progress.problem() !== undefined) return;
      if (!hurry.signal.aborted) await wait(pauseMs, hurry.signal).catch(() => undefined);
    }
  }

  const running = run();
  return {
    state(): ExporterState {
      const problem = progress.problem();
      const { sent, failingSince } = cursor;
      const isFailing = problem !== undefined && failingSince !== undefined;
      return {
        behind: Math.max(0, audit.end().seq - sent.seq),
        failing: isFailing ? { since: failingSince, problem } : undefined,
      };
    },
    /** Since when records have not reached the sink, in ms since 1970; also of the last run, before the first try of this one. */
    failingSince: (): number | undefined => cursor.failingSince,
    /** Sends what there is, for two seconds at most; the rest leaves after the next start. */
    async close(): Promise<void> {
      isClosing = true;
      hurry.abort();
      wake();
      const farewell = setTimeout(() => {
        stop.abort();
        wake();
      }, times.farewellMs);
      await running;
      clearTimeout(farewell);
      unsubscribe();
      await transport.close?.();
    },
  };
}

/** A sink that is new begins with what comes now. */
async function takeUp({ sink, cursorFile, audit, log }: ExporterOptions): Promise<Cursor> {
  const found = await readCursor(cursorFile);
  if (found === 'damaged') {
    log(`audit sink "${sink}": ${cursorFile} is damaged, so all records are sent once more.`);
    return { sent: genesis, failingSince: undefined };
  }
  if (found !== undefined) return found;
  const cursor: Cursor = { sent: audit.end(), failingSince: undefined };
  await writeCursor(cursorFile, cursor);
  await noted(audit, { event: 'export-started', sink, after: cursor.sent.seq });
  return cursor;
}

function unreadable(cause: unknown): LatchkeyError {
  const { because, remedy } = systemReason(cause);
  return new LatchkeyError('export-failed', `The audit's files cannot be read because ${because}.`, {
    remedy,
    cause,
  });
}
