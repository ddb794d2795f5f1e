import { Option } from 'commander';
import { LatchkeyError } from '../contract/errors.ts';
import type { Enrolment, LocalAccount } from '../contract/shapes.ts';
import { showEnrolment, showRecoveryCodes } from './mfa.ts';
import { administer, type Administrator } from './administer.ts';
import { plain, result, type Output } from './output.ts';
import { readSecret } from './secret-input.ts';
import type { Tools } from './tools.ts';

/** `local`: break-glass accounts, for the day on which the directory cannot be reached. */
export function registerLocal({ program, output, signal, source, run, withClient }: Tools): void {
  const local = program.command('local').description('break-glass accounts of the provider of type "local"');

  local
    .command('list')
    .description('the accounts')
    .action(
      withClient(async (client) => {
        const { accounts } = await client.call('listLocalAccounts', {});
        const human = accounts.map(describe).join('\n') || 'There are none.';
        result(output, 'local list', { accounts }, human);
      }),
    );

  local
    .command('add')
    .description(
      'set up an account that the configuration file names: asks for its password and, with its authenticator at hand, for a first code',
    )
    .argument('<name>')
    .action(
      withClient(async (client, username: string) => {
        const password = await readSecret(`Password of "${username}"`);
        const tools = { client, output, signal };
        const enrolment = await administer(tools, 'addLocalAccount', { username, password });
        await confirm(tools, username, enrolment);
      }),
    );

  local
    .command('set-up')
    .description(
      'the same by whoever owns the files, while Latchkey does not run: the first account where nobody can sign in, or a lost password',
    )
    .argument('<name>')
    .addOption(
      new Option('--key-file <file>', 'the key file that Latchkey is started with')
        .env('LATCHKEY_KEY_FILE')
        .makeOptionMandatory(),
    )
    .action(
      run(async (globals, username: string, { keyFile }: { keyFile: string }) => {
        const password = await readSecret(`Password of "${username}"`);
        // Only this command works on the files themselves, and what it needs takes its time to load.
        const { setUpOffline } = await import('../local-accounts/offline.ts');
        const files = { source: await source(globals), homePath: globals.home, keyFile };
        const codes = await setUpOffline(files, { username, password }, (enrolment) =>
          firstCode(output, enrolment),
        );
        showRecoveryCodes(output, codes);
      }),
    );

  local
    .command('enrol')
    .description('set up a new authenticator in place of a lost one; ends a lock')
    .argument('<name>')
    .action(
      withClient(async (client, username: string) => {
        const tools = { client, output, signal };
        const enrolment = await administer(tools, 'enrolLocalAccount', { username });
        await confirm(tools, username, enrolment);
      }),
    );

  local
    .command('password')
    .description('set a new password')
    .argument('<name>')
    .action(
      withClient(async (client, username: string) => {
        const password = await readSecret(`New password of "${username}"`);
        const tools = { client, output, signal };
        await administer(tools, 'setLocalPassword', { username, password });
        result(output, 'local password', { username }, `The password of "${username}" has been changed.`);
      }),
    );

  for (const verb of ['enable', 'disable', 'remove'] as const) {
    local
      .command(verb)
      .description(
        {
          enable: 'turn an account on',
          disable: 'turn an account off',
          remove: 'forget password and authenticator of an account',
        }[verb],
      )
      .argument('<name>')
      .action(
        withClient(async (client, username: string) => {
          const tools = { client, output, signal };
          if (verb === 'remove') await administer(tools, 'removeLocalAccount', { username });
          else {
            const wanted = { username, enabled: verb === 'enable' };
            await administer(tools, 'setLocalEnabled', wanted);
          }
          const done = { enable: username, disable: username, remove: username };
          result(output, `local ${verb}`, done, 'Done.');
        }),
      );
  }
}

/** Shows the key and asks for the first code of it. */
function firstCode(output: Output, enrolment: Enrolment): Promise<string> {
  showEnrolment(
    output,
    enrolment,
    'Scan this with the authenticator that belongs to the account, or type the key:',
  );
  return readSecret('Code that it shows');
}

function describe({ username, displayName, groups, enabled, isSetUp, isInFile }: LocalAccount): string {
  if (!isInFile) return `---  ${username}  is not in the configuration file and opens nothing`;
  const what = isSetUp ? groups.join(', ') || 'no groups' : 'has no password yet';
  return `${enabled ? 'on ' : 'off'}  ${username}  ${plain(displayName)}  ${what}`;
}

/** Without a confirmed authenticator the account cannot sign in. */
async function confirm(
  { client, output }: Administrator,
  username: string,
  enrolment: Enrolment,
): Promise<void> {
  const code = await firstCode(output, enrolment);
  const { recoveryCodes } = await client.call('confirmLocalAccount', { username, code });
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
