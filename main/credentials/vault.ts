import { z } from 'zod';
import type { VaultSettings } from '../config/password-source.ts';
import type { FetchLike } from '../contract/http.ts';
import type { UserAndPassword } from './command.ts';
import { createInFlight, createLimit } from './limit.ts';
import { closing, SourceFailure } from './source-failure.ts';
import { createVaultClient, vaultFailure, type VaultAnswer, type VaultRequest } from './vault-client.ts';
import { createLeases, type LeaseGrant } from './vault-leases.ts';
import { createVaultTokens } from './vault-tokens.ts';
import { isStatic } from './vault-path.ts';

export type VaultServerSettings = Omit<VaultSettings, 'path'>;

export interface VaultServerPorts {
  fetch: FetchLike;
  storedPassword(name: string): Promise<string | undefined>;
  now(): number;
  log(line: string): void;
}

export interface LeasedCredential extends UserAndPassword {
  /** Ends the lease, where there is one. Never rejects. */
  release(): Promise<void>;
}

export interface VaultServer {
  /**
   * Reads `<mount>/creds/<role>`: a database user of its own for each call, which lives until `release`; or
   * `<mount>/static-creds/<role>`: the password that the vault changes from time to time.
   * @throws SourceFailure
   */
  read(path: string): Promise<LeasedCredential>;
  /** Revokes all leases and the own tokens, within 10 s in all; what does not come about by then ends by itself. */
  close(): Promise<void>;
}

const readMs = 20_000;
const closeMs = 10_000;

const credential = z.object({
  lease_id: z.string().max(4096).catch(''),
  lease_duration: z.number().min(0).catch(0),
  renewable: z.boolean().catch(false),
  data: z.object({
    username: z.string().min(1).max(256),
    password: z
      .string()
      .min(1)
      .refine((text) => !text.includes('\0')),
  }),
});
const leaseOnly = credential.omit({ data: true });

/** One Vault or OpenBao as one way of signing in sees it (developer.hashicorp.com/vault/api-docs/secret/databases). */
export function createVaultServer(settings: VaultServerSettings, ports: VaultServerPorts): VaultServer {
  const { now, log } = ports;
  const client = createVaultClient({ ...settings, fetch: ports.fetch });
  const tokens = createVaultTokens({ ...ports, auth: settings.auth, client });
  const reads = createLimit({ running: 8, waiting: 1000 });
  const shared = createInFlight<LeasedCredential>();
  const underWay = new Set<Promise<unknown>>();
  const life = new AbortController();
  const leases = createLeases({
    send: authorised,
    // Apart from the reads: a crowd of logins must not keep leases from being renewed.
    limit: createLimit({ running: 8, waiting: 100_000 }),
    signal: life.signal,
    now,
    log,
  });
  let closed = false;

  async function authorised(
    request: VaultRequest,
    signal: AbortSignal,
    send: typeof client.send = client.send,
  ): Promise<VaultAnswer> {
    const token = await tokens.current(signal);
    const answer = await send({ ...request, token }, signal);
    const isDenied = answer.kind === 'failed' && answer.fault.kind === 'denied';
    if (!isDenied || !(await tokens.replaces(token, signal))) return answer;
    return send({ ...request, token: await tokens.current(signal) }, signal);
  }

  async function readNow(path: string): Promise<LeasedCredential> {
    const limit = AbortSignal.timeout(readMs);
    const signal = AbortSignal.any([life.signal, limit]);
    let answer: VaultAnswer;
    try {
      const request: VaultRequest = { method: 'GET', path };
      answer = await reads.run(() => authorised(request, signal, client.sendPatiently), signal);
    } catch (error) {
      if (error instanceof SourceFailure && !signal.aborted) throw error;
      if (closed) throw closing();
      throw limit.aborted || error instanceof RangeError ? tooLate() : error;
    }
    if (answer.kind === 'failed') throw unsuccessful(answer, path);
    return toCredential(answer.body, path);
  }

  async function toCredential(body: Record<string, unknown>, path: string): Promise<LeasedCredential> {
    const found = credential.safeParse(body).data;
    const lease = leaseOnly.safeParse(body).data;
    const release = lease === undefined ? noRelease : keepLease(lease, path);
    if (found !== undefined && !closed) {
      const { username: user, password } = found.data;
      return { user, password, release };
    }
    // Nobody will use what has been made.
    await release();
    throw closed ? closing() : vaultFailure(client.host, { kind: 'malformed' });
  }

  function keepLease(found: z.infer<typeof leaseOnly>, path: string): () => Promise<void> {
    if (found.lease_id === '') return noRelease;
    const { lease_id: id, lease_duration: seconds, renewable } = found;
    const grant: LeaseGrant = { id, path, seconds, renewable: renewable && seconds > 0 };
    return leases.keep(grant);
  }

  function tooLate(): SourceFailure {
    return new SourceFailure(
      `the vault at ${client.host} did not answer in time`,
      'Try again in a moment; if it stays, look whether the vault or the database behind it is overloaded.',
    );
  }

  function unsuccessful({ fault }: Extract<VaultAnswer, { kind: 'failed' }>, path: string): SourceFailure {
    if (fault.kind === 'denied') {
      return new SourceFailure(
        `the vault at ${client.host} does not allow ${path} to be read`,
        `Give the token or the AppRole a policy with: path "${path}" { capabilities = ["read"] }${
          'stored' in settings.auth
            ? `; a token that has expired is replaced with: latchkey secret set ${settings.auth.stored}`
            : ''
        }`,
      );
    }
    if (fault.kind === 'invalid') {
      return new SourceFailure(
        `the vault at ${client.host} has no database role ${path} (HTTP ${fault.status})`,
        'Check "path" and "namespace" of the rule.',
      );
    }
    return fault.kind === 'unreachable' && fault.detail === 'no answer in time'
      ? tooLate()
      : vaultFailure(client.host, fault);
  }

  return {
    async read(path) {
      if (closed) throw closing();
      const reading = isStatic(path) ? shared.share(path, () => readNow(path)) : readNow(path);
      underWay.add(reading);
      try {
        return await reading;
      } finally {
        underWay.delete(reading);
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      const limit = setTimeout(() => life.abort(), closeMs);
      // What is being made is waited for, since only its answer says how to end it.
      await Promise.allSettled(underWay);
      await leases.close();
      await tokens.close(life.signal).catch(() => undefined);
      clearTimeout(limit);
      life.abort();
    },
  };
}

async function noRelease(): Promise<void> {
  // A password that is not leased ends by itself.
}
