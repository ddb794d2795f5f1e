import type { Audit } from './audit.ts';
import type { AuditEvent } from './events.ts';

/**
 * Makes a change and then puts it on record, so that the audit never tells of one that failed. A change that cannot be
 * put on record is taken back.
 * @throws what the change throws; `audit-unwritable`, after which all is as it was before
 */
export async function recorded(
  audit: Pick<Audit, 'append'>,
  event: AuditEvent,
  { make, takeBack }: { make(): Promise<unknown>; takeBack(): Promise<unknown> },
): Promise<void> {
  await make();
  await orTakenBack(audit.append(event), takeBack);
}

/** Waits for the record of something that has been made; where it fails, that is taken back. @throws what it fails with */
export async function orTakenBack<T>(record: Promise<T>, takeBack: () => unknown): Promise<T> {
  try {
    return await record;
  } catch (thrown) {
    await takeBack();
    throw thrown;
  }
}

/** Puts on record what has happened already, and stands whether that can be written or not. Never rejects. */
export async function noted(
  audit: Pick<Audit, 'append'>,
  event: AuditEvent,
  when: 'now' | 'soon' = 'now',
): Promise<void> {
  await audit.append(event, when).catch(() => undefined);
}
