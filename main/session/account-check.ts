import { LatchkeyError } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { isSamePerson, type AccountKeys } from '../contract/which-account.ts';
import { isOfDomain, type ChainLink } from './chain.ts';

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

/** Who has to come back from a sign-in; each left out is anybody. */
export interface Expected {
  /** Matches by object id, whatever the person is called by now. */
  person?: AccountKeys | undefined;
  /** What a person has typed: any name that the directory has of them will do. */
  username?: string | undefined;
}

export interface KnownNames {
  /** With which the account signs in. */
  signIn: readonly string[];
  /** Further ones that a person may type: the address of a guest, say. */
  others: readonly string[];
}

/**
 * @throws LatchkeyError `wrong-account` where somebody else has signed in than was asked for, or a stranger to the provider.
 */
export function checkExpected(
  account: Account,
  names: KnownNames,
  { name, domains }: Pick<ChainLink, 'name' | 'domains'>,
  { person, username }: Expected,
): void {
  const has = (wanted: string): boolean =>
    [...names.signIn, ...names.others].some((known) => known.toLowerCase() === wanted.toLowerCase());
  const isWanted =
    person === undefined ? username === undefined || has(username) : isSamePerson(person, account);
  if (isWanted && names.signIn.some((known) => isOfDomain(known, domains))) return;
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
