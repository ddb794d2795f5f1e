/** What records are told apart by, for people who look for some of them. */
export const auditKinds = [
  'sign-ins',
  'logins',
  'tokens',
  'second-factors',
  'administration',
  'latchkey',
] as const;
export type AuditKind = (typeof auditKinds)[number];
