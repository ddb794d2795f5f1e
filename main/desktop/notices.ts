import { assertNever, type Problem } from '../contract/errors.ts';
import type { AppState, MfaPrompt, Prompt, SignedInAccount, SignInState } from '../contract/state.ts';
import { isSamePerson } from '../contract/which-account.ts';
import { connectionTitle, plainName, plainSentence, programName, timeOfDay } from './labels.ts';
import { type DesktopTexts, textsOf } from './texts/texts.ts';

export interface Notice {
  title: string;
  body: string;
}

/** A notice about one prompt, of whatever kind. */
export interface PromptNotice extends Notice {
  promptId: string;
}

/** Told once, when the window is closed for the first time. */
export const keepsRunning = (t: DesktopTexts): Notice => ({
  title: t.keepsRunning,
  body: t.keepsRunningBody,
});

export const windowCrashed = (t: DesktopTexts): Notice => ({
  title: t.windowCrashed,
  body: t.windowCrashedBody,
});

/** The whole application has met an error, and ends. */
export const startsAnew = (t: DesktopTexts): Notice => ({ title: t.startsAnew, body: t.startsAnewBody });

export const shortcutTaken = (t: DesktopTexts, problem: Problem): Notice => ({
  title: t.shortcutTaken,
  body: `${t.problem(problem)} ${t.remedy(problem)}`.trim(),
});

const warnBeforeMs = 10 * 60_000;

/** What is worth telling somebody who is not looking at the window, when the state goes from one to the next. */
export function noticeOnChange(previous: AppState | undefined, next: AppState): Notice | undefined {
  if (next.audit.kind === 'failed' && previous?.audit.kind !== 'failed') {
    const t = textsOf(next);
    return { title: t.loginsRefused, body: t.problem(next.audit.problem) };
  }
  return (
    noticeOfLost(previous, next) ?? noticeOfSignIn(previous, next) ?? noticeOfConfiguration(previous, next)
  );
}

/** Somebody, or something, has changed the file; asked about once for each change. */
function noticeOfConfiguration(previous: AppState | undefined, next: AppState): Notice | undefined {
  const change = next.configurationChange;
  const before = previous?.configurationChange;
  const t = textsOf(next);
  if (change === undefined) return undefined;
  if (change.problem !== undefined)
    return before?.problem?.message === change.problem.message
      ? undefined
      : { title: t.fileHasFault, body: t.fileHasFaultBody };
  const isKnown =
    before !== undefined && before.problem === undefined && `${before.changes}` === `${change.changes}`;
  return isKnown ? undefined : { title: t.fileHasChanged, body: change.changes.join('; ') };
}

function noticeOfSignIn(previous: AppState | undefined, next: AppState): Notice | undefined {
  const before = previous?.signIn;
  const t = textsOf(next);
  const { signIn } = next;
  if (signIn.kind === 'signed-out' && before !== undefined && before.kind !== 'signed-out') {
    const lost = before.kind === 'signed-in' || isRestoring(before);
    return noticeOfFailure(t, signIn.problem, lost ? t.signInNeeded : t.signInFailed);
  }
  const wasSigningIn =
    before?.kind === 'code' ||
    before?.kind === 'browser' ||
    (before?.kind === 'working' && !isRestoring(before));
  if (signIn.kind === 'signed-in' && wasSigningIn) {
    // Of several accounts the state shows the last, also where a sign-in of another has come to nothing.
    if (previous?.accounts.some((one) => isSameSignIn(one, signIn)) === true)
      return noticeOfFailure(t, next.signInProblem, t.signInFailed);
    const { displayName, username } = signIn.account;
    const who =
      displayName === '' ? plainName(username) : `${plainName(displayName)} (${plainName(username)})`;
    return { title: t.signedIn, body: t.signedInBody(who, timeOfDay(signIn.until)) };
  }
  return undefined;
}

type Entry = Pick<SignedInAccount, 'account' | 'since'>;

function isSameSignIn(one: Entry, other: Entry): boolean {
  return isSamePerson(one.account, other.account) && one.since === other.since;
}

function noticeOfFailure(
  t: DesktopTexts,
  problem: AppState['signInProblem'],
  title: string,
): Notice | undefined {
  if (problem === undefined || problem.code === 'sign-in-cancelled') return undefined;
  return problem.code === 'code-expired'
    ? { title: t.codeExpired, body: t.codeExpiredBody }
    : { title, body: plainSentence(t.problem(problem)) };
}

/** One for each prompt that was not there before. What the client calls itself is said to be just that. */
export function promptNotices(previous: AppState | undefined, next: AppState): PromptNotice[] {
  const known = new Set(previous?.prompts.map(({ id }) => id));
  const t = textsOf(next);
  return next.prompts
    .filter(({ id }) => !known.has(id))
    .map((prompt) => ({
      promptId: prompt.id,
      ...noticeOfPrompt(t, prompt, connectionTitle(next, prompt.connection), ({ username }) =>
        next.accounts.length < 2 ? '' : t.for(plainName(username)),
      ),
    }));
}

/** @param whose names the account where there are several */
function noticeOfPrompt(
  t: DesktopTexts,
  prompt: Prompt,
  title: string,
  whose: (prompt: Prompt) => string,
): Notice {
  const program = programName(prompt.process, t);
  const who =
    prompt.program === '' ? t.givesNoName(program) : t.callsItself(program, plainName(prompt.program));
  const wants = (role: string): string => t.wantsToLogIn(who, plainName(role), whose(prompt));
  switch (prompt.kind) {
    case 'second-factor':
      return {
        title: t.secondFactorFor(title, ''),
        body: `${wants(prompt.role)}${reachOf(t, prompt)} ${t.clickToAnswer}`,
      };
    case 'sign-in':
      return {
        title: t.signInToReach(title, ''),
        body: t.cameWithSavedPassword(who, plainName(prompt.tool), plainName(prompt.username)),
      };
    case 'client':
      return {
        title: t.asksToUse(program, title, ''),
        body: `${wants(prompt.role)} ${t.clickToAllow}`,
      };
    default:
      return assertNever(prompt);
  }
}

/** What one answer lets in beside the login that the notice names. */
function reachOf(t: DesktopTexts, { also = [], mode }: MfaPrompt): string {
  const others = also.length === 0 ? '' : t.alsoLetsIn(also.length);
  return mode === 'session' ? others + t.forWholeSignIn : others;
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
  const t = textsOf(next);
  return isLost ? { title: t.signInNeeded, body: plainSentence(t.problem(problem)) } : undefined;
}

/** The warning ten minutes before the deadline of an account; `warned` has the deadlines that were warned of already. */
export function noticeOfDeadline(
  state: AppState,
  now: number,
  warned: ReadonlySet<string>,
): { notice: Notice; deadline: string } | undefined {
  const { accounts } = state;
  const t = textsOf(state);
  for (const { account, since, until } of accounts) {
    const deadline = `${account.objectId} ${until}`;
    const left = Date.parse(until) - now;
    // A session that is shorter than the warning time would begin with a warning.
    const tooShort = Date.parse(until) - Date.parse(since) <= warnBeforeMs;
    if (left <= 0 || left > warnBeforeMs || tooShort || warned.has(deadline)) continue;
    const end = timeOfDay(until);
    return {
      notice: {
        title:
          accounts.length === 1 ? t.yourSessionEnds(end) : t.sessionEnds(plainName(account.username), end),
        body: t.sessionEndsBody,
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
