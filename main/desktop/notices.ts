import { assertNever } from '../contract/errors.ts';
import type { AppState, Prompt, SignInState } from '../contract/state.ts';
import { connectionTitle, plainName, programName, timeOfDay } from './labels.ts';

export interface Notice {
  title: string;
  body: string;
}

/** A notice about one prompt, of whatever kind. */
export interface PromptNotice extends Notice {
  promptId: string;
}

const warnBeforeMs = 10 * 60_000;

/** What is worth telling somebody who is not looking at the window, when the state goes from one to the next. */
export function noticeOnChange(previous: AppState | undefined, next: AppState): Notice | undefined {
  if (next.audit.kind === 'failed' && previous?.audit.kind !== 'failed') {
    return { title: 'New logins are refused', body: next.audit.problem.message };
  }
  const before = previous?.signIn;
  const { signIn } = next;
  if (signIn.kind === 'signed-out' && before !== undefined && before.kind !== 'signed-out') {
    if (signIn.problem === undefined || signIn.problem.code === 'sign-in-cancelled') return undefined;
    if (signIn.problem.code === 'code-expired') {
      return { title: 'The code has expired', body: 'Start the sign-in again to get a new one.' };
    }
    const lost = before.kind === 'signed-in' || isRestoring(before);
    return { title: lost ? 'Sign-in needed' : 'Sign-in failed', body: signIn.problem.message };
  }
  const wasSigningIn =
    before?.kind === 'code' ||
    before?.kind === 'browser' ||
    (before?.kind === 'working' && !isRestoring(before));
  if (signIn.kind === 'signed-in' && wasSigningIn) {
    const { displayName, username } = signIn.account;
    const who =
      displayName === '' ? plainName(username) : `${plainName(displayName)} (${plainName(username)})`;
    return { title: 'Signed in', body: `${who}, until ${timeOfDay(signIn.until)}.` };
  }
  return undefined;
}

/** One for each prompt that was not there before. What the client calls itself is said to be just that. */
export function promptNotices(previous: AppState | undefined, next: AppState): PromptNotice[] {
  const known = new Set(previous?.prompts.map(({ id }) => id));
  return next.prompts
    .filter(({ id }) => !known.has(id))
    .map((prompt) => ({
      promptId: prompt.id,
      ...noticeOfPrompt(prompt, connectionTitle(next, prompt.connection)),
    }));
}

function noticeOfPrompt(prompt: Prompt, title: string): Notice {
  const program = programName(prompt.process);
  const claim = prompt.program === '' ? 'gives itself no name' : `calls itself ${plainName(prompt.program)}`;
  const who = `${program}, which ${claim},`;
  switch (prompt.kind) {
    case 'second-factor':
      return {
        title: `Second factor for ${title}`,
        body: `${who} wants to log in as ${plainName(prompt.role)}. Click to answer in Latchkey.`,
      };
    case 'sign-in':
      return {
        title: `Sign in to reach ${title}`,
        body: `${who} came with the handle of ${plainName(prompt.tool)}. Its login goes on once you are signed in as ${plainName(prompt.username)}. Click to sign in.`,
      };
    case 'client':
      return {
        title: `${program} asks to use ${title}`,
        body: `${who} wants to log in as ${plainName(prompt.role)}. Click to allow or deny it in Latchkey.`,
      };
    default:
      return assertNever(prompt);
  }
}

function isRestoring(signIn: SignInState): boolean {
  return signIn.kind === 'working' && signIn.step === 'restoring';
}

/** The warning ten minutes before the session's deadline; `warned` is the deadline that was warned of already. */
export function noticeOfDeadline(
  state: AppState,
  now: number,
  warned: string | undefined,
): { notice: Notice; deadline: string } | undefined {
  if (state.signIn.kind !== 'signed-in') return undefined;
  const { since, until } = state.signIn;
  const left = Date.parse(until) - now;
  // A session that is shorter than the warning time would begin with a warning.
  const tooShort = Date.parse(until) - Date.parse(since) <= warnBeforeMs;
  if (left <= 0 || left > warnBeforeMs || tooShort || warned === until) return undefined;
  const body = 'After that, new logins need a new sign-in.';
  return { notice: { title: `Your session ends at ${timeOfDay(until)}`, body }, deadline: until };
}
