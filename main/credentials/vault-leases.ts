import { z } from 'zod';
import { backoffMs, wait } from '../base/retry.ts';
import type { Limit } from './limit.ts';
import { describeFault, type VaultAnswer, type VaultRequest } from './vault-client.ts';

export interface LeaseGrant {
  id: string;
  /** What was read, for the log; the id of a lease is not logged. */
  path: string;
  seconds: number;
  renewable: boolean;
}

export interface Leases {
  /** Renews the lease until the returned function is called, which revokes it. That never rejects. */
  keep(grant: LeaseGrant): () => Promise<void>;
  /** Revokes all that are left. Never rejects. */
  close(): Promise<void>;
}

export interface LeasesOptions {
  /** With a token of the vault. @throws what the token could not be had for, or the signal's reason */
  send(request: VaultRequest, signal: AbortSignal): Promise<VaultAnswer>;
  limit: Limit;
  /** Ends all waits, when nobody can wait for the vault any longer. */
  signal: AbortSignal;
  now(): number;
  log(line: string): void;
}

interface Lease extends LeaseGrant {
  expiresAt: number;
  timer?: NodeJS.Timeout;
  /** Set by the first release. */
  revoked?: Promise<void>;
}

const renewed = z.object({ lease_duration: z.number().min(0), renewable: z.boolean().catch(false) });

/** setTimeout takes no longer waits. */
const longestWaitMs = 24 * 3600 * 1000;
const revokeAttempts = 3;

/**
 * Leases of database users (developer.hashicorp.com/vault/api-docs/system/leases). Each is renewed at half of what is
 * left of it. Where that fails it is tried again until the lease ends, and said in the log; the database session is
 * left alone, as servers differ in what becomes of sessions whose user is dropped. A lease that cannot be revoked, or
 * whose Latchkey was killed, ends by itself: nothing of it is kept on disk.
 */
export function createLeases(options: LeasesOptions): Leases {
  const { limit, signal, now, log } = options;
  const leases = new Set<Lease>();

  const send = (path: string, body: Record<string, unknown>): Promise<VaultAnswer> =>
    limit.run(() => options.send({ method: 'POST', path, body }, signal), signal);

  function schedule(lease: Lease, delayMs: number, attempt = 0): void {
    lease.timer = setTimeout(
      () => void renew(lease, attempt).catch(() => undefined),
      Math.min(Math.max(delayMs, 100), longestWaitMs),
    );
    lease.timer.unref();
  }

  async function renew(lease: Lease, attempt: number): Promise<void> {
    const sentAt = now();
    let why: string;
    let isFinal = false;
    try {
      const answer = await send('sys/leases/renew', { lease_id: lease.id, increment: lease.seconds });
      if (lease.revoked !== undefined) return;
      const next = answer.kind === 'ok' ? renewed.safeParse(answer.body).data : undefined;
      if (next !== undefined) {
        extend(lease, sentAt + next.lease_duration * 1000, next.renewable);
        return;
      }
      why = answer.kind === 'failed' ? describeFault(answer.fault) : 'an answer without a duration';
      // The lease does not exist (any more), or is of no kind that can be renewed.
      isFinal = answer.kind === 'failed' && answer.fault.kind === 'invalid';
    } catch {
      if (lease.revoked !== undefined || signal.aborted) return;
      why = 'no token of the vault can be had';
    }
    const pause = Math.min(backoffMs(attempt, 1000, 60_000), Math.max(0, lease.expiresAt - now()));
    if (isFinal || pause === 0) {
      log(`vault ${lease.path}: a database user is gone before its session was over (${why})`);
      return;
    }
    log(`vault ${lease.path}: a lease could not be renewed (${why}); it ends ${at(lease.expiresAt)}`);
    schedule(lease, pause, attempt + 1);
  }

  function extend(lease: Lease, expiresAt: number, renewable: boolean): void {
    // At its greatest age a lease is "renewed" to the end that it has already.
    const isLast = Math.abs(expiresAt - lease.expiresAt) < lease.seconds * 50;
    lease.expiresAt = expiresAt;
    if (renewable && !isLast) schedule(lease, (expiresAt - now()) / 2);
    else log(`vault ${lease.path}: a lease can be renewed no longer; it ends ${at(expiresAt)}`);
  }

  async function revoke(lease: Lease): Promise<void> {
    clearTimeout(lease.timer);
    try {
      for (let attempt = 1; ; attempt++) {
        const failure = await tryToRevoke(lease);
        if (failure === undefined) return;
        if (attempt === revokeAttempts || failure.isFinal || signal.aborted) {
          log(
            `vault ${lease.path}: a lease could not be revoked (${failure.why}); it ends by itself ${at(lease.expiresAt)}`,
          );
          return;
        }
        await wait(backoffMs(attempt, 500, 4000), signal).catch(() => undefined);
      }
    } finally {
      leases.delete(lease);
    }
  }

  async function tryToRevoke({ id }: Lease): Promise<{ why: string; isFinal: boolean } | undefined> {
    try {
      const answer = await send('sys/leases/revoke', { lease_id: id });
      if (answer.kind === 'ok') return undefined;
      const { fault } = answer;
      // Not there any more.
      if (fault.kind === 'invalid' && (fault.status === 400 || fault.status === 404)) return undefined;
      // The default policy allows renewing only.
      return fault.kind === 'denied'
        ? { why: 'the policy needs "update" on sys/leases/revoke', isFinal: true }
        : { why: describeFault(fault), isFinal: false };
    } catch {
      const why = signal.aborted ? 'no answer in time' : 'no token of the vault can be had';
      return { why, isFinal: signal.aborted };
    }
  }

  const release = (lease: Lease): Promise<void> => (lease.revoked ??= revoke(lease));

  return {
    keep(grant) {
      const lease: Lease = { ...grant, expiresAt: now() + grant.seconds * 1000 };
      leases.add(lease);
      if (grant.renewable) schedule(lease, grant.seconds * 500);
      else log(`vault ${grant.path}: a lease cannot be renewed; it ends ${at(lease.expiresAt)}`);
      return () => release(lease);
    },
    async close() {
      await Promise.all([...leases].map(release));
    },
  };
}

function at(milliseconds: number): string {
  return `at ${new Date(milliseconds).toISOString()}`;
}
