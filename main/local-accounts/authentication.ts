import { defined } from '../base/defined.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Account, Group } from '../contract/state.ts';
import type { Lock } from '../second-factor/lockout.ts';
import { readCode } from '../second-factor/totp-code.ts';
import { locked, malformed, type Verdict } from '../second-factor/totp-verdict.ts';
import type { Totp } from '../second-factor/totp.ts';
import { localTenant, type AccountLookup } from './lookup.ts';
import type { PasswordHasher } from './password.ts';
import { usernameOf, type StoredAccounts } from './stored-accounts.ts';

/** For the audit only. Nobody who signs in may learn it. */
export type LocalRefusal =
  | 'unknown-account'
  | 'not-in-file'
  | 'disabled'
  | 'wrong-password'
  | 'no-second-factor'
  | 'wrong-code'
  | 'malformed-code'
  | 'locked';

export type LocalVerdict =
  | {
      kind: 'accepted';
      account: Account;
      /** By id; the names are empty, as no directory is asked. */
      groups: Group[];
      method: 'totp' | 'recovery';
      recoveryCodesLeft: number;
    }
  | {
      kind: 'refused';
      why: LocalRefusal;
      /** The account of that name, where there is one. */
      account?: Account;
      /** The lock that stands, or that this failure began. */
      lock?: Lock;
      /** `sign-in-refused`, the same whatever was wrong, or `mfa-locked`; `mfa-wrong` for what cannot be a code. */
      error: LatchkeyError;
    };

/**
 * Judges user name, password and code together; the code is a six-digit or a recovery code. Failures of either count
 * for the same lock, ten in a row, and names that do not exist are locked alike. For each, one scrypt hash is
 * computed, one at a time, so that neither the answer nor its time tells which of the three was wrong. (Only names
 * whose hash was made with another cost than today's take another time.)
 *
 * @throws LatchkeyError `mfa-unavailable`, `sealed-unreadable` where an account cannot be checked; `limit-reached`
 */
export type Authenticate = (username: string, password: string, code: string) => Promise<LocalVerdict>;

export function createAuthentication(
  stored: StoredAccounts,
  { accountOf, named, usable }: AccountLookup,
  hasher: PasswordHasher,
  totp: Totp,
): Authenticate {
  return async (name, password, code) => {
    // Before the password is looked at, so that nobody can try passwords with something that is not counted.
    if (readCode(code) === undefined) {
      return { kind: 'refused', why: 'malformed-code', error: malformed().error };
    }
    const username = usernameOf(name);
    const [found, before] = await Promise.all([
      username === undefined ? undefined : stored.read(username),
      named(name),
    ]);
    const passwordRight = await hasher.matches(password, found?.password);
    const key = found === undefined ? nobody(name) : accountOf(found);
    const { enrolled } = await totp.state(key);
    const isOpen = found?.enabled === true && before?.isOn === true;
    const firstFactor = isOpen && enrolled && passwordRight;
    const verdict = await totp.verify(key, code, { firstFactor });
    if (found === undefined) return refused('unknown-account', verdict);
    const account = accountOf(found, before?.displayName);
    if (verdict.kind === 'accepted') {
      // The hash took its time: what an administrator changed meanwhile counts.
      const [current, now] = await Promise.all([stored.read(found.username), usable(found.username)]);
      const same = current?.objectId === found.objectId && current.password.hash === found.password.hash;
      if (!same || now?.enabled !== true) return refused('disabled', verdict, account);
      const { method, recoveryCodesLeft } = verdict;
      const groups = now.groups.map((id) => ({ id, name: '' }));
      return { kind: 'accepted', account: now.account, groups, method, recoveryCodesLeft };
    }
    if (before === undefined) return refused('not-in-file', verdict, account);
    if (!isOpen) return refused('disabled', verdict, account);
    if (!passwordRight) return refused('wrong-password', verdict, account);
    return refused(enrolled ? 'wrong-code' : 'no-second-factor', verdict, account);
  };
}

function refused(why: LocalRefusal, verdict: Verdict, account?: Account): LocalVerdict {
  const lock = 'lock' in verdict ? verdict.lock : undefined;
  const error =
    lock === undefined
      ? new LatchkeyError('sign-in-refused', 'The user name, the password or the code is wrong.', {
          remedy: 'Type all three again; wait for the next code if this one was used already.',
        })
      : locked(lock).error;
  return {
    kind: 'refused',
    why: verdict.kind === 'locked' ? 'locked' : why,
    ...defined({ account, lock }),
    error,
  };
}

/** What a name that nobody has is counted under. Object ids are UUIDs, so it meets none. */
function nobody(name: string): { tenantId: string; objectId: string } {
  return { tenantId: localTenant, objectId: `nobody:${name.trim().slice(0, 200)}` };
}
