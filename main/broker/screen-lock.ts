import type { Audit } from '../audit/audit.ts';
import { noted } from '../audit/recorded.ts';
import type { Configuration } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';

export type Unlocking = 'screen' | 'sign-in' | 'command' | 'window';

export interface ScreenLockOptions {
  /** As it is configured now. */
  onLock(): Configuration['session']['onLock'];
  audit: Pick<Audit, 'append'>;
  changed(): void;
  now?: () => number;
}

/**
 * Keeps everybody out from the lock of the screen to its unlock, where the configuration cuts at a lock: a tool that
 * connects again by itself must not come back in behind the locked screen. Ended by the screen, by a person in the
 * window, by a sign-in that really asked, or by a command with a code.
 */
export function createScreenLock({ onLock, audit, changed, now = Date.now }: ScreenLockOptions) {
  let since: number | undefined;

  return {
    /** In ms since 1970; undefined while logins are let in. */
    since: (): number | undefined => since,

    /** @throws LatchkeyError `screen-locked` */
    check(): void {
      if (since === undefined) return;
      throw new LatchkeyError('screen-locked', 'This computer is locked, and Latchkey lets nobody in.', {
        remedy: 'Unlock the screen, or run: latchkey unlock, or: latchkey login --again; then connect again.',
      });
    },

    lock(): void {
      if (onLock() === 'keep') return;
      since ??= now();
      changed();
    },

    /** Never rejects: where the audit cannot be written, nobody is let in anyway. */
    async unlock(how: Unlocking): Promise<void> {
      if (since === undefined) return;
      since = undefined;
      changed();
      await noted(audit, { event: 'screen-unlocked', how });
    },
  };
}

/** What the command line's unlock stands on. */
export interface UnlockProof {
  /** All that are signed in. */
  accounts: readonly Account[];
  /** The one that is meant, where that has been said. */
  as: Account | undefined;
  /** Whether the person has an authenticator. @throws LatchkeyError `mfa-unavailable` */
  enrolled(account: Account): Promise<boolean>;
  /** @throws LatchkeyError `mfa-wrong`, `mfa-locked`, `mfa-unavailable` */
  verify(account: Account, code: string): Promise<void>;
}

/**
 * A command is no sign of a person at the screen: it takes a code of the authenticator, or a new sign-in, which unlocks
 * by itself. Where one of several accounts has an authenticator, no other stands in for it.
 * @throws LatchkeyError `sign-in-required`, `account-ambiguous`, `mfa-required`, what `verify` throws
 */
export async function proveUnlock(
  { accounts, as, enrolled, verify }: UnlockProof,
  code: string | undefined,
): Promise<void> {
  const able: Account[] = [];
  for (const account of as === undefined ? accounts : [as]) if (await enrolled(account)) able.push(account);
  const [account, ...others] = able;
  if (account === undefined) {
    throw new LatchkeyError('sign-in-required', 'Only a new sign-in unlocks Latchkey here.', {
      remedy: 'Sign in from the Latchkey window, or run: latchkey login --again',
    });
  }
  if (others.length > 0) {
    const names = able.map(({ username }) => username).join(', ');
    throw new LatchkeyError('account-ambiguous', `Several accounts have an authenticator: ${names}.`, {
      remedy: 'Say whose code it is: latchkey unlock --as <sign-in name>',
    });
  }
  if (code === undefined) {
    throw new LatchkeyError('mfa-required', 'A code of your authenticator is needed to unlock Latchkey.', {
      remedy: 'Enter the six digits that it shows now, or a recovery code.',
    });
  }
  await verify(account, code);
}
