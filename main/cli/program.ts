import { Command, CommanderError } from 'commander';
import { chosenKeyFile } from '../store/places.ts';
import { version } from '../base/version.ts';
import type { OrganisationSource } from '../config/load.ts';
import { machineOrganisation } from '../config/organisation-policy.ts';
import { registerAudit } from './audit.ts';
import { registerBundle } from './bundle.ts';
import { registerCertificate } from './certificate.ts';
import { registerChecks } from './checks.ts';
import { registerConfiguration } from './configuration.ts';
import { registerConnect } from './connect.ts';
import { registerConnections } from './connections.ts';
import { registerHandles } from './handles.ts';
import { registerJoin } from './join.ts';
import { registerLocal } from './local.ts';
import { registerLogin } from './login.ts';
import { registerMfa } from './mfa.ts';
import { result, type Output } from './output.ts';
import { registerPrompts } from './prompts.ts';
import { registerProviders } from './providers.ts';
import { registerSecrets } from './secrets.ts';
import { registerSessions } from './sessions.ts';
import { registerStatus } from './status.ts';
import { registerTokens } from './tokens.ts';
import { createTools, type Tools } from './tools.ts';

/**
 * The `latchkey` command.
 * @param args without the program's own name
 * @param workerUrl the gateway's worker script, in a bundle
 * @param organisation by default the file of this computer, which no option and no variable can name otherwise
 * @returns the exit code
 */
export async function runCli(
  args: string[],
  {
    workerUrl,
    signal,
    organisation = machineOrganisation(),
  }: { workerUrl?: URL | undefined; signal: AbortSignal; organisation?: OrganisationSource },
): Promise<number> {
  const output: Output = {
    json: args.slice(0, args.includes('--') ? args.indexOf('--') : undefined).includes('--json'),
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
  };
  const program = new Command('latchkey')
    .description('Sign in with Microsoft Entra ID from SQL tools that cannot.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeErr: (text) => void process.stderr.write(text) })
    .option('--config <file>', 'configuration (default: LATCHKEY_CONFIG, or in your settings folder)')
    .option('--home <folder>', 'state of one broker (default: LATCHKEY_HOME, or in your state folder)')
    .option('--as <account>', 'which account, where several are signed in: its sign-in name or object id')
    .option('--json', 'print JSON', false);
  let exitCode = 0;
  const tools = createTools(program, output, signal, organisation, (code) => (exitCode = code));

  // In the order in which --help lists them.
  registerServe(tools, workerUrl);
  registerLogin(tools);
  registerStatus(tools);
  registerTokens(tools);
  registerSecrets(tools);
  registerProviders(tools);
  registerConnections(tools);
  registerLocal(tools);
  registerMfa(tools);
  registerPrompts(tools);
  registerHandles(tools);
  registerSessions(tools);
  registerCertificate(tools);
  registerConnect(tools);
  registerChecks(tools);
  registerAudit(tools);
  registerConfiguration(tools);
  registerJoin(tools);
  registerBundle(tools);

  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its sentence; help and version are not failures.
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    if (output.json)
      result(output, 'problem', { problem: { code: 'request-invalid', message: error.message } }, '');
    return 2;
  }
}

function registerServe(
  { program, output, signal, organisation, run }: Tools,
  workerUrl: URL | undefined,
): void {
  program
    .command('serve')
    .description('run the broker without a screen, until it is stopped')
    .option(
      '--key-file <file>',
      'key that seals secrets at rest (32 random bytes in base64; default: LATCHKEY_KEY_FILE); without one they stay in memory',
    )
    .option('--attended', 'somebody watches "latchkey prompts": logins wait for a sign-in', false)
    .action(
      run(async ({ config, home }, { keyFile, attended }: { keyFile?: string; attended: boolean }) => {
        // The broker with MSAL takes a second to load, which no other command should wait for.
        const { serve } = await import('./serve.ts');
        return serve(
          {
            configFile: config,
            organisation,
            homePath: home,
            keyFile: chosenKeyFile(keyFile),
            attended,
            workerUrl,
          },
          output,
          signal,
        );
      }),
    );
}
