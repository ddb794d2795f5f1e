import { Option } from 'commander';
import { cloudNames, signInWays } from '../contract/clouds.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Check, ProviderForm } from '../contract/ipc.ts';
import type { ProviderState } from '../contract/state.ts';
import { describeChecks, exitCodeOf } from './checks.ts';
import type { Client } from './client.ts';
import { result } from './output.ts';
import { readSecret } from './secret-input.ts';
import type { Tools } from './tools.ts';

interface FormOptions {
  type?: ProviderForm['type'];
  cloud?: ProviderForm['cloud'];
  authority?: string;
  applicationId?: string;
  resource?: string;
  domain?: string[];
  signIn?: string;
  redirectService?: string;
  mailCodes?: boolean;
}

/** `provider`: who may say who people are. Every change goes to the configuration file and counts at once. */
export function registerProviders({ program, output, withClient }: Tools): void {
  const provider = program.command('provider').description('the providers of the authentication chain');

  provider
    .command('list')
    .description('in the order in which the chain asks them')
    .action(
      withClient(async (client) => {
        const { providers } = (await client.state()).state;
        result(output, providers, providers.map(describe).join('\n'));
      }),
    );

  for (const verb of ['add', 'update'] as const) {
    provider
      .command(verb)
      .description(
        verb === 'add'
          ? 'add a provider at the end of the chain'
          : 'change settings; what is not named stays',
      )
      .argument('<name>')
      .addOption(new Option('--type <type>').choices(['azure-directory', 'local']).default('azure-directory'))
      .option('--authority <url>', 'https://login.microsoftonline.com/<tenant id>')
      .option('--application-id <id>', 'application (client) id')
      .addOption(new Option('--cloud <cloud>').choices([...cloudNames]))
      .option('--resource <url>', 'Graph resource, where it is not that of the cloud')
      .option('--domain <domain...>', 'whose sign-in names belong here')
      .option('--sign-in <ways>', `ways to sign in, the first is the usual one: ${signInWays.join(',')}`)
      .option('--redirect-service <url>', 'relay page for mailed codes')
      .option('--mail-codes', 'allow device codes to be mailed to the domains')
      .action(
        withClient(async (client, name: string, options: FormOptions) => {
          await client.post('/v1/providers/save', await formFor(client, verb, name, options));
          result(
            output,
            { saved: name },
            `Saved "${name}". See whether it works with: latchkey provider validate ${name}`,
          );
        }),
      );
  }

  for (const verb of ['enable', 'disable'] as const) {
    provider
      .command(verb)
      .description(
        verb === 'enable'
          ? 'turn a provider on'
          : 'turn a provider off; who is signed in with it is signed out',
      )
      .argument('<name>')
      .action(
        withClient(async (client, name: string) => {
          await client.post('/v1/providers/enable', { name, enabled: verb === 'enable' });
          result(output, { [verb]: name }, `"${name}" is ${verb === 'enable' ? 'on' : 'off'}.`);
        }),
      );
  }

  provider
    .command('remove')
    .description('remove a provider and its secret')
    .argument('<name>')
    .action(
      withClient(async (client, name: string) => {
        await client.post('/v1/providers/remove', { name });
        result(output, { removed: name }, `Removed "${name}".`);
      }),
    );

  provider
    .command('validate')
    .description('check a provider; says what to click for each fault')
    .argument('<name>')
    .action(
      withClient(async (client, name: string) => {
        const { checks } = (await client.post('/v1/providers/validate', { name })) as { checks: Check[] };
        result(output, checks, describeChecks(checks));
        return exitCodeOf(checks);
      }),
    );

  provider
    .command('secret')
    .description('store the application secret: typed in, or from standard input')
    .argument('<name>')
    .option('--delete', 'forget it', false)
    .action(
      withClient(async (client, name: string, options: { delete: boolean }) => {
        const secret = options.delete ? null : await readSecret(`Application secret of "${name}"`);
        await client.post('/v1/providers/secret', { name, secret });
        result(
          output,
          { name, stored: secret !== null },
          secret === null ? `Forgot the secret of "${name}".` : `Stored the secret of "${name}".`,
        );
      }),
    );
}

async function formFor(
  client: Client,
  verb: 'add' | 'update',
  name: string,
  options: FormOptions,
): Promise<ProviderForm> {
  const existing = (await client.state()).state.providers.find((provider) => provider.name === name);
  if (verb === 'add' && existing !== undefined) {
    throw new LatchkeyError('request-invalid', `There is already a provider "${name}".`, {
      remedy: `Change it with: latchkey provider update ${name}`,
    });
  }
  if (verb === 'update' && existing === undefined) {
    throw new LatchkeyError('request-invalid', `There is no provider "${name}".`, {
      remedy: 'See them with: latchkey provider list',
    });
  }
  const {
    type = 'azure-directory',
    cloud,
    authority,
    applicationId,
    resource,
    domain,
    signIn,
    redirectService,
    mailCodes,
  } = options;
  return {
    name,
    type: existing?.type ?? type,
    // Break-glass accounts stay off until they are turned on in so many words.
    enabled: existing?.enabled ?? type !== 'local',
    ...(cloud === undefined ? {} : { cloud }),
    ...(authority === undefined ? {} : { authority }),
    ...(applicationId === undefined ? {} : { applicationId }),
    ...(resource === undefined ? {} : { resource }),
    ...(domain === undefined ? {} : { domains: domain }),
    ...(signIn === undefined ? {} : { signIn: signIn.split(',') as NonNullable<ProviderForm['signIn']> }),
    ...(redirectService === undefined ? {} : { redirectService }),
    ...(mailCodes === undefined ? {} : { mailCodes }),
  };
}

function describe({
  name,
  type,
  enabled,
  tenant,
  applicationId,
  domains,
  ways,
  hasSecret,
}: ProviderState): string {
  const parts =
    type === 'local'
      ? ['break-glass accounts']
      : [
          `tenant ${tenant}`,
          `application ${applicationId}`,
          ways.join(', '),
          domains.join(', ') || 'every domain',
          ...(hasSecret ? ['with secret'] : []),
        ];
  return `${enabled ? 'on ' : 'off'}  ${name}  ${parts.join('; ')}`;
}
