import { renderUnicodeCompact } from 'uqr';
import type { Enrolment } from '../contract/ipc.ts';
import type { AppState } from '../contract/state.ts';
import type { Client } from './client.ts';
import { clock, result, type Output } from './output.ts';
import { describePrompt } from './prompts.ts';
import { readSecret } from './secret-input.ts';
import type { Tools } from './tools.ts';

/** `mfa`: Latchkey's own second factor of the person who is signed in. */
export function registerMfa({ program, output, withClient, signal }: Tools): void {
  const mfa = program
    .command('mfa')
    .description('the second factor: authenticator, phone, and answers to prompts');

  mfa
    .command('status')
    .description('what is set up, and what waits for an answer')
    .action(
      withClient(async (client) => {
        const { state } = await client.state();
        result(output, { secondFactor: state.secondFactor, prompts: state.prompts }, describe(state));
      }),
    );

  mfa
    .command('enrol')
    .description('set up an authenticator application; asks for its first code')
    .option('--replace', 'in place of the one that is set up: asks for a code of that first', false)
    .action(
      withClient(async (client, { replace }: { replace: boolean }) => {
        const code = replace ? await readSecret('Code of the authenticator that is set up') : undefined;
        const enrolment = (await client.post(
          '/v1/mfa/totp/enrol',
          code === undefined ? {} : { code },
        )) as Enrolment;
        showEnrolment(output, enrolment, 'Scan this with your authenticator application, or type the key:');
        const { recoveryCodes } = (await client.post('/v1/mfa/totp/confirm', {
          code: await readSecret('Code that it shows'),
        })) as { recoveryCodes: string[] };
        showRecoveryCodes(output, recoveryCodes);
      }),
    );

  mfa
    .command('remove')
    .description('remove the authenticator; asks for a code of it')
    .action(
      withClient(async (client) => {
        await client.post('/v1/mfa/totp/remove', { code: await readSecret('Code of the authenticator') });
        result(output, { removed: 'totp' }, 'The authenticator has been removed.');
      }),
    );

  mfa
    .command('reset')
    .description(
      'for a lost authenticator: remove it and the phone; takes a sign-in of the last five minutes',
    )
    .action(
      withClient(async (client) => {
        await client.post('/v1/mfa/reset', {});
        result(
          output,
          { reset: true },
          'The second factor has been removed. Set up a new one with: latchkey mfa enrol',
        );
      }),
    );

  mfa
    .command('answer')
    .description('answer the prompt that waits, with a code: typed in, or from standard input')
    .action(
      withClient(async (client) => {
        await client.post('/v1/mfa/answer', { code: await readSecret('Code') });
        result(output, { answered: true }, 'Answered; the login goes on.');
      }),
    );

  mfa
    .command('ask-phone')
    .description('answer the prompt that waits on the phone; shows the number to choose')
    .action(
      withClient((client) =>
        askPhone(
          client,
          output,
          () => client.post('/v1/mfa/ask-phone', {}),
          (state) => state.prompts.find((prompt) => prompt.kind === 'second-factor')?.pushNumber,
          signal,
        ),
      ),
    );

  mfa
    .command('deny')
    .description('refuse the logins that wait')
    .action(
      withClient(async (client) => {
        await client.post('/v1/mfa/deny', {});
        result(output, { denied: true }, 'Denied.');
      }),
    );

  const push = mfa.command('push').description('a phone with the ntfy application');
  push
    .command('enrol')
    .description('invite a phone and try it')
    .action(
      withClient(async (client) => {
        const enrolment = (await client.post('/v1/mfa/push/enrol', await proof(client))) as Enrolment;
        showEnrolment(
          output,
          enrolment,
          'Scan this with the phone that has the ntfy application, or subscribe to the topic:',
        );
        await readSecret('Press Enter when the phone has subscribed', true);
        await askPhone(
          client,
          output,
          () => client.post('/v1/mfa/push/confirm', {}),
          ({ secondFactor }) => secondFactor?.push.testNumber,
          signal,
        );
      }),
    );
  push
    .command('remove')
    .description('forget the phone')
    .action(
      withClient(async (client) => {
        await client.post('/v1/mfa/push/remove', await proof(client));
        result(output, { removed: 'push' }, 'The phone has been removed.');
      }),
    );
}

/** A phone is changed with a code of the authenticator, where there is one. */
async function proof(client: Client): Promise<{ code?: string }> {
  const { secondFactor } = (await client.state()).state;
  return secondFactor?.totp.enrolled === true ? { code: await readSecret('Code of your authenticator') } : {};
}

/** Shows the number as soon as the state has it, and waits for the phone's answer. */
async function askPhone(
  client: Client,
  output: Output,
  ask: () => Promise<unknown>,
  numberOf: (state: AppState) => string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const done = new AbortController();
  const answered = ask().finally(() => done.abort());
  // Awaited below; until then a rejection must not count as unhandled.
  answered.catch(() => undefined);
  let after = -1;
  let shown: string | undefined;
  while (shown === undefined && !done.signal.aborted && !signal.aborted) {
    const { revision, state } = await client.state({ after, waitSeconds: 1, signal });
    after = revision;
    shown = numberOf(state);
  }
  if (shown !== undefined) output.err(`Choose this number on the phone:  ${shown}`);
  await answered;
  result(output, { approved: true }, 'Approved on the phone.');
}

export function showEnrolment(output: Output, { uri, key }: Enrolment, invitation: string): void {
  if (output.json) output.out(JSON.stringify({ event: 'enrolment', uri, key }));
  else output.out(`${invitation}\n\n${renderUnicodeCompact(uri, { border: 2 })}\n\n  ${key}\n`);
}

export function showRecoveryCodes(output: Output, recoveryCodes: readonly string[]): void {
  result(
    output,
    { event: 'confirmed', recoveryCodes },
    `The authenticator is set up. Each of these recovery codes works once in its place; they are not shown again:\n\n${recoveryCodes.map((code) => `  ${code}`).join('\n')}`,
  );
}

function describe({ secondFactor, prompts }: AppState): string {
  if (secondFactor === undefined) return 'Nobody is signed in.';
  const { totp, push, needed } = secondFactor;
  return [
    totp.enrolled
      ? `Authenticator: set up, ${totp.recoveryCodesLeft} recovery codes left`
      : `Authenticator: not set up${needed ? ', and a rule of yours asks for it' : ''}`,
    ...(totp.lockedUntil === undefined
      ? []
      : [`Locked until ${clock(totp.lockedUntil)} after too many wrong codes`]),
    ...(push.available ? [`Phone: ${push.enrolled ? 'set up' : 'not set up'}`] : []),
    ...prompts
      .filter(({ kind }) => kind === 'second-factor')
      .map((prompt) => `Waiting: ${describePrompt(prompt)}`),
  ].join('\n');
}
