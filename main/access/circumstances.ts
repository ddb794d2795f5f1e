import type { LoginCircumstances } from '../audit/events.ts';
import { defined } from '../base/defined.ts';
import type { LoginAttempt, Peer } from '../gateway/ports.ts';

/** What the audit calls an attempt, whoever it turns out to be. */
export function circumstances(attempt: Omit<LoginAttempt, 'proof'>): LoginCircumstances {
  const { connection, clientUser, database, program, replication, peer } = attempt;
  return {
    connection,
    clientUser,
    database,
    program,
    ...defined({ replication }),
    address: addressOf(peer),
    ...defined({ uid: peer.uid, process: peer.process }),
  };
}

export function addressOf({ transport, address, port }: Peer): string {
  return transport === 'unix' ? 'unix' : `${address ?? '?'}:${port ?? '?'}`;
}
