import type { AuditEvent } from '../audit/events.ts';

/** How often something has happened since the start, by labels that name no person. */
export interface Counted {
  labels: Record<string, string>;
  count: number;
}

export type Counts = ReturnType<typeof createCounts>;

/** Counts what is put on record, whether it gets a record of its own or is only counted there. */
export function createCounts(protocolOf: (connection: string) => string | undefined) {
  const logins = createCounter();
  const refusals = createCounter();
  const signIns = createCounter();

  const login = (connection: string, outcome: 'allowed' | 'refused', count = 1): void =>
    logins.add({ protocol: protocolOf(connection) ?? 'unknown', outcome }, count);

  return {
    logins: logins.list,
    refusals: refusals.list,
    signIns: signIns.list,
    note(event: AuditEvent): void {
      switch (event.event) {
        case 'login-allowed':
          return login(event.connection, 'allowed');
        case 'login-refused': {
          const count = 1 + (event.unreported ?? 0);
          refusals.add({ event: event.event, code: event.code }, count);
          return login(event.connection, 'refused', count);
        }
        case 'sign-in-succeeded':
          return signIns.add({ outcome: 'succeeded', how: event.how }, 1);
        case 'sign-in-failed':
          signIns.add({ outcome: 'failed' }, 1);
          return refusals.add({ event: event.event, code: event.code }, 1);
        case 'token-refused':
        case 'mfa-refused':
        case 'administration-refused':
          return refusals.add({ event: event.event, code: event.code }, 1);
        case 'request-refused':
          return refusals.add({ event: event.event, code: event.reason }, 1);
        default:
      }
    },
  };
}

function createCounter() {
  const found = new Map<string, Counted>();
  return {
    add(labels: Record<string, string>, count: number): void {
      const key = JSON.stringify(labels);
      const one = found.get(key);
      if (one === undefined) found.set(key, { labels, count });
      else one.count += count;
    },
    list: (): Counted[] => [...found.values()],
  };
}
