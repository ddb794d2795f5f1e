import type { AuditRecord } from '../audit/record-line.ts';

/** What somebody should look at, what is an exception, and the rest. */
const warnings: ReadonlySet<string> = new Set([
  'start-failed',
  'refusals-suppressed',
  'records-dropped',
  'audit-repaired',
  'audit-pruned',
  'export-failed',
  'export-lost',
  'export-rejected',
  'local-account-changed',
  'administered',
  'update-refused',
]);

export function severityOf({ event }: Pick<AuditRecord, 'event'>): 'warning' | 'notice' | 'info' {
  if (warnings.has(event)) return 'warning';
  return /-(refused|failed|expired|revoked)$/.test(event) ? 'notice' : 'info';
}
