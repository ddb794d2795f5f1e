import { z } from 'zod';
import type { VaultSettings } from '../config/password-source.ts';
import { orAborted } from '../identity/abort.ts';
import { backoffMs } from '../identity/retry.ts';
import { createInFlight } from './in-flight.ts';
import { notStored, SourceFailure } from './source-failure.ts';
import { describeFault, vaultFailure, type VaultClient } from './vault-client.ts';

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

interface Held {
  text: string;
  /** Infinity for a token without an end. */
  expiresAt: number;
  timer?: NodeJS.Timeout;
  /** It can no longer be renewed, or has been refused: the next request signs in anew. */
  isSpent: boolean;
}

/** What may stand in a header. */
const tokenText = z.string().regex(/^[\x21-\x7e]{1,8192}$/);
const granted = z.object({
  auth: z.object({
    client_token: tokenText,
    lease_duration: z.number().min(0),
    renewable: z.boolean().catch(false),
  }),
});
const lookedUp = z.object({
  data: z.object({ ttl: z.number().min(0), renewable: z.boolean().catch(false) }),
});

/** setTimeout takes no longer waits. */
const longestWaitMs = 24 * 3600 * 1000;
/** Closer to its end than this a token is not used for another request. */
const marginMs = 5_000;

/**
 * The token for requests: a stored one, or that of a sign-in with AppRole. Either is renewed at half of its life, as
 * every lease ends with the token that it was made with. A stored token is looked at again at each use, so that a new
 * one counts at once.
 */
export function createVaultTokens(options: VaultTokensOptions): VaultTokens {
  const { auth, client, storedPassword, now, log } = options;
  const { host } = client;
  const life = new AbortController();
  const work = createInFlight<Held>();
  let held: Held | undefined;
  /** Signed in for and replaced since; leases may hang on them. */
  let former: Held[] = [];

  function hold(text: string, seconds: number, renewable: boolean): Held {
    const token: Held = {
      text,
      expiresAt: seconds === 0 ? Infinity : now() + seconds * 1000,
      isSpent: false,
    };
    if (held !== undefined) retire(held);
    held = token;
    if (seconds > 0) schedule(token, seconds, renewable, seconds * 500);
    return token;
  }

  function retire(token: Held): void {
    clearTimeout(token.timer);
    token.isSpent = true;
    if (!('stored' in auth)) former = [...former.filter(({ expiresAt }) => expiresAt > now()), token];
  }

  function schedule(token: Held, seconds: number, renewable: boolean, delayMs: number, attempt = 0): void {
    if (life.signal.aborted) return;
    token.timer = setTimeout(
      () => {
        if (renewable) void renew(token, seconds, attempt).catch(() => undefined);
        else spend(token);
      },
      Math.min(delayMs, longestWaitMs),
    );
    token.timer.unref();
  }

  function spend(token: Held): void {
    token.isSpent = true;
    if ('stored' in auth)
      log(`vault ${host}: the token "${auth.stored}" can be renewed no longer; store a new one`);
  }

  async function renew(token: Held, seconds: number, attempt: number): Promise<void> {
    const sentAt = now();
    const answer = await client.send(
      { method: 'POST', path: 'auth/token/renew-self', token: token.text, body: {} },
      life.signal,
    );
    if (token.isSpent) return;
    const next = answer.kind === 'ok' ? granted.safeParse(answer.body).data?.auth : undefined;
    if (next !== undefined) {
      token.expiresAt = next.lease_duration === 0 ? Infinity : sentAt + next.lease_duration * 1000;
      // Near its greatest age each renewal gives less: what is made from now on hangs on a new token.
      if (next.lease_duration > 0 && next.lease_duration < seconds / 2) spend(token);
      else if (next.lease_duration > 0) schedule(token, seconds, next.renewable, next.lease_duration * 500);
      return;
    }
    const fault = answer.kind === 'failed' ? answer.fault : ({ kind: 'malformed' } as const);
    const again = backoffMs(attempt, 2000, 60_000);
    log(`vault ${host}: the token could not be renewed (${describeFault(fault)})`);
    if (fault.kind === 'denied' || fault.kind === 'invalid' || now() + again >= token.expiresAt) spend(token);
    else schedule(token, seconds, true, again, attempt + 1);
  }

  async function fromStore(name: string): Promise<Held> {
    const text = await storedPassword(name);
    if (text === undefined) throw notStored(`the token "${name}" for the vault at ${host}`, name);
    if (held?.text === text) return held;
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
      return hold(text, data?.data.ttl ?? 0, data?.data.renewable ?? false);
    });
  }

  async function signIn({ roleId, secretId, mount }: AppRole): Promise<Held> {
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
    return hold(data.auth.client_token, data.auth.lease_duration, data.auth.renewable);
  }

  async function find(): Promise<Held> {
    if ('stored' in auth) return fromStore(auth.stored);
    if (held !== undefined && !held.isSpent && held.expiresAt - marginMs > now()) return held;
    return work.share('', () => signIn(auth.appRole));
  }

  return {
    async current(signal) {
      // Looking for a token is shared by many, so that it does not end with the login of one.
      return (await orAborted(find(), signal)).text;
    },
    async replaces(token, signal) {
      if ('stored' in auth) return (await orAborted(find(), signal)).text !== token;
      if (held?.text !== token || held.isSpent) return true;
      // A policy that forbids something leaves the token good for others.
      const answer = await client.send({ method: 'GET', path: 'auth/token/lookup-self', token }, signal);
      if (answer.kind === 'ok' || answer.fault.kind !== 'denied') return false;
      if (held?.text === token) held.isSpent = true;
      return true;
    },
    async close(signal) {
      life.abort();
      const tokens = [...former, ...(held === undefined ? [] : [held])];
      for (const token of tokens) clearTimeout(token.timer);
      held = undefined;
      former = [];
      // A stored token is somebody else's.
      if ('stored' in auth) return;
      await Promise.all(
        tokens
          .filter(({ expiresAt }) => expiresAt > now())
          .map(({ text }) =>
            client.send({ method: 'POST', path: 'auth/token/revoke-self', token: text, body: {} }, signal),
          ),
      );
    },
  };
}

type AppRole = Extract<VaultSettings['auth'], { appRole: unknown }>['appRole'];
