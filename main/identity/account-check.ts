import { LatchkeyError } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';

/** Keys of an account; GUIDs. */
export type AccountKeys = Pick<Account, 'tenantId' | 'objectId'>;

/**
 * The id_token's tenant and person against the expected ones: MSAL passes on whatever the authority answers.
 * @param tenant as configured, for the sentence
 * @throws LatchkeyError `wrong-tenant`, `wrong-account`
 */
export function checkAccount(
  account: AccountKeys,
  expected: Pick<AccountKeys, 'tenantId'> & Partial<AccountKeys>,
  tenant: string,
): void {
  if (account.tenantId !== expected.tenantId.toLowerCase()) {
    throw new LatchkeyError('wrong-tenant', 'The account that signed in belongs to another tenant.', {
      remedy: `Sign in with an account of ${tenant}.`,
    });
  }
  if (expected.objectId !== undefined) checkPerson(account, expected.objectId);
}

/**
 * Whether what was asked with an account's token was answered for that account: `objectId` is what Graph's /me says.
 * @throws LatchkeyError `wrong-account`
 */
export function checkPerson(account: Pick<AccountKeys, 'objectId'>, objectId: string): void {
  if (account.objectId === objectId.toLowerCase()) return;
  throw new LatchkeyError('wrong-account', 'Another account than the expected one signed in.', {
    remedy: 'Sign in with the account that was signed in before, or sign out first to change accounts.',
  });
}
