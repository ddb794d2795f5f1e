import { Option } from 'commander';
import type { SignInWay } from '../contract/clouds.ts';
import { fromProblem, LatchkeyError, type Problem } from '../contract/errors.ts';
import { pageReasons } from '../contract/page-reasons.ts';
import type { ApiState } from '../contract/api-state.ts';
import type { Client } from './client.ts';
import { localCredentials } from './local.ts';
import {
  isSameSignIn,
  notReplaced,
  requestFor,
  whoIsThere,
  type LoginOptions,
  type SignedIn,
} from './login-request.ts';
import { clock, plain, result, type Output } from './output.ts';
import type { Tools } from './tools.ts';

const waitSeconds = 20;

/** `login`, `logout` and `use`. */
export function registerLogin({ program, output, signal, withClient }: Tools): void {
  program
    .command('login')
    .description(
      'sign in, beside the accounts that are: with a device code unless the provider or an option says otherwise',
    )
    .argument('[sign-in name]', 'finds its provider in the chain, and only this person is let in')
    .option('--provider <name>', 'instead of the first of the chain')
    .addOption(
      new Option('--browser', "in this computer's browser").conflicts(['deviceCode', 'mail', 'local']),
    )
    .addOption(new Option('--device-code', 'with a code, on any device').conflicts(['browser', 'local']))
    .addOption(new Option('--mail', 'mail the code to the sign-in name').conflicts(['browser', 'local']))
    .addOption(new Option('--local', 'with a break-glass account: password and code'))
    .option('--again', 'sign in anew although the account is signed in', false)
    .addOption(
      new Option('--add', 'one more account, where no name says which').default(false).conflicts('again'),
    )
    .action(
      withClient(
        async (client, username: string | undefined, options: LoginOptions & { local?: boolean }) => {
          if (options.local === true) await client.call('signInLocally', await localCredentials(username));
          await login(client, output, {
            ...options,
            again: options.again && options.local !== true,
            username,
            signal,
          });
        },
      ),
    );

  program
    .command('logout')
    .description('sign an account out (--as), or all: its tokens and database sessions end')
    .option('--all', 'every account', false)
    .action(
      withClient(async (client, { all }: { all: boolean }) => {
        await client.call('signOut', all ? { all: true } : {});
        const { accounts } = (await client.state()).state;
        const left = accounts.map(({ account }) => plain(account.username)).join(', ');
        result(
          output,
          'logout',
          { signedOut: true, accounts },
          `Signed out; tokens and database sessions have ended.${left === '' ? '' : ` Still signed in: ${left}`}`,
        );
      }),
    );

  program
    .command('use')
    .description('choose the account that is meant where none is named')
    .argument('[account]', 'its sign-in name or object id')
    .option('--none', 'choose none', false)
    .action(
      withClient(async (client, as: string | undefined, { none }: { none: boolean }) => {
        if ((as === undefined) !== none)
          throw new LatchkeyError('request-invalid', 'Name an account, or --none.', {
            remedy: 'See them with: latchkey status',
          });
        const chosen = await client.call('useAccount', { as: as ?? null });
        const { account } = chosen;
        result(
          output,
          'use',
          chosen,
          account === undefined
            ? 'No account is chosen.'
            : `From now on ${plain(account.username)} ("${plain(account.provider)}") is meant where no account is named.`,
        );
      }),
    );
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
  const { state: before } = await client.state();
  const there = whoIsThere(before, options);
  if (there !== undefined) return greet(output, there);
  const last = before.accounts.at(-1);
  await client.call('signIn', requestFor(options, before, client.as));
  let shown = '';
  let helped = '';
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
        helped = helpOnce(helped, shown, output, signIn, state);
        break;
      case 'browser':
        if (shown !== signIn.startedAt) showBrowser(output, signIn);
        shown = signIn.startedAt;
        helped = helpOnce(helped, shown, output, signIn, state);
        break;
      case 'signed-out':
        throw failureOf(signIn);
      case 'signed-in':
        if (last !== undefined && isSameSignIn(last, signIn))
          throw notReplaced(before, state, signIn.account.username);
        return greet(output, signIn);
    }
  }
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
): Promise<{ revision: number; state: ApiState }> {
  try {
    return await client.state({ after, waitSeconds, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    await client.call('cancelSignIn', {});
    return client.state();
  }
}

type Shown<Kind> = Extract<ApiState['signIn'], { kind: Kind }>;

function showCode(
  output: Output,
  { userCode, verificationUri, expiresAt, tenant, applicationId }: Shown<'code'>,
  { localTenant }: ApiState,
): void {
  result(
    output,
    'login',
    { event: 'code', userCode, verificationUri, expiresAt },
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

const helpAfterMs = 2 * 60_000;

/**
 * After a while the page may be showing what Latchkey is not told. Not with `--json`, which has its two lines.
 * @returns for which sign-in that has been said
 */
function helpOnce(
  helped: string,
  shown: string,
  output: Output,
  { kind, provider, startedAt }: Shown<'code' | 'browser'>,
  { providers }: ApiState,
): string {
  if (output.json || helped === shown || Date.now() - Date.parse(startedAt) < helpAfterMs) return helped;
  const way: SignInWay = kind === 'code' ? 'device-code' : 'browser';
  const other = providers.find(({ name }) => name === provider)?.ways.find((candidate) => candidate !== way);
  output.out(
    [
      '',
      'Still waiting. Does the page show an error? Latchkey often hears nothing of it; by its AADSTS number:',
      ...pageReasons.map(({ numbers, meaning, remedy, otherWay }) => {
        const help = otherWay && other === undefined ? 'Ask an administrator.' : remedy;
        return `  ${numbers.join(', ')}: ${meaning} ${help}`;
      }),
      ...(other === undefined
        ? []
        : [`The other way: press Ctrl-C, then run  latchkey login --provider ${provider} --${other}`]),
    ].join('\n'),
  );
  return shown;
}

function showBrowser(output: Output, { provider, expiresAt }: Shown<'browser'>): void {
  result(
    output,
    'login',
    { event: 'browser', expiresAt },
    `Finish the sign-in with "${provider}" in the browser that has been opened, until ${clock(expiresAt)}.`,
  );
}

function greet(output: Output, { account, until, groups }: SignedIn): void {
  const count = groups.length === 1 ? '1 group' : `${groups.length} groups`;
  result(
    output,
    'login',
    { event: 'signed-in', account, until, groups },
    `Signed in as ${plain(account.displayName)} <${plain(account.username)}> until ${clock(until)}, with ${count}.`,
  );
}
