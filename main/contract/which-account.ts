import { LatchkeyError } from './errors.ts';
import type { Account } from './state.ts';

/** Keys of an account; GUIDs. */
export type AccountKeys = Pick<Account, 'tenantId' | 'objectId'>;

export function isSamePerson(left: AccountKeys, right: AccountKeys): boolean {
  return left.objectId === right.objectId && left.tenantId === right.tenantId;
}

/** Somebody who is signed in. */
interface SignedIn {
  account: Account;
}

/** What a person has said of which account they mean. */
export interface Meant {
  /** Sign-in name or object id. */
  as?: string | undefined;
  /** What they have chosen once for what names no account. */
  chosen?: Account | undefined;
}

/**
 * The account that is meant: the one that is named or chosen, else the only one. Never a guess.
 * @returns undefined where nobody is signed in
 * @throws LatchkeyError `sign-in-required` where the account that is meant is not, `account-ambiguous`
 */
export function oneAccount<Of extends SignedIn>(all: readonly Of[], meant: Meant): Of | undefined {
  const found = meantOf(all, meant);
  if (found !== undefined || all.length < 2) return found ?? all[0];
  throw ambiguous(`Several accounts are signed in: ${list(all)}.`);
}

/**
 * For a connection: the account that is named or chosen, whether it may or not, else the only one that may.
 * @param able those of the accounts that may use it so
 * @throws LatchkeyError `sign-in-required`, `account-ambiguous`; `not-allowed` where none of several may
 */
export function accountForConnection<Of extends SignedIn>(
  connection: string,
  all: readonly Of[],
  able: readonly Of[],
  meant: Meant,
): Of {
  const found = meantOf(all, meant) ?? (all.length === 1 ? all[0] : undefined);
  if (found !== undefined) return found;
  const [first, ...others] = able;
  if (first !== undefined && others.length === 0) return first;
  if (first !== undefined) throw ambiguous(`Several accounts may use "${connection}" so: ${list(able)}.`);
  if (all.length === 0) throw nobody();
  throw new LatchkeyError('not-allowed', `None of your accounts may use "${connection}" so: ${list(all)}.`, {
    remedy: `See why with: latchkey explain <sign-in name>@${connection}`,
  });
}

export function nobody(): LatchkeyError {
  return new LatchkeyError('sign-in-required', 'Nobody is signed in to Latchkey.', {
    remedy: 'Sign in from the Latchkey window, or run: latchkey login',
  });
}

export function notSignedIn(
  name: string,
  remedy = `Sign in from the Latchkey window, or run: latchkey login ${wordOf(name)}`,
): LatchkeyError {
  return new LatchkeyError('sign-in-required', `${name} is not signed in to Latchkey.`, { remedy });
}

/**
 * A sign-in name as one word of a command that is shown: as sh, zsh, fish, cmd.exe and PowerShell all read it, or a
 * placeholder where they differ.
 */
export function wordOf(name: string): string {
  if (/^\w[\w.@+-]*$/.test(name)) return name;
  // An interactive bash expands "!", cmd.exe "%" and "^"; typographic quotes end a text of PowerShell.
  return /^-|["$`\\!%^\p{Cc}\u201C-\u201E]/u.test(name) ? '<sign-in name>' : `"${name}"`;
}

function meantOf<Of extends SignedIn>(all: readonly Of[], { as, chosen }: Meant): Of | undefined {
  if (as !== undefined) return named(as, all);
  if (chosen === undefined || all.length === 0) return undefined;
  const found = all.find(({ account }) => isSamePerson(account, chosen));
  if (found !== undefined) return found;
  // Nor is it taken for another one that happens to be alone.
  const another = 'or take another account: latchkey use <sign-in name>, or: latchkey use --none';
  throw notSignedIn(chosen.username, `Run: latchkey login ${wordOf(chosen.username)}; ${another}.`);
}

/** A person may have the same sign-in name in two directories. */
function named<Of extends SignedIn>(as: string, all: readonly Of[]): Of {
  const wanted = as.trim().toLowerCase();
  const found = all.filter(({ account: { objectId, username } }) =>
    [objectId, username].some((known) => known.toLowerCase() === wanted),
  );
  const [first, ...others] = found;
  if (first === undefined)
    throw notSignedIn(as, `Run: latchkey login ${wordOf(as)}; signed in: ${list(all) || 'nobody'}.`);
  if (others.length === 0) return first;
  const ids = found.map(({ account: { objectId, provider } }) => `${objectId} ("${provider}")`).join(', ');
  throw ambiguous(`"${as}" is signed in with several providers.`, `Say which by its id: ${ids}.`);
}

function list(some: readonly SignedIn[]): string {
  return some.map(({ account: { username, provider } }) => `${username} ("${provider}")`).join(', ');
}

function ambiguous(
  message: string,
  remedy = 'Say which: --as <sign-in name>; or choose one for all that follows: latchkey use <sign-in name>',
): LatchkeyError {
  return new LatchkeyError('account-ambiguous', message, { remedy });
}
