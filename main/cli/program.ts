import { Command, CommanderError, Option } from 'commander';
import type { IssuedToken } from '../core/token-issue.ts';
import { configurationJsonSchema } from '../config/json-schema.ts';
import { warnings } from '../config/check.ts';
import { defaultConfigFile } from '../config/default-file.ts';
import { loadConfiguration } from '../config/load.ts';
import { toSeconds } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { defaultHome } from '../store/home.ts';
import { version } from '../version.ts';
import { listAudit, verify } from './audit.ts';
import { registerCertificate } from './certificate.ts';
import { registerChecks } from './checks.ts';
import { connectClient, type Client } from './client.ts';
import { registerConnect } from './connect.ts';
import { exec } from './exec.ts';
import { localCredentials, registerLocal } from './local.ts';
import { login, type LoginOptions } from './login.ts';
import { registerHandles } from './handles.ts';
import { registerMfa } from './mfa.ts';
import { clock, failed, result, type Output } from './output.ts';
import { registerPrompts } from './prompts.ts';
import { readSecret } from './secret-input.ts';
import { registerSessions } from './sessions.ts';
import { registerProviders } from './providers.ts';
import { describeConnections, describeState } from './status.ts';
import type { Globals, Tools } from './tools.ts';

/**
 * The `latchkey` command.
 * @param args without the program's own name
 * @param workerUrl the gateway's worker script, in a bundle
 * @returns the exit code
 */
export async function runCli(
  args: string[],
  { workerUrl, signal }: { workerUrl?: URL | undefined; signal: AbortSignal },
): Promise<number> {
  const output: Output = {
    json: args.slice(0, args.includes('--') ? args.indexOf('--') : undefined).includes('--json'),
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
  };
  let exitCode = 0;
  const program = new Command('latchkey')
    .description('Sign in with Microsoft Entra ID from SQL tools that cannot.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeErr: (text) => void process.stderr.write(text) })
    .addOption(
      new Option('--config <file>', 'configuration')
        .env('LATCHKEY_CONFIG')
        .default(defaultConfigFile(), 'in your settings folder'),
    )
    .addOption(
      new Option('--home <folder>', 'state of one broker')
        .env('LATCHKEY_HOME')
        .default(defaultHome(), 'in your state folder'),
    )
    .option('--json', 'print JSON', false);

  /** Runs the body with the options of the whole line; a failure becomes sentences and an exit code. */
  const run =
    (body: (globals: Globals, ...parameters: never[]) => Promise<number | void>) =>
    async (...parameters: unknown[]): Promise<void> => {
      const command = parameters.at(-1) as Command;
      try {
        exitCode =
          (await body(command.optsWithGlobals() as Globals, ...(parameters.slice(0, -1) as never[]))) ?? 0;
      } catch (error) {
        exitCode = failed(output, error);
      }
    };
  const withClient = (body: (client: Client, ...parameters: never[]) => Promise<number | void>) =>
    run(async ({ home }, ...parameters) => body(await connectClient(home), ...parameters));

  program
    .command('serve')
    .description('run the broker without a screen, until it is stopped')
    .addOption(
      new Option(
        '--key-file <file>',
        'key that seals secrets at rest (32 random bytes in base64); without one they stay in memory',
      ).env('LATCHKEY_KEY_FILE'),
    )
    .option('--attended', 'somebody watches "latchkey prompts": logins wait for a sign-in', false)
    .action(
      run(async ({ config, home }, { keyFile, attended }: { keyFile?: string; attended: boolean }) => {
        // The broker with MSAL takes a second to load, which no other command should wait for.
        const { serve } = await import('./serve.ts');
        await serve({ configFile: config, homePath: home, keyFile, attended, workerUrl }, output, signal);
      }),
    );

  program
    .command('login')
    .description('sign in: with a device code unless the provider or an option says otherwise')
    .argument('[sign-in name]', 'finds its provider in the chain, and only this person is let in')
    .option('--provider <name>', 'instead of the first of the chain')
    .addOption(
      new Option('--browser', "in this computer's browser").conflicts(['deviceCode', 'mail', 'local']),
    )
    .addOption(new Option('--device-code', 'with a code, on any device').conflicts(['browser', 'local']))
    .addOption(new Option('--mail', 'mail the code to the sign-in name').conflicts(['browser', 'local']))
    .addOption(new Option('--local', 'with a break-glass account: password and code'))
    .option('--again', 'sign in anew although somebody is signed in', false)
    .action(
      withClient(
        async (client, username: string | undefined, options: LoginOptions & { local?: boolean }) => {
          if (options.local === true)
            await client.post('/v1/sign-in/local', await localCredentials(username));
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
    .description('sign out: every token and every database session ends')
    .action(
      withClient(async (client) => {
        await client.post('/v1/sign-out', {});
        result(output, { signedOut: true }, 'Signed out; tokens and database sessions have ended.');
      }),
    );

  program
    .command('status')
    .description('who is signed in, connections, tokens, live database sessions')
    .action(
      withClient(async (client) => {
        const { state } = await client.state();
        result(output, state, describeState(state));
      }),
    );

  program
    .command('connections')
    .description('the databases and your access to each')
    .action(
      withClient(async (client) => {
        const { state } = await client.state();
        result(output, state.connections, describeConnections(state));
      }),
    );

  program
    .command('token')
    .description('issue a token: the password for your SQL client')
    .argument('<connection>')
    .option('--role <role>', 'where your groups give you several')
    .option('--lifetime <time>', 'shorter than the rule says, for example 5m')
    .action(
      withClient(async (client, connection: string, options: { role?: string; lifetime?: string }) => {
        const token = await issue(client, connection, options);
        // The token alone on stdout, so that it can be piped; the rest is for the person.
        result(output, token, token.token);
        if (!output.json)
          output.err(
            `For ${token.connection} as ${token.role}, good until ${clock(token.expiresAt)}; the password for:\n  ${token.command}`,
          );
      }),
    );

  program
    .command('exec')
    .description(
      'run a command with a token of its own in the variables of its protocol (PGPASSWORD and the like) and in LATCHKEY_HOST, _PORT, _USER, _DATABASE, _PASSWORD',
    )
    .argument('<connection>')
    .argument('<command...>')
    .option('--role <role>', 'where your groups give you several')
    .usage('[options] <connection> -- <command...>')
    .action(
      withClient(
        async (
          client,
          connection: string,
          [command, ...parameters]: [string, ...string[]],
          options: { role?: string },
        ) => exec(client, await issue(client, connection, options), command, parameters),
      ),
    );

  program
    .command('revoke')
    .description('end a token and the database sessions that it opened')
    .argument('[token-id]')
    .option('--all', 'every token', false)
    .action(
      withClient(async (client, id: string | undefined, { all }: { all: boolean }) => {
        if ((id === undefined) !== all)
          throw new LatchkeyError('request-invalid', 'Name a token id, or --all.', {
            remedy: 'See the ids with: latchkey status',
          });
        const { revoked } = (await client.post('/v1/tokens/revoke', all ? { all } : { id })) as {
          revoked: number;
        };
        result(output, { revoked }, `Revoked: ${revoked}`);
      }),
    );

  const secret = program
    .command('secret')
    .description('passwords of database roles, which the configuration names');
  secret
    .command('set')
    .description('store a password: typed in, or from standard input')
    .argument('<name>')
    .action(
      withClient(async (client, name: string) => {
        await client.post('/v1/secrets', { name, value: await readSecret(`Password "${name}"`) });
        result(output, { stored: name }, `Stored "${name}".`);
      }),
    );
  secret
    .command('delete')
    .description('forget a password')
    .argument('<name>')
    .action(
      withClient(async (client, name: string) => {
        await client.post('/v1/secrets', { name, value: null });
        result(output, { deleted: name }, `Forgot "${name}".`);
      }),
    );
  secret
    .command('list')
    .description('which passwords the configuration names, and whether each is stored')
    .action(
      withClient(async (client) => {
        const { passwords } = (await client.get('/v1/secrets')) as {
          passwords: { name: string; stored: boolean }[];
        };
        result(
          output,
          passwords,
          passwords.map(({ name, stored }) => `${name}  ${stored ? 'stored' : 'MISSING'}`).join('\n') ||
            'The configuration names no passwords.',
        );
      }),
    );

  const tools: Tools = { program, output, signal, run, withClient };
  registerProviders(tools);
  registerLocal(tools);
  registerMfa(tools);
  registerPrompts(tools);
  registerHandles(tools);
  registerSessions(tools);
  registerCertificate(tools);
  registerConnect(tools);
  registerChecks(tools);

  const audit = program.command('audit').description('the record of sign-ins, tokens, logins and refusals');
  audit
    .command('verify')
    .description('check the hash chain; names the first line that was changed')
    .action(run(({ home }) => verify(home, output)));
  audit
    .command('list')
    .description('the last records')
    .option('--limit <count>', 'how many', '50')
    .action(run(({ home }, { limit }: { limit: string }) => listAudit(home, Number(limit), output)));

  const config = program.command('config').description('the configuration file');
  config
    .command('check')
    .description('read the configuration and name every fault')
    .action(
      run(async ({ config: file }) => {
        const found = await loadConfiguration(file);
        for (const warning of warnings(found)) output.err(warning);
        result(
          output,
          { ok: true, connections: found.connections.length, warnings: warnings(found) },
          `${file} is in order: ${found.connections.length} connections.`,
        );
      }),
    );
  config
    .command('schema')
    .description('print the JSON Schema for editors')
    .action(run(async () => output.out(JSON.stringify(configurationJsonSchema(), undefined, 2))));

  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its sentence; help and version are not failures.
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    if (output.json)
      output.out(JSON.stringify({ problem: { code: 'request-invalid', message: error.message } }));
    return 2;
  }
}

async function issue(
  client: Client,
  connection: string,
  { role, lifetime }: { role?: string; lifetime?: string },
): Promise<IssuedToken> {
  if (lifetime !== undefined && !(/^[1-9]\d{0,5}[smh]$/.test(lifetime) && toSeconds(lifetime) <= 86_400)) {
    throw new LatchkeyError('request-invalid', `"${lifetime}" is no lifetime.`, {
      remedy: 'Write a number and a unit, for example 5m; 24h at most.',
    });
  }
  return (await client.post('/v1/tokens', {
    connection,
    ...(role === undefined ? {} : { role }),
    ...(lifetime === undefined ? {} : { lifetimeSeconds: toSeconds(lifetime) }),
  })) as IssuedToken;
}
