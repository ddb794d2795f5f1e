import type { Audit } from '../audit/audit.ts';
import type { AuditEvent } from '../audit/events.ts';
import { auditFault } from '../audit/fault.ts';
import type { Followed } from '../audit/follow.ts';
import { noted } from '../audit/recorded.ts';
import { LatchkeyError, toLogText, toProblem, type Problem } from '../contract/errors.ts';
import { writeCursor, type Cursor } from './cursor.ts';

export interface ProgressOptions {
  sink: string;
  cursorFile: string;
  audit: Pick<Audit, 'append'>;
  changed(): void;
  log(line: string): void;
  now(): number;
  /** An outage of this length is recorded. */
  noteworthyMs: number;
}

/** How the way to a sink goes: kept over restarts, and on record where somebody should know. */
export function createProgress(options: ProgressOptions, cursor: Cursor) {
  const { sink, cursorFile, audit, changed, log, now } = options;
  let problem: Problem | undefined =
    cursor.failingSince === undefined
      ? undefined
      : toProblem(
          new LatchkeyError(
            'export-failed',
            'The log server took nothing in the last run, and is tried again.',
          ),
        );
  let isNoted = false;
  let attempt = 0;

  /** Where it cannot be kept, the sink gets some records once more after the next start. */
  const keep = (): Promise<void> =>
    writeCursor(cursorFile, cursor).catch((error: unknown) =>
      log(`audit sink "${sink}": ${toLogText(error)}`),
    );

  async function succeeded({ records, end, lost }: Followed, rejected: number): Promise<void> {
    const since = cursor.failingSince;
    const wasNoted = isNoted;
    cursor.sent = end;
    cursor.failingSince = undefined;
    problem = undefined;
    isNoted = false;
    attempt = 0;
    await keep();
    const [first] = records;
    if (lost !== undefined) await tell({ event: 'export-lost', sink, ...lost });
    // Where it refuses everything, it would refuse this as well, and so on.
    const isNews = records.some(({ record }) => record.event !== 'export-rejected');
    if (rejected > 0 && first !== undefined && isNews)
      await tell({
        event: 'export-rejected',
        sink,
        records: rejected,
        firstSeq: first.record.seq,
        lastSeq: end.seq,
      });
    if (wasNoted && since !== undefined)
      await tell({ event: 'export-resumed', sink, since: new Date(since).toISOString() });
    changed();
  }

  async function tell(event: AuditEvent & { sink: string }): Promise<void> {
    const { event: what, ...members } = event;
    log(`audit: ${what} ${JSON.stringify(members)}`);
    await noted(audit, event);
  }

  async function failed(error: LatchkeyError): Promise<number> {
    const found = toProblem(error);
    if (problem?.message !== found.message) log(`audit sink "${sink}": ${found.message}`);
    problem = found;
    if (cursor.failingSince === undefined) {
      cursor.failingSince = now();
      await keep();
    }
    if (!isNoted && now() - cursor.failingSince >= options.noteworthyMs) {
      isNoted = true;
      const since = new Date(cursor.failingSince).toISOString();
      await tell({ event: 'export-failed', sink, since, ...auditFault(found) });
    }
    changed();
    attempt += 1;
    return attempt - 1;
  }

  return {
    /** Why it takes nothing now. */
    problem: (): Problem | undefined => problem,
    /** These have been dealt with. */
    succeeded,
    /** @returns how many tries have failed before this one */
    failed,
  };
}
