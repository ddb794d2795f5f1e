import { assertNever } from '../contract/errors.ts';
import type { AppState, MfaPrompt, Prompt, SignedInAccount, SignInState } from '../contract/state.ts';
import { isSamePerson } from '../contract/which-account.ts';
import { connectionTitle, plainName, plainSentence, programName, timeOfDay } from './labels.ts';

export interface Notice {
  title: string;
  body: string;
}

/** A notice about one prompt, of whatever kind. */
export interface PromptNotice extends Notice {
  promptId: string;
}

/** Told once, when the window is closed for the first time. */
export const keepsRunning: Notice = {
  title: 'Latchkey keeps running',
  body: 'Your databases stay within reach. Start Latchkey again to see the window; quit it in Settings or in the tray.',
};

export const windowCrashed: Notice = {
  title: 'The window of Latchkey has met an error',
  body: 'Your databases stay within reach. Click here to open it again.',
};

const warnBeforeMs = 10 * 60_000;

/** What is worth telling somebody who is not looking at the window, when the state goes from one to the next. */
export function noticeOnChange(previous: AppState | undefined, next: AppState): Notice | undefined {
  if (next.audit.kind === 'failed' && previous?.audit.kind !== 'failed') {
    return { title: 'New logins are refused', body: next.audit.problem.message };
  }
  return (
    noticeOfLost(previous, next) ?? noticeOfSignIn(previous, next) ?? noticeOfConfiguration(previous, next)
  );
}

/** Somebody, or something, has changed the file; asked about once for each change. */
function noticeOfConfiguration(previous: AppState | undefined, next: AppState): Notice | undefined {
  const change = next.configurationChange;
  const before = previous?.configurationChange;
  if (change === undefined) return undefined;
  if (change.problem !== undefined)
    return before?.problem?.message === change.problem.message
      ? undefined
      : { title: 'The configuration file has a fault', body: 'What counted before goes on.' };
  const isKnown =
    before !== undefined && before.problem === undefined && `${before.changes}` === `${change.changes}`;
  return isKnown
    ? undefined
    : { title: 'The configuration has changed: apply?', body: change.changes.join('; ') };
}

function noticeOfSignIn(previous: AppState | undefined, next: AppState): Notice | undefined {
  const before = previous?.signIn;
  const { signIn } = next;
  if (signIn.kind === 'signed-out' && before !== undefined && before.kind !== 'signed-out') {
    const lost = before.kind === 'signed-in' || isRestoring(before);
    return noticeOfFailure(signIn.problem, lost ? 'Sign-in needed' : 'Sign-in failed');
  }
  const wasSigningIn =
    before?.kind === 'code' ||
    before?.kind === 'browser' ||
    (before?.kind === 'working' && !isRestoring(before));
  if (signIn.kind === 'signed-in' && wasSigningIn) {
    // Of several accounts the state shows the last, also where a sign-in of another has come to nothing.
    if (previous?.accounts.some((one) => isSameSignIn(one, signIn)) === true)
      return noticeOfFailure(next.signInProblem, 'Sign-in failed');
    const { displayName, username } = signIn.account;
    const who =
      displayName === '' ? plainName(username) : `${plainName(displayName)} (${plainName(username)})`;
    return { title: 'Signed in', body: `${who}, until ${timeOfDay(signIn.until)}.` };
  }
  return undefined;
}

type Entry = Pick<SignedInAccount, 'account' | 'since'>;

function isSameSignIn(one: Entry, other: Entry): boolean {
  return isSamePerson(one.account, other.account) && one.since === other.since;
}

function noticeOfFailure(problem: AppState['signInProblem'], title: string): Notice | undefined {
  if (problem === undefined || problem.code === 'sign-in-cancelled') return undefined;
  return problem.code === 'code-expired'
    ? { title: 'The code has expired', body: 'Start the sign-in again to get a new one.' }
    : { title, body: plainSentence(problem.message) };
}

/** One for each prompt that was not there before. What the client calls itself is said to be just that. */
export function promptNotices(previous: AppState | undefined, next: AppState): PromptNotice[] {
  const known = new Set(previous?.prompts.map(({ id }) => id));
  return next.prompts
    .filter(({ id }) => !known.has(id))
    .map((prompt) => ({
      promptId: prompt.id,
      ...noticeOfPrompt(prompt, connectionTitle(next, prompt.connection), ({ username }) =>
        next.accounts.length < 2 ? '' : ` for ${plainName(username)}`,
      ),
    }));
}

/** @param whose names the account where there are several */
function noticeOfPrompt(prompt: Prompt, title: string, whose: (prompt: Prompt) => string): Notice {
  const program = programName(prompt.process);
  const claim = prompt.program === '' ? 'gives itself no name' : `calls itself ${plainName(prompt.program)}`;
  const who = `${program}, which ${claim},`;
  switch (prompt.kind) {
    case 'second-factor':
      return {
        title: `Second factor for ${title}`,
        body: `${who} wants to log in as ${plainName(prompt.role)}${whose(prompt)}.${reachOf(prompt)} Click to answer in Latchkey.`,
      };
    case 'sign-in':
      return {
        title: `Sign in to reach ${title}`,
        body: `${who} came with the saved password of ${plainName(prompt.tool)}. Its login goes on once you are signed in as ${plainName(prompt.username)}. Click to sign in.`,
      };
    case 'client':
      return {
        title: `${program} asks to use ${title}`,
        body: `${who} wants to log in as ${plainName(prompt.role)}${whose(prompt)}. Click to allow or deny it in Latchkey.`,
      };
    default:
      return assertNever(prompt);
  }
}

/** What one answer lets in beside the login that the notice names. */
function reachOf({ also = [], mode }: MfaPrompt): string {
  const others = also.length === 0 ? '' : ` The same answer lets in ${also.length} more.`;
  return mode === 'session' ? `${others} It counts for this whole sign-in.` : others;
}

function isRestoring(signIn: SignInState): boolean {
  return signIn.kind === 'working' && signIn.step === 'restoring';
}

/** An account that has gone by itself while others go on. */
function noticeOfLost(previous: AppState | undefined, next: AppState): Notice | undefined {
  const { signInProblem: problem, accounts } = next;
  if (problem === undefined || problem === previous?.signInProblem) return undefined;
  const left = new Set(accounts.map(({ account }) => account.objectId));
  const isLost = previous?.accounts.some(({ account }) => !left.has(account.objectId)) === true;
  return isLost ? { title: 'Sign-in needed', body: plainSentence(problem.message) } : undefined;
}

/** The warning ten minutes before the deadline of an account; `warned` has the deadlines that were warned of already. */
export function noticeOfDeadline(
  { accounts }: AppState,
  now: number,
  warned: ReadonlySet<string>,
): { notice: Notice; deadline: string } | undefined {
  for (const { account, since, until } of accounts) {
    const deadline = `${account.objectId} ${until}`;
    const left = Date.parse(until) - now;
    // A session that is shorter than the warning time would begin with a warning.
    const tooShort = Date.parse(until) - Date.parse(since) <= warnBeforeMs;
    if (left <= 0 || left > warnBeforeMs || tooShort || warned.has(deadline)) continue;
    const whose = accounts.length === 1 ? 'Your session' : `The session of ${plainName(account.username)}`;
    return {
      notice: {
        title: `${whose} ends at ${timeOfDay(until)}`,
        body: 'After that, new logins need a new sign-in.',
      },
      deadline,
    };
  }
  return undefined;
}

/** Until the next one may be due; undefined where nobody's deadline is further away than its notice. */
export function msToDeadlineNotice({ accounts }: AppState, now: number): number | undefined {
  const waits = accounts
    .map(({ until }) => Date.parse(until) - warnBeforeMs - now)
    .filter((wait) => wait > 0);
  return waits.length === 0 ? undefined : Math.min(...waits);
}
