import type { AuditRecord } from './record-line.ts';

/** The name of the actor; of what a stranger sent, where it came from. */
export function who(record: AuditRecord): string {
  const actor = member(record, 'actor');
  const username = text(member(actor, 'username')) ?? text(member(member(record, 'account'), 'username'));
  if (username !== undefined) return username;
  const kind = member(actor, 'kind');
  if (kind === 'latchkey') return 'Latchkey';
  const uid = text(member(actor, 'uid')) ?? text(member(record, 'uid'));
  return uid === undefined ? '-' : `user ${uid} of this computer`;
}

/** Whether the record has to do with a person of that name: who did it, or to whom. Upper and lower case are the same. */
export function concerns(record: AuditRecord, user: string): boolean {
  const names = [who(record), member(member(record, 'account'), 'username'), record['username']];
  return names.some((name) => text(name)?.toLowerCase().includes(user.toLowerCase()) === true);
}

export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? `${value}`
    : undefined;
}
