import { readFile, rm } from 'node:fs/promises';
import { Option } from 'commander';
import { defined } from '../base/defined.ts';
import { emptyConfiguration } from '../config/load.ts';
import type { ActionReply, ActionRequest } from '../contract/action-schemas.ts';
import { cloudNames, type CloudName } from '../contract/clouds.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { providerNameOf } from '../contract/provider-name.ts';
import { createIfMissing } from '../store/edit-file.ts';
import { chosenKeyFile } from '../store/places.ts';
import { administer } from './administer.ts';
import { connectClient, runningClient, type Client } from './client.ts';
import {
  asked,
  invalid,
  rulesOf,
  secretsOf,
  settingsOf,
  withConnectionOptions,
  type ConnectionOptions,
} from './connection-form.ts';
import { plain, result } from './output.ts';
import { askTerminal } from './terminal.ts';
import type { Globals, Tools } from './tools.ts';

interface InitOptions extends ConnectionOptions {
  tenant?: string;
  applicationId?: string;
  cloud?: CloudName;
  graph?: string;
  tenantCaFile?: string;
  connection?: string;
}

type Question = ActionRequest<'findTenant'> & { applicationId: string };

/** `init`: a first configuration, from the answers that the first run of the window asks for. */
export function registerInit(tools: Tools): void {
  const { program, output, signal, run } = tools;
  withConnectionOptions(program.command('init'))
    .description(
      'set Latchkey up: finds the tenant, tries the application, and writes the configuration with a first connection. Asks for what is missing; changes none that is there',
    )
    .option(
      '--tenant <domain>',
      'domain of your sign-in name, id of the tenant, or an address of "Endpoints"',
    )
    .option('--application-id <id>', 'application (client) id of the app registration')
    .addOption(new Option('--cloud <cloud>', 'by default that of the address').choices([...cloudNames]))
    .option('--graph <url>', 'address of Graph, with --cloud local')
    .option('--tenant-ca-file <file>', 'certificate authority of the tenant, with --cloud local')
    .option('--connection <name>', 'of the first connection; without one it can be added later')
    .action(
      run(async (globals, options: InitOptions) => {
        await refuseWritten(globals.config);
        const question = await questionOf(options);
        const done = await withBroker(tools, globals, async (client) => {
          await refuseSetUp(client);
          // Before the other questions: nobody answers them all for a tenant that is mistyped.
          const found = await client.call('findTenant', question);
          const form = await formOf(client, options);
          const administrator = { client, output, signal };
          // The provider is what ends the first run, after which each change takes a proof of the person.
          const connections =
            form === undefined ? [] : (await administer(administrator, 'saveConnections', form)).connections;
          const provider = providerNameOf(question.authority);
          const { authority } = found;
          await administer(administrator, 'saveProvider', {
            ...question,
            authority,
            name: provider,
            type: 'azure-directory',
            enabled: true,
          });
          const told = { file: globals.config, tenantId: found.tenantId, provider, connections };
          return { told, secrets: form === undefined ? [] : form.connections.flatMap(secretsOf) };
        });
        result(output, 'init', done.told, sentences(done.told, done.secrets));
      }),
    );
}

/** Undefined where no connection is wanted yet. */
async function formOf(
  client: Client,
  given: InitOptions,
): Promise<ActionRequest<'saveConnections'> | undefined> {
  const name = given.connection ?? (await askIfThere('Name of a first connection (Enter: later)'));
  if (name === undefined) return undefined;
  const options = await asked(name, given, { byId: true });
  const settings = settingsOf(options);
  const { rules } = await rulesOf(client, { name, protocol: settings['protocol'] }, options);
  return { connections: [{ name, is: 'new', settings: { ...settings, rules } }] };
}

function sentences(
  {
    file,
    tenantId,
    connections,
  }: {
    file: string;
    tenantId: string;
    connections: ActionReply<'saveConnections'>['connections'];
  },
  secrets: { name: string }[],
): string {
  const listening = connections.map(({ name, port }) => ` Connection "${name}" is at port ${port}.`);
  const next = [
    'latchkey serve',
    ...secrets.map(({ name }) => `latchkey secret set ${name}`),
    'latchkey login',
  ];
  return plain(
    `Found the tenant ${tenantId}, and wrote ${file}.${listening.join('')} Go on with: ${next.join(', then ')}`,
  );
}

async function questionOf(options: InitOptions): Promise<Question> {
  const { cloud, graph, tenantCaFile } = options;
  const tenant = options.tenant ?? (await askIfThere('Domain of your sign-in name, such as contoso.com'));
  if (tenant === undefined) throw invalid('The tenant is missing.', 'Give --tenant.');
  const applicationId = options.applicationId ?? (await askIfThere('Application (client) id'));
  if (applicationId === undefined) throw invalid('The application is missing.', 'Give --application-id.');
  return {
    authority: tenant.trim().replace(/^@/, ''),
    applicationId: applicationId.trim(),
    ...defined({ cloud, resource: graph, caFile: tenantCaFile }),
  };
}

/** Undefined where nobody is there to ask, or nothing was entered. */
async function askIfThere(question: string): Promise<string | undefined> {
  if (process.stdin.isTTY !== true) return undefined;
  const answer = (await askTerminal(`${question}: `, { shown: true })).trim();
  return answer === '' ? undefined : answer;
}

/** A file in which somebody has written anything is theirs. */
async function refuseWritten(file: string): Promise<void> {
  const text = await textOf(file);
  if (text === undefined || text === emptyConfiguration) return;
  throw isSetUp(`There is a configuration already: ${file}.`);
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new LatchkeyError('config-unreadable', `The configuration ${file} cannot be read.`, {
      remedy: 'Make it readable, or name another one with --config.',
      cause: error,
    });
  }
}

async function refuseSetUp(client: Client): Promise<void> {
  const { state } = await client.state();
  if (state.providers.length + state.connections.length > 0 || state.organisationSettings !== undefined)
    throw isSetUp('This Latchkey is set up already.');
}

const isSetUp = (message: string): LatchkeyError =>
  new LatchkeyError('request-refused', message, {
    remedy: 'Change it with: latchkey provider, latchkey connection; or name another file with --config.',
  });

/** A Latchkey that runs, or one for as long as this takes: what is written is checked and recorded as ever. */
async function withBroker<T>(
  { organisation, workerUrl }: Tools,
  { home, config }: Globals,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const running = await runningClient(home, undefined);
  if (running !== undefined) return use(running);
  const [{ startHeadless }, { createLog }] = await Promise.all([
    import('../headless.ts'),
    import('../log/log.ts'),
  ]);
  const wasThere = (await textOf(config)) !== undefined;
  await createIfMissing(config, emptyConfiguration);
  try {
    const keyFile = chosenKeyFile(undefined);
    const log = createLog({ stderr: { write: () => undefined } });
    const own = { configFile: config, organisation, homePath: home, keyFile, workerUrl, log };
    const latchkey = await startHeadless(own);
    try {
      return await use(await connectClient(home));
    } finally {
      await latchkey.close();
    }
  } catch (error) {
    // Nothing has come of it.
    if (!wasThere && (await textOf(config)) === emptyConfiguration) await rm(config);
    throw error;
  }
}
