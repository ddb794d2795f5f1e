import { auditKinds, type AuditKind } from '../contract/audit-kinds.ts';
import type { AuditEntry, AuditFilter } from '../contract/audit-shapes.ts';
import type { AuditEvent } from './events.ts';
import { readBack, type Picks } from './read-back.ts';
import type { AuditRecord } from './record-line.ts';
import { concerns, who } from './who.ts';

const kinds: Record<AuditEvent['event'], AuditKind> = {
  'sign-in-started': 'sign-ins',
  'sign-in-succeeded': 'sign-ins',
  'sign-in-failed': 'sign-ins',
  'signed-out': 'sign-ins',
  'session-expired': 'sign-ins',
  'groups-refreshed': 'sign-ins',
  'groups-refresh-failed': 'sign-ins',
  'screen-locked': 'sign-ins',
  'screen-unlocked': 'sign-ins',
  'client-answered': 'logins',
  'login-allowed': 'logins',
  'login-refused': 'logins',
  'database-session-opened': 'logins',
  'database-session-ended': 'logins',
  'statement-not-stopped': 'logins',
  'refusals-suppressed': 'logins',
  'token-issued': 'tokens',
  'token-refused': 'tokens',
  'token-revoked': 'tokens',
  'handle-made': 'tokens',
  'handle-revoked': 'tokens',
  'mfa-enrolled': 'second-factors',
  'mfa-removed': 'second-factors',
  'mfa-accepted': 'second-factors',
  'mfa-refused': 'second-factors',
  'code-mailed': 'second-factors',
  'code-mail-refused': 'second-factors',
  'provider-changed': 'administration',
  'configuration-loaded': 'administration',
  'configuration-refused': 'administration',
  'organisation-joined': 'administration',
  'organisation-changed': 'administration',
  'organisation-left': 'administration',
  'organisation-refused': 'administration',
  'policies-changed': 'administration',
  'update-channel-changed': 'administration',
  'connections-changed': 'administration',
  'connection-tested': 'administration',
  administered: 'administration',
  'administration-refused': 'administration',
  'administration-failed': 'administration',
  'local-account-changed': 'administration',
  'secret-changed': 'administration',
  'audit-pruned': 'administration',
  'broker-started': 'latchkey',
  'broker-stopped': 'latchkey',
  'start-failed': 'latchkey',
  'connection-left-out': 'latchkey',
  'connection-listener-failed': 'latchkey',
  'connection-listener-opened': 'latchkey',
  'update-refused': 'latchkey',
  'update-installed': 'latchkey',
  'request-refused': 'latchkey',
  'records-dropped': 'latchkey',
  'export-started': 'latchkey',
  'export-failed': 'latchkey',
  'export-resumed': 'latchkey',
  'export-lost': 'latchkey',
  'export-rejected': 'latchkey',
  'seal-opened': 'latchkey',
  'audit-key-made': 'latchkey',
  'audit-repaired': 'latchkey',
};

/** What a search has looked through when it answers: some ten thousand records, in part of a second. */
const mostBytes = 8 * 1024 * 1024;

/** A page of the audit, the newest records first. */
export async function auditEntries(
  folder: string,
  query: AuditFilter & { before?: string | undefined; limit: number },
): Promise<{ entries: AuditEntry[]; before?: string; backTo?: string }> {
  const { before, limit } = query;
  const found = await readBack(folder, { ...picksOf(query), before, limit, mostBytes });
  return {
    entries: found.records.map(entryOf),
    ...(found.before === undefined ? {} : { before: found.before }),
    ...(found.backTo === undefined ? {} : { backTo: found.backTo }),
  };
}

/** The filter as the reading functions have it. */
export function picksOf(filter: AuditFilter): Picks {
  const { person, connection, kind, event, refused, text } = filter;
  return {
    since: filter.since === undefined ? undefined : new Date(filter.since),
    until: filter.until === undefined ? undefined : new Date(filter.until),
    words: [connection, event, text].filter((word) => word !== undefined),
    matches: (record) =>
      (person === undefined || concerns(record, person)) &&
      (connection === undefined || isAbout(record, connection)) &&
      (event === undefined || record.event === event) &&
      (kind === undefined || kindOf(record) === kind) &&
      (refused === undefined || isRefusal(record)),
  };
}

/** Of a later version's event, which is not in the table, nobody knows more than that. */
function kindOf({ event }: AuditRecord): AuditKind {
  return Object.hasOwn(kinds, event) ? kinds[event as AuditEvent['event']] : 'latchkey';
}

/** The names of all events that this version records. */
export const auditEvents: readonly string[] = Object.keys(kinds);

export function isAuditKind(text: string): text is AuditKind {
  return auditKinds.some((kind) => kind === text);
}

function isAbout(record: AuditRecord, connection: string): boolean {
  const { connection: one, connections: several } = record;
  return one === connection || (Array.isArray(several) && several.includes(connection));
}

function isRefusal({ event, code }: AuditRecord): boolean {
  return typeof code === 'string' || /-(?:refused|failed|lost|rejected|dropped|suppressed)$/.test(event);
}

/** What has a place of its own, or says nothing to a reader. */
const elsewhere = new Set(['v', 'seq', 'time', 'event', 'prev', 'hash', 'actor', 'connection']);
const mostDetails = 40;
const longestValue = 300;

function entryOf(record: AuditRecord): AuditEntry {
  const { seq, time, event, connection } = record;
  const details = Object.entries(record)
    .filter(([key]) => !elsewhere.has(key))
    .flatMap(([key, value]) => flat(key, value));
  return {
    seq,
    time,
    event,
    kind: kindOf(record),
    refused: isRefusal(record),
    who: who(record),
    ...(typeof connection === 'string' ? { connection } : {}),
    details: details.slice(0, mostDetails),
  };
}

/** A member of a record as lines of text: what stands in another has both names. */
function flat(name: string, value: unknown): { name: string; value: string }[] {
  if (value === '' || value === null || value === undefined) return [];
  if (Array.isArray(value)) return flat(name, value.map((one) => words(one)).join(', '));
  if (typeof value === 'object')
    return Object.entries(value).flatMap(([key, inner]) => flat(`${name} ${key}`, inner));
  const text = words(value);
  return [{ name, value: text.length > longestValue ? `${text.slice(0, longestValue)}…` : text }];
}

function words(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
