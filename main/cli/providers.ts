import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { defined } from '../base/defined.ts';
import { cloudNames, signInWays } from '../contract/clouds.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { ProviderForm } from '../contract/shapes.ts';
import type { ProviderState } from '../contract/state.ts';
import { describeChecks, exitCodeOf } from './checks.ts';
import { administer, setUp, type Administrator } from './administer.ts';
import { connectClient, type Client } from './client.ts';
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
export function registerProviders(tools: Tools): void {
  const provider = tools.program.command('provider').description('the providers of the authentication chain');
  registerSettings(provider, tools);
  registerSwitches(provider, tools);
  registerSecret(provider, tools);
}

function registerSettings(provider: Command, { output, signal, withClient }: Tools): void {
  provider
    .command('list')
    .description('in the order in which the chain asks them')
    .action(
      withClient(async (client) => {
        const { providers } = (await client.state()).state;
        result(output, 'provider list', { providers }, providers.map(describe).join('\n'));
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
      .option('--authority <url>', 'any address of "Endpoints" in the portal, or the tenant id')
      .option('--application-id <id>', 'application (client) id')
      .addOption(new Option('--cloud <cloud>', 'by default that of the authority').choices([...cloudNames]))
      .option('--resource <url>', 'Microsoft Graph, where it is not that of the cloud')
      .option('--domain <domain...>', 'whose sign-in names belong here')
      .option('--sign-in <ways>', `ways to sign in, the first is the usual one: ${signInWays.join(',')}`)
      .option('--redirect-service <url>', 'relay page for mailed codes')
      .option('--mail-codes', 'allow device codes to be mailed to the domains')
      .action(
        withClient(async (client, name: string, options: FormOptions) => {
          const form = await formFor(client, verb, name, options);
          await administer({ client, output, signal }, 'saveProvider', form);
          result(
            output,
            `provider ${verb}`,
            { saved: name },
            `Saved "${name}". See whether it works with: latchkey provider validate ${name}`,
          );
        }),
      );
  }
}

function registerSwitches(provider: Command, { output, signal, withClient }: Tools): void {
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
          const wanted = { name, enabled: verb === 'enable' };
          await administer({ client, output, signal }, 'setProviderEnabled', wanted);
          const done = { enable: name, disable: name };
          result(output, `provider ${verb}`, done, `"${name}" is ${verb === 'enable' ? 'on' : 'off'}.`);
        }),
      );
  }

  provider
    .command('remove')
    .description('remove a provider and its secret')
    .argument('<name>')
    .action(
      withClient(async (client, name: string) => {
        await administer({ client, output, signal }, 'removeProvider', { name });
        result(output, 'provider remove', { removed: name }, `Removed "${name}".`);
      }),
    );

  provider
    .command('validate')
    .description('check a provider; says what to click for each fault')
    .argument('<name>')
    .action(
      withClient(async (client, name: string) => {
        const { checks } = await client.call('validateProvider', { name });
        result(output, 'provider validate', { checks }, describeChecks(checks));
        return exitCodeOf(checks);
      }),
    );
}

function registerSecret(provider: Command, { output, signal, run }: Tools): void {
  provider
    .command('certificate')
    .description('store a certificate with its private key in place of the secret, from PEM files')
    .argument('<name>')
    .argument('<file...>', 'the private key and the certificate, in one file or in two')
    .action(
      run(async ({ home, as }, name: string, files: string[]) => {
        const client = await connectClient(home, as);
        const secret = (await Promise.all(files.map(readPem))).join('\n');
        await storeApplicationSecret({ client, output, signal }, home, { name, secret });
        result(
          output,
          'provider certificate',
          { name, stored: true },
          `Stored the certificate of "${name}".`,
        );
      }),
    );

  provider
    .command('secret')
    .description('store the application secret: typed in, or from standard input')
    .argument('<name>')
    .option('--delete', 'forget it', false)
    .action(
      run(async ({ home, as }, name: string, options: { delete: boolean }) => {
        const client = await connectClient(home, as);
        const secret = options.delete ? null : await readSecret(`Application secret of "${name}"`);
        await storeApplicationSecret({ client, output, signal }, home, { name, secret });
        result(
          output,
          'provider secret',
          { name, stored: secret !== null },
          secret === null ? `Forgot the secret of "${name}".` : `Stored the secret of "${name}".`,
        );
      }),
    );
}

/** The first one is part of setting Latchkey up; another in its place, or none, takes a person. */
async function storeApplicationSecret(
  tools: Administrator,
  home: string,
  body: { name: string; secret: string | null },
): Promise<void> {
  const { providers } = (await tools.client.state()).state;
  const isStored = providers.some(({ name, hasSecret }) => name === body.name && hasSecret);
  if (body.secret === null || isStored) await administer(tools, 'setProviderSecret', body);
  else await setUp(tools, home, 'setProviderSecret', body);
}

async function readPem(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LatchkeyError('request-invalid', `The file ${file} cannot be read.`, {
      remedy: 'Name a PEM file that this user may read.',
      cause,
    });
  });
  if (text.includes('-----BEGIN ')) return text;
  throw new LatchkeyError('request-invalid', `The file ${file} is not PEM.`, {
    remedy: 'For a .pfx: openssl pkcs12 -in file.pfx -nodes -out file.pem',
  });
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
  const { type = 'azure-directory', domain, signIn, ...rest } = options;
  return {
    name,
    type: existing?.type ?? type,
    // Break-glass accounts stay off until they are turned on in so many words.
    enabled: existing?.enabled ?? type !== 'local',
    ...rest,
    ...defined({ domains: domain, signIn: signIn?.split(',') as ProviderForm['signIn'] }),
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
  secretEnd,
  organisation,
}: ProviderState): string {
  const parts =
    type === 'local'
      ? ['break-glass accounts']
      : [
          `tenant ${tenant}`,
          `application ${applicationId}`,
          ways.join(', '),
          domains.join(', ') || 'every domain',
          ...(hasSecret
            ? [
                secretEnd === undefined
                  ? 'with secret'
                  : `with ${secretEnd.what} until ${secretEnd.at.slice(0, 10)}`,
              ]
            : []),
        ];
  const whose = organisation === undefined ? [] : ['of your organisation'];
  return `${enabled ? 'on ' : 'off'}  ${name}  ${[...parts, ...whose].join('; ')}`;
}
