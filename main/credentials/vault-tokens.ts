import { z } from 'zod';
import type { VaultSettings } from '../config/password-source.ts';
import { orAborted } from '../base/abort.ts';
import { createInFlight } from './limit.ts';
import { notStored, SourceFailure } from './source-failure.ts';
import { vaultFailure, type VaultClient } from './vault-client.ts';
import { createTokenLife, granted, type HeldToken, tokenText } from './vault-token-life.ts';

export interface VaultTokens {
  /** A token that serves now as far as is known; signs in where there is none. @throws SourceFailure */
  current(signal: AbortSignal): Promise<string>;
  /** After a 403: whether {@link VaultTokens.current} has another one now, so that a second try makes sense. */
  replaces(token: string, signal: AbortSignal): Promise<boolean>;
  /** Stops renewing, and revokes the tokens that were signed in for, with all that still hangs on them. */
  close(signal: AbortSignal): Promise<void>;
}

export interface VaultTokensOptions {
  auth: VaultSettings['auth'];
  client: VaultClient;
  storedPassword(name: string): Promise<string | undefined>;
  now(): number;
  log(line: string): void;
}

const lookedUp = z.object({
  data: z.object({ ttl: z.number().min(0), renewable: z.boolean().catch(false) }),
});

/**
 * The token for requests: a stored one, or that of a sign-in with AppRole. A stored token is looked at
 * again at each use, so that a new one counts at once.
 */
export function createVaultTokens(options: VaultTokensOptions): VaultTokens {
  const { auth, client, storedPassword } = options;
  const { host } = client;
  const stored = 'stored' in auth ? auth.stored : undefined;
  const life = createTokenLife({ ...options, stored });
  const work = createInFlight<HeldToken>();

  async function fromStore(name: string): Promise<HeldToken> {
    const text = await storedPassword(name);
    if (text === undefined) throw notStored(`the token "${name}" for the vault at ${host}`, name);
    if (life.held?.text === text) return life.held;
    if (!tokenText.safeParse(text).success) {
      throw new SourceFailure(
        `what is stored as "${name}" is no token of a vault`,
        `Store it again, without blanks: latchkey secret set ${name}`,
      );
    }
    return work.share(text, async () => {
      // A token whose policy does not let it look at itself is used as it is.
      const answer = await client.send(
        { method: 'GET', path: 'auth/token/lookup-self', token: text },
        life.signal,
      );
      const { data } = lookedUp.safeParse(answer.kind === 'ok' ? answer.body : undefined);
      return life.hold(text, data?.data.ttl ?? 0, data?.data.renewable ?? false);
    });
  }

  async function signIn({ roleId, secretId, mount }: AppRole): Promise<HeldToken> {
    const secret = await storedPassword(secretId.stored);
    if (secret === undefined)
      throw notStored(`the secret id "${secretId.stored}" for the vault at ${host}`, secretId.stored);
    const answer = await client.sendPatiently(
      { method: 'POST', path: `auth/${mount}/login`, body: { role_id: roleId, secret_id: secret } },
      life.signal,
    );
    if (answer.kind === 'failed') {
      const { kind } = answer.fault;
      if (kind !== 'invalid' && kind !== 'denied') throw vaultFailure(host, answer.fault);
      throw new SourceFailure(
        `the vault at ${host} refused the sign-in with AppRole`,
        `Check "roleId" and "mount" of the rule, or make a new secret id and store it: latchkey secret set ${secretId.stored}`,
      );
    }
    const { data } = granted.safeParse(answer.body);
    if (data === undefined) throw vaultFailure(host, { kind: 'malformed' });
    return life.hold(data.auth.client_token, data.auth.lease_duration, data.auth.renewable);
  }

  async function find(): Promise<HeldToken> {
    if ('stored' in auth) return fromStore(auth.stored);
    return life.serving ?? work.share('', () => signIn(auth.appRole));
  }

  return {
    async current(signal) {
      // Looking for a token is shared by many, so that it does not end with the login of one.
      return (await orAborted(find(), signal)).text;
    },
    async replaces(token, signal) {
      if (stored !== undefined) return (await orAborted(find(), signal)).text !== token;
      if (life.held?.text !== token || life.held.isSpent) return true;
      // A policy that forbids something leaves the token good for others.
      const answer = await client.send({ method: 'GET', path: 'auth/token/lookup-self', token }, signal);
      if (answer.kind === 'ok' || answer.fault.kind !== 'denied') return false;
      if (life.held?.text === token) life.held.isSpent = true;
      return true;
    },
    async close(signal) {
      const tokens = life.end();
      // A stored token is somebody else's.
      if (stored !== undefined) return;
      await Promise.all(
        tokens.map(({ text }) =>
          client.send({ method: 'POST', path: 'auth/token/revoke-self', token: text, body: {} }, signal),
        ),
      );
    },
  };
}

type AppRole = Extract<VaultSettings['auth'], { appRole: unknown }>['appRole'];
