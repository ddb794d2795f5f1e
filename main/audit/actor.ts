import type { Account } from '../contract/state.ts';
import type { AuditActor, AuditEvent } from './events.ts';

/** What comes about without anybody asking for it at that moment. */
const ofItself: ReadonlySet<AuditEvent['event']> = new Set([
  'broker-stopped',
  'start-failed',
  'session-expired',
  'groups-refreshed',
  'groups-refresh-failed',
  'database-session-ended',
  'connection-left-out',
  'connection-listener-failed',
  'connection-listener-opened',
  'refusals-suppressed',
  'records-dropped',
  'audit-key-made',
  'seal-opened',
  'organisation-changed',
  'organisation-refused',
  'update-refused',
  'audit-repaired',
  'export-started',
  'export-failed',
  'export-resumed',
  'export-lost',
  'export-rejected',
]);

export function personOf({ provider, tenantId, objectId, username }: Account): AuditActor {
  return { kind: 'person', provider, tenantId, objectId, username };
}

/**
 * The actor of an event that does not name one: whom the event itself is about, else who is signed in.
 * @param present who is signed in now, and the user of the computer
 */
export function actorOf(
  event: AuditEvent,
  present: { account?: Account | undefined; uid?: number | undefined },
): AuditActor {
  if (event.actor !== undefined) return event.actor;
  if (ofItself.has(event.event)) return { kind: 'latchkey' };
  if ('account' in event && event.account !== undefined) return personOf(event.account);
  if (present.account !== undefined && !isFromStranger(event)) return personOf(present.account);
  const uid = 'uid' in event ? event.uid : present.uid;
  return uid === undefined ? { kind: 'local-user' } : { kind: 'local-user', uid };
}

/** A refused login or request proves nothing about who sent it: the person who is signed in is not to be blamed. */
function isFromStranger({ event }: AuditEvent): boolean {
  return (
    event === 'login-refused' ||
    event === 'request-refused' ||
    event === 'sign-in-failed' ||
    event === 'administration-refused'
  );
}
