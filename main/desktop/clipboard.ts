import { createHash, timingSafeEqual } from 'node:crypto';
import type { AppState } from '../contract/state.ts';

/** The part of Electron's clipboard that is used here: it answers at once up to version 44, with promises from 45. */
export interface SystemClipboard {
  readText(): string | Promise<string>;
  /** With the marks that keep it out of histories. */
  writeSecret(secret: string): void | Promise<void>;
  clear(): void;
}

export interface SecretClipboard {
  /** Puts a secret on the clipboard and answers when it will be taken from there again. */
  copy(secret: string): Promise<Date>;
  /** Clears if the time has come; for the wake-up after sleep, in which timers stand still. */
  recheck(): Promise<void>;
  /** Clears now what this has put there; for a lock, a sign-out and the end. */
  clear(): Promise<void>;
}

/**
 * Keeps a secret on the clipboard for a limited time. It is cleared only if the clipboard still holds it: what the
 * person has copied since stays. Only a digest of the secret is kept meanwhile.
 */
export function createSecretClipboard(
  clipboard: SystemClipboard,
  options: { lifetimeMs?: () => number; now?: () => number } = {},
): SecretClipboard {
  const lifetimeMs = options.lifetimeMs ?? (() => 60_000);
  const now = options.now ?? Date.now;
  let held: { digest: Buffer; clearsAt: number; timer: NodeJS.Timeout } | undefined;

  async function clearHeld(): Promise<void> {
    if (held === undefined) return;
    const { digest, timer } = held;
    clearTimeout(timer);
    held = undefined;
    if (timingSafeEqual(digestOf(await clipboard.readText()), digest)) clipboard.clear();
  }

  async function recheck(): Promise<void> {
    if (held !== undefined && now() >= held.clearsAt) await clearHeld();
  }

  return {
    async copy(secret) {
      await clipboard.writeSecret(secret);
      if (held !== undefined) clearTimeout(held.timer);
      const kept = lifetimeMs();
      const timer = setTimeout(() => void clearHeld().catch(() => undefined), kept);
      timer.unref();
      held = { digest: digestOf(secret), clearsAt: now() + kept, timer };
      return new Date(held.clearsAt);
    },
    recheck,
    clear: clearHeld,
  };
}

/** Calls back when a sign-in has ended, however it did: a secret of it has no business on the clipboard any more. */
export function createSignOutWatch(ended: () => void): (state: Pick<AppState, 'accounts'>) => void {
  let before: readonly string[] = [];
  return ({ accounts }) => {
    const now = accounts.map(({ account: { tenantId, objectId } }) => `${tenantId}/${objectId}`);
    if (before.some((account) => !now.includes(account))) ended();
    before = now;
  };
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
