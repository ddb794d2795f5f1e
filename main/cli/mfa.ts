import type { Command } from 'commander';
import { renderUnicodeCompact } from 'uqr';
import { defined } from '../base/defined.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { ApiState } from '../contract/api-state.ts';
import type { Enrolment } from '../contract/shapes.ts';
import { administer } from './administer.ts';
import { askPhone } from './ask-phone.ts';
import type { Client } from './client.ts';
import { clock, plain, result, type Output } from './output.ts';
import { describePrompt } from './prompts.ts';
import { readSecret } from './secret-input.ts';
import type { Tools } from './tools.ts';
import { whose, type ShownAccount } from './whose.ts';

/** `mfa`: Latchkey's own second factor of the person who is signed in. */
export function registerMfa(tools: Tools): void {
  const mfa = tools.program
    .command('mfa')
    .description('the second factor: authenticator, phone, and answers to prompts');
  registerAuthenticator(mfa, tools);
  registerAnswers(mfa, tools);
  registerPhone(mfa, tools);
}

function registerAuthenticator(mfa: Command, { output, signal, withClient }: Tools): void {
  mfa
    .command('status')
    .description('what is set up, and what waits for an answer')
    .action(
      withClient(async (client) => {
        const { state } = await client.state();
        const { accounts, prompts } = state;
        const shown = accounts.map(({ account, secondFactor }) => ({
          account,
          ...defined({ secondFactor }),
        }));
        result(output, 'mfa status', { accounts: shown, prompts }, describe(state));
      }),
    );

  mfa
    .command('enrol')
    .description('set up an authenticator application; asks for its first code')
    .option('--replace', 'in place of the one that is set up: asks for a code of that first', false)
    .action(
      withClient(async (client, { replace }: { replace: boolean }) => {
        const found = await whose(client);
        if (found?.secondFactor?.totp.enrolled === true && !replace) {
          throw new LatchkeyError('mfa-required', 'You have an authenticator already.', {
            remedy: 'Put another in its place with: latchkey mfa enrol --replace',
          });
        }
        const tools = { client, output, signal };
        const enrolment = await administer(tools, 'enrolTotp', {});
        showEnrolment(output, enrolment, 'Scan this with your authenticator application, or type the key:');
        const { recoveryCodes } = await client.call('confirmTotp', {
          code: await readSecret('Code that it shows'),
          ...defined({ as: found?.account.objectId }),
        });
        showRecoveryCodes(output, recoveryCodes);
      }),
    );

  mfa
    .command('remove')
    .description('remove the authenticator; asks for a code of it')
    .action(
      withClient(async (client) => {
        await administer({ client, output, signal }, 'removeTotp', {});
        result(output, 'mfa remove', { removed: 'totp' }, 'The authenticator has been removed.');
      }),
    );

  mfa
    .command('reset')
    .description(
      'for a lost authenticator: remove it and the phone; takes that you sign in again just before',
    )
    .action(
      withClient(async (client) => {
        await client.call('resetSecondFactor', {});
        result(
          output,
          'mfa reset',
          { reset: true },
          'The second factor has been removed. Set up a new one with: latchkey mfa enrol',
        );
      }),
    );
}

function registerAnswers(mfa: Command, { output, signal, withClient }: Tools): void {
  mfa
    .command('answer')
    .description('answer the prompt that waits, with a code: typed in, or from standard input')
    .argument('[prompt-id]', 'where more than one waits')
    .action(
      withClient(async (client, id: string | undefined) => {
        const prompt = await promptOf(client, id);
        // What the code lets in is shown before it is asked for, and is all that it lets in.
        if (prompt !== undefined) output.err(describePrompt(prompt));
        const code = await readSecret('Code');
        await client.call('answerPrompt', { code, ...defined({ id: prompt?.id }) });
        result(output, 'mfa answer', { answered: true }, 'Answered; the login goes on.');
      }),
    );

  mfa
    .command('ask-phone')
    .description('answer the prompt that waits on the phone; shows the number to choose')
    .argument('[prompt-id]', 'where more than one waits')
    .action(
      withClient(async (client, id: string | undefined) => {
        const prompt = await promptOf(client, id);
        await approved(
          { client, output, signal },
          () => client.call('askPhone', defined({ id: prompt?.id })),
          (state) =>
            state.prompts
              .filter((found) => found.kind === 'second-factor')
              .find((found) => prompt === undefined || found.id === prompt.id)?.pushNumber,
        );
      }),
    );

  mfa
    .command('deny')
    .description('refuse the logins that wait')
    .action(
      withClient(async (client) => {
        const prompt = await promptOf(client, undefined);
        if (prompt === undefined) {
          throw new LatchkeyError('request-invalid', 'No second factor, or more than one, is asked for.', {
            remedy: 'See what waits with: latchkey prompts; refuse one with: latchkey deny <prompt-id>',
          });
        }
        await client.call('denyPrompt', { id: prompt.id });
        result(output, 'mfa deny', { denied: true }, 'Denied.');
      }),
    );
}

function registerPhone(mfa: Command, { output, signal, withClient }: Tools): void {
  const push = mfa.command('push').description('a phone with the ntfy application');
  push
    .command('enrol')
    .description('invite a phone and try it')
    .action(
      withClient(async (client) => {
        const tools = { client, output, signal };
        const enrolment = await administer(tools, 'enrolPush', {});
        showEnrolment(
          output,
          enrolment,
          'Scan this with the phone that has the ntfy application, or subscribe to the topic:',
        );
        await readSecret('Press Enter when the phone has subscribed', true);
        await approved(tools, () => client.call('confirmPush', {}));
      }),
    );
  push
    .command('remove')
    .description('forget the phone')
    .action(
      withClient(async (client) => {
        await administer({ client, output, signal }, 'removePush', {});
        result(output, 'mfa push remove', { removed: 'push' }, 'The phone has been removed.');
      }),
    );
}

/** The prompt with this id, or the only one; undefined where the broker has to say what is wrong. */
async function promptOf(
  client: Client,
  id: string | undefined,
): Promise<ApiState['prompts'][number] | undefined> {
  const prompts = (await client.state()).state.prompts.filter(({ kind }) => kind === 'second-factor');
  if (id === undefined) return prompts.length === 1 ? prompts[0] : undefined;
  const found = prompts.find((prompt) => prompt.id === id);
  if (found !== undefined) return found;
  throw new LatchkeyError('request-invalid', 'No second factor is asked for with this id.', {
    remedy: 'See what waits with: latchkey prompts',
  });
}

async function approved(...[tools, ask, numberOf]: Parameters<typeof askPhone>): Promise<void> {
  await askPhone(tools, ask, numberOf);
  result(tools.output, 'mfa ask-phone', { approved: true }, 'Approved on the phone.');
}

export function showEnrolment(output: Output, { uri, key }: Enrolment, invitation: string): void {
  result(
    output,
    'mfa enrol',
    { event: 'enrolment', uri, key },
    `${invitation}\n\n${renderUnicodeCompact(uri, { border: 2 })}\n\n  ${key}\n`,
  );
}

export function showRecoveryCodes(output: Output, recoveryCodes: readonly string[]): void {
  result(
    output,
    'mfa enrol',
    { event: 'confirmed', recoveryCodes },
    `The authenticator is set up. Each of these recovery codes works once in its place; they are not shown again:\n\n${recoveryCodes.map((code) => `  ${code}`).join('\n')}`,
  );
}

function describe({ accounts, prompts }: ApiState): string {
  if (accounts.length === 0) return 'Nobody is signed in.';
  return [
    ...accounts.flatMap((one) => [
      ...(accounts.length === 1 ? [] : [`${plain(one.account.username)} (${plain(one.account.provider)})`]),
      ...describeFactor(one.secondFactor),
    ]),
    ...prompts
      .filter(({ kind }) => kind === 'second-factor')
      .map((prompt) => `Waiting: ${describePrompt(prompt)}`),
  ].join('\n');
}

function describeFactor(secondFactor: ShownAccount['secondFactor']): string[] {
  if (secondFactor === undefined) return ['Not known yet.'];
  const { totp, push, needed } = secondFactor;
  return [
    totp.enrolled
      ? `Authenticator: set up, ${totp.recoveryCodesLeft} recovery codes left`
      : `Authenticator: not set up${needed ? ', and a rule of yours asks for it' : ''}`,
    ...(totp.lockedUntil === undefined
      ? []
      : [`Locked until ${clock(totp.lockedUntil)} after too many wrong codes`]),
    ...(push.available ? [`Phone: ${push.enrolled ? 'set up' : 'not set up'}`] : []),
  ];
}
