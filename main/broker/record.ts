import { actorOf } from '../audit/actor.ts';
import { openAuditKey, type AuditKey } from '../audit/audit-key.ts';
import { openAudit, type Audit } from '../audit/audit.ts';
import type { AuditEvent } from '../audit/events.ts';
import { pruneAudit, type Pruned, type PruneRequest } from '../audit/prune.ts';
import { keepStatements } from '../audit/statements.ts';
import { noted } from '../audit/recorded.ts';
import type { Problem } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { createCounts } from '../fleet/counts.ts';
import type { InForce } from './in-force.ts';
import type { Seal } from '../store/seal.ts';
import type { SecretStore } from '../store/secret-store.ts';

type Started = Omit<Extract<AuditEvent, { event: 'broker-started' }>, 'event'>;

export type BrokerRecord = Awaited<ReturnType<typeof openRecord>>;

/** The audit as the broker keeps it: its key, whom it names, its damage in the log, the first and the last record. */
export async function openRecord({
  folder,
  secrets,
  seal,
  uid,
  changed,
  log,
  inForce,
}: {
  folder: string;
  secrets: SecretStore;
  seal: Seal;
  /** The user whom this process belongs to; undefined on systems without user ids. */
  uid: number | undefined;
  changed(): void;
  log(line: string): void;
  inForce: Pick<InForce, 'connectionNamed'>;
}) {
  let key = await findKey();
  let account: () => Account | undefined = () => undefined;
  let isStarted = false;
  let endReason: string | undefined;
  let closeSinks: () => Promise<void> = async () => undefined;
  let knownDamage: Problem | undefined;

  const counts = createCounts((name) => inForce.connectionNamed(name)?.protocol);
  const kept = keepStatements(
    await openAudit({ folder, key, actor: (event) => actorOf(event, { account: account(), uid }) }),
  );
  const audit: Audit = {
    ...kept,
    async append(event, when) {
      await kept.append(event, when);
      counts.note(event);
    },
  };
  noteDamage();
  const unsubscribe = audit.subscribe(() => {
    noteDamage();
    changed();
  });

  async function findKey(): Promise<AuditKey | undefined> {
    const found = await openAuditKey(secrets, seal);
    if (found.why !== undefined) log(found.why);
    return found.key;
  }

  function noteDamage(): void {
    const damage = audit.damage();
    if (damage === undefined || damage === knownDamage) return;
    knownDamage = damage;
    log(`${damage.message} ${damage.remedy ?? ''}`);
  }

  return {
    audit,
    /** What has been recorded since the start. */
    counts,
    /** Public half of the key that signs; undefined where nothing is signed. */
    publicKey: (): string | undefined => key?.publicKey,
    /** Looks for the key again, and signs with it from the next record on. */
    async takeKey(): Promise<void> {
      const found = await findKey();
      if (found === undefined) return;
      key = found;
      audit.takeKey(found);
    },
    /** From here on, records that name nobody themselves name whoever this says is signed in. */
    nameActor(signedIn: () => Account | undefined): void {
      account = signedIn;
    },
    /** Where the records leave to: they get the last one too. */
    leavesTo(sinks: { close(): Promise<void> }): void {
      closeSinks = sinks.close;
    },
    prune: (request: PruneRequest): Promise<Pruned> => pruneAudit({ folder, key, audit }, request),
    /** @throws LatchkeyError `audit-unwritable` */
    async started(facts: Started): Promise<void> {
      await audit.append({ event: 'broker-started', ...facts });
      isStarted = true;
    },
    /** Why the broker ends, for its last record; the first reason counts. */
    endsBecause(reason: string | undefined): void {
      endReason ??= reason;
    },
    async close(): Promise<void> {
      unsubscribe();
      const reason = endReason === undefined ? {} : { reason: endReason };
      if (isStarted) await noted(audit, { event: 'broker-stopped', ...reason });
      await closeSinks();
      await audit.close();
    },
  };
}
