import { LatchkeyError } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { isOfDomain, type ChainLink } from './chain.ts';

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

export function isSamePerson(left: AccountKeys, right: AccountKeys): boolean {
  return left.objectId === right.objectId && left.tenantId === right.tenantId;
}

/** @throws LatchkeyError `wrong-account` where somebody else has signed in than was asked for, or a stranger to the provider. */
export function checkExpected(
  account: Account,
  { name, domains }: Pick<ChainLink, 'name' | 'domains'>,
  username: string | undefined,
): void {
  const isWanted = username === undefined || account.username.toLowerCase() === username.toLowerCase();
  if (isWanted && isOfDomain(account.username, domains)) return;
  throw new LatchkeyError(
    'wrong-account',
    `"${account.username}" has signed in, who is not the person that "${name}" was asked for.`,
    {
      remedy:
        username === undefined
          ? `Sign in with an account of: ${domains.join(', ')}.`
          : `Sign in as ${username}.`,
    },
  );
}
