import type { Audit } from './audit.ts';
import type { AuditEvent } from './events.ts';
import { createSuppressed, isRefusal } from './suppressed.ts';

/** While refusals are being counted, and after the last one, their number is written down this often. */
const statementEveryMs = 10_000;

/**
 * An audit that nobody can fill by being refused, and that says what is not in it:
 *
 * - Of refusals for the same reason from the same source, a few in a minute are written; the rest are counted, and a
 *   record `refusals-suppressed` says how many, every ten seconds while they come, after the last, and before the end.
 *   What a client says of itself (user, database, program by its own word, port) makes no source of its own.
 * - What could not be written (a full disk) is counted, and `records-dropped` says so as soon as writing works again.
 *
 * A kill loses the counts of the last ten seconds, never a record.
 */
export function keepStatements(audit: Audit, now: () => Date = () => new Date()): Audit {
  const suppressed = createSuppressed(now);
  const dropped = new Map<AuditEvent['event'], number>();
  let droppedFirst = 0;
  let droppedLast = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;

  function later(): void {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      void state();
    }, statementEveryMs);
    timer.unref();
  }

  /** One at a time, so that nothing is said twice. Never rejects: what could not be said stays counted. */
  function state(): Promise<void> {
    writing ??= writeStatements().finally(() => {
      writing = undefined;
    });
    return writing;
  }

  async function writeStatements(): Promise<void> {
    try {
      await stateDropped();
      await suppressed.state(audit.append);
    } catch {
      // The disk does not take it now.
    }
    if (dropped.size > 0 || !suppressed.isEmpty()) later();
  }

  async function stateDropped(): Promise<void> {
    if (dropped.size === 0) return;
    const counts = [...dropped].map(([event, count]) => ({ event, count }));
    await audit.append({
      event: 'records-dropped',
      dropped: counts,
      since: new Date(droppedFirst).toISOString(),
      until: new Date(droppedLast).toISOString(),
    });
    for (const { event, count } of counts) {
      const left = (dropped.get(event) ?? 0) - count;
      if (left > 0) dropped.set(event, left);
      else dropped.delete(event);
    }
  }

  function noteDropped({ event }: AuditEvent): void {
    droppedLast = now().getTime();
    if (dropped.size === 0) droppedFirst = droppedLast;
    dropped.set(event, (dropped.get(event) ?? 0) + 1);
    later();
  }

  /** True where a refusal only counts. */
  function isCounted(event: AuditEvent): boolean {
    if (!isRefusal(event)) return false;
    const { isCounted, isMinuteOver } = suppressed.count(event);
    if (isMinuteOver) void state();
    if (isCounted) later();
    return isCounted;
  }

  return {
    ...audit,
    async append(event, when) {
      if (isCounted(event)) return;
      // The last word of a broker: what has been counted comes before it.
      if (event.event === 'broker-stopped') await state();
      try {
        await audit.append(event, when);
      } catch (thrown) {
        noteDropped(event);
        throw thrown;
      }
      if (dropped.size > 0) void state();
    },
    async close() {
      clearTimeout(timer);
      await state();
      // What came in while the last statement was being written.
      await state();
      clearTimeout(timer);
      await audit.close();
    },
  };
}
