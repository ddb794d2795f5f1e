import { fromProblem, LatchkeyError, type Problem } from '../contract/errors.ts';
import type { AppState } from '../contract/state.ts';
import type { Client } from './client.ts';
import { clock, plain, result, type Output } from './output.ts';

const waitSeconds = 20;

export interface LoginOptions {
  username?: string | undefined;
  provider?: string | undefined;
  browser?: boolean | undefined;
  deviceCode?: boolean | undefined;
  /** Mail the code to the sign-in name. */
  mail?: boolean | undefined;
  /** Also where somebody is signed in. */
  again: boolean;
}

/**
 * Signs in: prints address and code, or says that the browser has been opened, and waits until that has been used, has
 * expired or has been declined. With `--json` two lines: what is waited for, then the person.
 */
export async function login(
  client: Client,
  output: Output,
  options: LoginOptions & { signal: AbortSignal },
): Promise<void> {
  const before = (await client.state()).state.signIn;
  if (before.kind === 'signed-in' && !options.again) return greet(output, before);
  await client.post('/v1/sign-in', requestFor(options));
  let shown = '';
  let after = -1;
  for (;;) {
    const { revision, state } = await nextState(client, after, options.signal);
    after = revision;
    const { signIn } = state;
    switch (signIn.kind) {
      case 'working':
        break;
      case 'code':
        if (shown !== signIn.userCode) showCode(output, signIn, state);
        shown = signIn.userCode;
        break;
      case 'browser':
        if (shown !== signIn.startedAt) showBrowser(output, signIn);
        shown = signIn.startedAt;
        break;
      case 'signed-out':
        throw failureOf(signIn);
      case 'signed-in':
        if (before.kind === 'signed-in' && before.since === signIn.since) throw notReplaced(before, signIn);
        return greet(output, signIn);
    }
  }
}

function requestFor({
  username,
  provider,
  browser,
  deviceCode,
  mail,
}: LoginOptions): Record<string, unknown> {
  const way = browser === true ? 'browser' : deviceCode === true || mail === true ? 'device-code' : undefined;
  return {
    ...(username === undefined ? {} : { username }),
    ...(provider === undefined ? {} : { provider }),
    ...(way === undefined ? {} : { way }),
    ...(mail === true ? { mail } : {}),
  };
}

/** Why nobody is signed in; where a policy blocked this way, the other one is named. */
function failureOf({ problem, otherWay }: Shown<'signed-out'>): LatchkeyError {
  if (problem === undefined) {
    return new LatchkeyError('sign-in-cancelled', 'The sign-in was cancelled.', {
      remedy: 'Run it again: latchkey login',
    });
  }
  const failure = fromProblem(problem as Problem);
  if (otherWay === undefined) return failure;
  const remedy =
    `${failure.remedy ?? ''}\n  Or sign in the other way: latchkey login --provider ${otherWay.provider} --${otherWay.way}`.trim();
  return new LatchkeyError(failure.code, failure.message, { remedy, entra: failure.entra });
}

/** Waits for the next state. Ctrl-C cancels the sign-in, and the state is then what came of it. */
async function nextState(
  client: Client,
  after: number,
  signal: AbortSignal,
): Promise<{ revision: number; state: AppState }> {
  try {
    return await client.state({ after, waitSeconds, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    await client.post('/v1/sign-in/cancel', {});
    return client.state();
  }
}

/** A second sign-in has ended, and the first still stands: with the reason, unless it was cancelled. */
function notReplaced(before: Shown<'signed-in'>, { account, problem }: Shown<'signed-in'>): LatchkeyError {
  const stands = `The sign-in of ${plain(account.username)} still stands.`;
  if (problem === undefined || JSON.stringify(problem) === JSON.stringify(before.problem))
    return new LatchkeyError('sign-in-cancelled', 'The new sign-in was cancelled.', { remedy: stands });
  const { remedy = '' } = problem;
  return fromProblem({ ...(problem as Problem), remedy: `${remedy} ${stands}`.trim() });
}

type Shown<Kind> = Extract<AppState['signIn'], { kind: Kind }>;

function showCode(
  output: Output,
  { userCode, verificationUri, expiresAt, tenant, applicationId }: Shown<'code'>,
  { localTenant }: AppState,
): void {
  if (output.json) {
    output.out(JSON.stringify({ event: 'code', userCode, verificationUri, expiresAt }));
    return;
  }
  output.out(
    [
      ...(localTenant ? ['This is a local test tenant, not Microsoft.'] : []),
      `Open ${verificationUri}`,
      `and enter the code  ${userCode}`,
      '',
      `Tenant ${tenant}, application ${applicationId}; the code is good until ${clock(expiresAt)}.`,
      'Enter it only because you started this sign-in yourself, and give it to nobody.',
    ].join('\n'),
  );
}

function showBrowser(output: Output, { provider, expiresAt }: Shown<'browser'>): void {
  if (output.json) output.out(JSON.stringify({ event: 'browser', expiresAt }));
  else
    output.out(
      `Finish the sign-in with "${provider}" in the browser that has been opened, until ${clock(expiresAt)}.`,
    );
}

function greet(output: Output, { account, until, groups }: Shown<'signed-in'>): void {
  const count = groups.length === 1 ? '1 group' : `${groups.length} groups`;
  result(
    output,
    { event: 'signed-in', account, until, groups },
    `Signed in as ${plain(account.displayName)} <${plain(account.username)}> until ${clock(until)}, with ${count}.`,
  );
}
