import { Option } from 'commander';
import { defined } from '../base/defined.ts';
import { type ClientChoice, type Prompt, clientChoices } from '../contract/state.ts';
import { clock, plain, result } from './output.ts';
import type { Tools } from './tools.ts';
import { who } from './who.ts';

/** `prompts`, `allow` and `deny`: what logins wait for, and the answers that take no code. */
export function registerPrompts({ program, output, withClient }: Tools): void {
  program
    .command('prompts')
    .description('what logins are waiting for')
    .action(
      withClient(async (client) => {
        const { prompts } = (await client.state()).state;
        result(
          output,
          'prompts',
          { prompts },
          prompts.map((prompt) => `${prompt.id}  ${describePrompt(prompt)}`).join('\n') ||
            'Nothing is waiting.',
        );
      }),
    );

  program
    .command('allow')
    .description('let a program in that waits to be allowed')
    .argument('[prompt-id]', 'where more than one waits')
    .addOption(
      new Option('--for <time>', 'how long it may come back').choices([...clientChoices]).default('once'),
    )
    .action(
      withClient(async (client, id: string | undefined, { for: choice }: { for: ClientChoice }) => {
        await client.call('allowClient', { choice, ...defined({ id }) });
        result(output, 'allow', { allowed: choice }, 'Allowed; the login goes on.');
      }),
    );

  program
    .command('deny')
    .description('refuse the logins that wait for a prompt of any kind')
    .argument('[prompt-id]', 'the oldest by default')
    .option('--block', 'and whatever its program asks for in the next hour')
    .action(
      withClient(async (client, id: string | undefined, { block }: { block?: true }) => {
        await client.call('denyPrompt', defined({ id, block }));
        result(output, 'deny', { denied: true }, 'Denied.');
      }),
    );
}

export function describePrompt(prompt: Prompt): string {
  const { connection, role, process, program, waiting, expiresAt, also = [] } = prompt;
  const logins = waiting === 1 ? '1 login' : `${waiting} logins`;
  const where = `"${connection}"${role === '' ? '' : ` as ${role}`}`;
  const others = also.map(
    (one) =>
      `; also for "${one.connection}"${one.role === '' ? '' : ` as ${one.role}`}: ${plain(one.program)}`,
  );
  return `${causeOf(prompt)} for ${where}: ${who(process, program)}, ${logins}, until ${clock(expiresAt)}${others.join('')}`;
}

function causeOf(prompt: Prompt): string {
  switch (prompt.kind) {
    case 'second-factor':
      return `Second factor of ${plain(prompt.username)}${prompt.mode === 'session' ? ' for this sign-in' : ''}`;
    case 'sign-in':
      return `Sign-in of ${prompt.username}`;
    case 'client':
      return `Program to allow for ${plain(prompt.username)}${prompt.tool === undefined ? '' : ` (saved password "${prompt.tool}")`}`;
  }
}
