import { LatchkeyError } from '../contract/errors.ts';
import type { Enrolment } from '../contract/ipc.ts';
import { showEnrolment, showRecoveryCodes } from './mfa.ts';
import type { Client } from './client.ts';
import { plain, result, type Output } from './output.ts';
import { readSecret } from './secret-input.ts';
import type { Tools } from './tools.ts';

interface Listed {
  account: { username: string; displayName: string };
  groups: string[];
  enabled: boolean;
}

/** `local`: break-glass accounts, for the day on which the directory cannot be reached. */
export function registerLocal({ program, output, withClient }: Tools): void {
  const local = program.command('local').description('break-glass accounts of the provider of type "local"');

  local
    .command('list')
    .description('the accounts')
    .action(
      withClient(async (client) => {
        const { accounts } = (await client.get('/v1/local-accounts')) as { accounts: Listed[] };
        result(
          output,
          accounts,
          accounts
            .map(
              ({ account, groups, enabled }) =>
                `${enabled ? 'on ' : 'off'}  ${account.username}  ${plain(account.displayName)}  ${groups.join(', ') || 'no groups'}`,
            )
            .join('\n') || 'There are none.',
        );
      }),
    );

  local
    .command('add')
    .description(
      'add an account: asks for its password and, with its authenticator at hand, for a first code',
    )
    .argument('<name>')
    .option('--group <id...>', 'object ids of the groups that it counts as a member of', [])
    .option('--display-name <text>', 'by default the name')
    .action(
      withClient(
        async (
          client,
          username: string,
          { group, displayName }: { group: string[]; displayName?: string },
        ) => {
          const password = await readSecret(`Password of "${username}"`);
          const person = { username, password, displayName: displayName ?? username, groups: group };
          const enrolment = (await client.post('/v1/local-accounts/add', person)) as Enrolment;
          await confirm(client, output, username, enrolment);
        },
      ),
    );

  local
    .command('enrol')
    .description('set up a new authenticator in place of a lost one; ends a lock')
    .argument('<name>')
    .action(
      withClient(async (client, username: string) => {
        const enrolment = (await client.post('/v1/local-accounts/enrol', { username })) as Enrolment;
        await confirm(client, output, username, enrolment);
      }),
    );

  local
    .command('password')
    .description('set a new password')
    .argument('<name>')
    .action(
      withClient(async (client, username: string) => {
        const password = await readSecret(`New password of "${username}"`);
        await client.post('/v1/local-accounts/password', { username, password });
        result(output, { username }, `The password of "${username}" has been changed.`);
      }),
    );

  local
    .command('groups')
    .description('set the groups that it counts as a member of')
    .argument('<name>')
    .argument('[group-id...]')
    .action(
      withClient(async (client, username: string, groups: string[]) => {
        await client.post('/v1/local-accounts/groups', { username, groups });
        result(output, { username, groups }, `"${username}" has ${groups.length} groups now.`);
      }),
    );

  for (const verb of ['enable', 'disable', 'remove'] as const) {
    local
      .command(verb)
      .description(
        {
          enable: 'turn an account on',
          disable: 'turn an account off',
          remove: 'remove an account and its authenticator',
        }[verb],
      )
      .argument('<name>')
      .action(
        withClient(async (client, username: string) => {
          if (verb === 'remove') await client.post('/v1/local-accounts/remove', { username });
          else await client.post('/v1/local-accounts/enable', { username, enabled: verb === 'enable' });
          result(output, { [verb]: username }, 'Done.');
        }),
      );
  }
}

/** Without a confirmed authenticator the account cannot sign in. */
async function confirm(
  client: Client,
  output: Output,
  username: string,
  enrolment: Enrolment,
): Promise<void> {
  showEnrolment(
    output,
    enrolment,
    'Scan this with the authenticator that belongs to the account, or type the key:',
  );
  const code = await readSecret('Code that it shows');
  const { recoveryCodes } = (await client.post('/v1/local-accounts/confirm', { username, code })) as {
    recoveryCodes: string[];
  };
  showRecoveryCodes(output, recoveryCodes);
}

/** Signs in with a break-glass account; what was wrong is not told apart. */
export async function localCredentials(
  username: string | undefined,
): Promise<{ username: string; password: string; code: string }> {
  if (username === undefined) {
    throw new LatchkeyError('request-invalid', 'Name the account.', {
      remedy: 'latchkey login <name> --local',
    });
  }
  return {
    username,
    password: await readSecret(`Password of "${username}"`),
    code: await readSecret('Code of its authenticator'),
  };
}
