import type { Problem } from '../contract/errors.ts';
import type { AuditFault } from './events.ts';

/** What the audit keeps of a problem: the code and what Entra ID said; sentences are for the person. */
export function auditFault({ code, entra }: Problem): AuditFault {
  return entra === undefined ? { code } : { code, entra };
}
