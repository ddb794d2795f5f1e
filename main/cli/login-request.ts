import { defined } from '../base/defined.ts';
import type { ActionRequest } from '../contract/action-schemas.ts';
import type { ApiState } from '../contract/api-state.ts';
import type { SignInWay } from '../contract/clouds.ts';
import { fromProblem, LatchkeyError, type Problem } from '../contract/errors.ts';
import { oneAccount } from '../contract/which-account.ts';
import { plain } from './output.ts';

export interface LoginOptions {
  username?: string | undefined;
  provider?: string | undefined;
  browser?: boolean | undefined;
  deviceCode?: boolean | undefined;
  /** Mail the code to the sign-in name. */
  mail?: boolean | undefined;
  /** Also where the account is signed in. */
  again: boolean;
  /** One more account, whoever is signed in. */
  add: boolean;
}

/** An account that is signed in. */
export type SignedIn = Pick<ApiState['accounts'][number], 'account' | 'since' | 'until' | 'groups'>;

/** Whoever is signed in already and is all that was asked for; a sign-in under way is not theirs. */
export function whoIsThere(
  { accounts, signIn }: ApiState,
  { username, provider, again, add }: LoginOptions,
): SignedIn | undefined {
  const isRestoring = signIn.kind === 'working' && signIn.step === 'restoring';
  if (again || add || (signIn.kind !== 'signed-in' && !isRestoring)) return undefined;
  const fits = accounts.filter(
    ({ account }) =>
      (username === undefined || account.username.toLowerCase() === username.toLowerCase()) &&
      (provider === undefined || account.provider === provider),
  );
  return fits.at(-1);
}

export function isSameSignIn(left: SignedIn, right: SignedIn): boolean {
  return left.since === right.since && left.account.objectId === right.account.objectId;
}

/** Of several accounts it has to be said who is to sign in again. */
export function requestFor(
  options: LoginOptions,
  state: ApiState,
  as: string | undefined,
): ActionRequest<'signIn'> {
  const { browser, deviceCode, mail, again } = options;
  let { username, provider } = options;
  const { accounts, chosenAccount: chosen } = state;
  if (again && username === undefined && provider === undefined && accounts.length > 1) {
    const account = oneAccount(accounts, { as, chosen })?.account;
    username = account?.username;
    provider = account?.provider;
  }
  const byCode = deviceCode === true || mail === true;
  const way: SignInWay | undefined = browser === true ? 'browser' : byCode ? 'device-code' : undefined;
  return {
    ...defined({ username, provider, way }),
    ...(mail === true ? { mail } : {}),
    // Also where the browser is signed in: this is how a person proves who they are.
    ...(again ? { anew: true } : {}),
  };
}

/** A second sign-in has ended, and the first still stands: with the reason, unless it was cancelled. */
export function notReplaced(before: ApiState, after: ApiState, username: string): LatchkeyError {
  const stands = `The sign-in of ${plain(username)} still stands.`;
  const problem = newProblem(before, after);
  if (problem === undefined)
    return new LatchkeyError('sign-in-cancelled', 'The new sign-in was cancelled.', { remedy: stands });
  const { remedy = '' } = problem;
  return fromProblem({ ...(problem as Problem), remedy: `${remedy} ${stands}`.trim() });
}

/** Of the sign-in itself, or of an account that was to sign in again. */
function newProblem(before: ApiState, after: ApiState): ApiState['signInProblem'] {
  const known = new Set(problemsOf(before).map((problem) => JSON.stringify(problem)));
  return problemsOf(after).find((problem) => !known.has(JSON.stringify(problem)));
}

function problemsOf({ signInProblem, accounts }: ApiState): NonNullable<ApiState['signInProblem']>[] {
  return [signInProblem, ...accounts.map(({ problem }) => problem)].filter((one) => one !== undefined);
}
