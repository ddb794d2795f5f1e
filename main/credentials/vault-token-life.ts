import { z } from 'zod';
import { backoffMs } from '../base/retry.ts';
import { describeFault, type VaultClient } from './vault-client.ts';

export interface HeldToken {
  text: string;
  /** Infinity for a token without an end. */
  expiresAt: number;
  timer?: NodeJS.Timeout;
  /** It can no longer be renewed, or has been refused: the next request signs in anew. */
  isSpent: boolean;
}

/** What may stand in a header. */
export const tokenText = z.string().regex(/^[\x21-\x7e]{1,8192}$/);
/** What a sign-in and a renewal answer. */
export const granted = z.object({
  auth: z.object({
    client_token: tokenText,
    lease_duration: z.number().min(0),
    renewable: z.boolean().catch(false),
  }),
});
/** setTimeout takes no longer waits. */
const longestWaitMs = 24 * 3600 * 1000;
/** Closer to its end than this a token is not used for another request. */
const marginMs = 5_000;

export interface TokenLifeOptions {
  client: VaultClient;
  /** Name of the stored token; undefined where tokens come from sign-ins, and are ours to revoke. */
  stored: string | undefined;
  now(): number;
  log(line: string): void;
}

/**
 * The token of one way to sign in. It is renewed at half of its life, as every lease ends with the token that it was
 * made with.
 */
export function createTokenLife({ client, stored, now, log }: TokenLifeOptions) {
  const life = new AbortController();
  let held: HeldToken | undefined;
  /** Signed in for and replaced since; leases may hang on them. */
  let former: HeldToken[] = [];

  const isAlive = ({ expiresAt }: HeldToken): boolean => expiresAt > now();

  function retire(token: HeldToken): void {
    clearTimeout(token.timer);
    token.isSpent = true;
    if (stored === undefined) former = [...former.filter(isAlive), token];
  }

  function schedule(
    token: HeldToken,
    seconds: number,
    renewable: boolean,
    delayMs: number,
    attempt = 0,
  ): void {
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

  function spend(token: HeldToken): void {
    token.isSpent = true;
    if (stored !== undefined)
      log(`vault ${client.host}: the token "${stored}" can be renewed no longer; store a new one`);
  }

  async function renew(token: HeldToken, seconds: number, attempt: number): Promise<void> {
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
    log(`vault ${client.host}: the token could not be renewed (${describeFault(fault)})`);
    if (fault.kind === 'denied' || fault.kind === 'invalid' || now() + again >= token.expiresAt) spend(token);
    else schedule(token, seconds, true, again, attempt + 1);
  }

  return {
    signal: life.signal,
    /** The last one that was got, whatever has become of it. */
    get held() {
      return held;
    },
    /** The same where it serves for another request. */
    get serving() {
      return held !== undefined && !held.isSpent && held.expiresAt - marginMs > now() ? held : undefined;
    },
    /** @param seconds 0 for a token without an end */
    hold(text: string, seconds: number, renewable: boolean): HeldToken {
      const expiresAt = seconds === 0 ? Infinity : now() + seconds * 1000;
      const token: HeldToken = { text, expiresAt, isSpent: false };
      if (held !== undefined) retire(held);
      held = token;
      if (seconds > 0) schedule(token, seconds, renewable, seconds * 500);
      return token;
    },
    /** Renews no more. @returns those that are still good, the replaced ones first */
    end(): HeldToken[] {
      life.abort();
      const tokens = [...former, ...(held === undefined ? [] : [held])];
      for (const token of tokens) clearTimeout(token.timer);
      held = undefined;
      former = [];
      return tokens.filter(isAlive);
    },
  };
}
