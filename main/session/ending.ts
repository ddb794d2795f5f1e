import type { ErrorCode } from '../contract/errors.ts';

/**
 * Which failures of the sign-in's own renewal or of a look-up end the session: those with which authority or directory itself has
 * said no, so that a later try cannot bring a yes by itself. Everything that is not in here is "unknown" and leaves the
 * last known groups to their greatest age (`session.groupsMaxAge`), after which logins are refused anyway.
 *
 * Left out on purpose:
 * - `authority-unreachable`, `directory-unreachable`: no answer, one that asks to come again, or one of a proxy or a login
 *   page in between;
 * - `authority-invalid`: an answer that Entra ID would not give, which a hotel's login page or a proxy does;
 * - `directory-refused`: Graph's refusal to tell the groups, or an answer that cannot be read; neither is about the
 *   person, and a wrong application secret is the administrator's, too;
 * - `sign-in-cancelled`, `sign-in-declined`, `sign-in-busy`, `sign-in-expired`, `code-expired`: ends of a new sign-in;
 * - what store, seal and configuration report: nothing was asked.
 */
export const endsSession: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  // The grant is dead, or a policy asks for the person again before Graph may be used (entra-verdicts.ts).
  'sign-in-required',
  // Somebody else came back, or the same name in another tenant.
  'wrong-account',
  'wrong-tenant',
  // Disabled or deleted.
  'account-disabled',
  // No longer assigned, or the application may not sign people in this way any more.
  'sign-in-refused',
  // Conditional Access.
  'sign-in-blocked',
  // The registration was deleted: an administrator's way to shut everybody out. A wrong id never got as far as a session.
  'application-unknown',
  // The tenant was deleted, which takes its accounts along.
  'tenant-unknown',
]);
