import { Command, CommanderError } from 'commander';
import { chosenKeyFile } from '../store/places.ts';
import { keepHeapSmall } from '../base/heap.ts';
import { version, versions } from '../base/version.ts';
import type { OrganisationSource } from '../config/load.ts';
import { machineOrganisation } from '../config/organisation-policy.ts';
import { result, type Output } from './output.ts';
import { createTools, type Tools } from './tools.ts';

/** The names of commands, and what registers them: loaded for these commands, or to list all of them. */
export interface CommandGroup {
  names: readonly string[];
  load(): Promise<(tools: Tools) => void>;
  withAll?: true;
}

/** In the order in which --help lists them. A person waits for each command, so that it loads no other one's modules. */
export const commandGroups: readonly CommandGroup[] = [
  { names: ['login', 'logout', 'use'], load: async () => (await import('./login.ts')).registerLogin },
  { names: ['init'], load: async () => (await import('./init.ts')).registerInit },
  { names: ['status', 'connections'], load: async () => (await import('./status.ts')).registerStatus },
  { names: ['token', 'exec', 'revoke'], load: async () => (await import('./tokens.ts')).registerTokens },
  { names: ['secret'], load: async () => (await import('./secrets.ts')).registerSecrets },
  { names: ['provider'], load: async () => (await import('./providers.ts')).registerProviders },
  { names: ['connection'], load: async () => (await import('./connections.ts')).registerConnections },
  { names: ['local'], load: async () => (await import('./local.ts')).registerLocal },
  { names: ['mfa'], load: async () => (await import('./mfa.ts')).registerMfa },
  { names: ['prompts', 'allow', 'deny'], load: async () => (await import('./prompts.ts')).registerPrompts },
  { names: ['saved-password', 'handle'], load: async () => (await import('./handles.ts')).registerHandles },
  {
    names: ['sessions', 'cut', 'lock', 'unlock'],
    load: async () => (await import('./sessions.ts')).registerSessions,
  },
  { names: ['certificate'], load: async () => (await import('./certificate.ts')).registerCertificate },
  { names: ['connect'], load: async () => (await import('./connect.ts')).registerConnect },
  { names: ['doctor', 'explain'], load: async () => (await import('./checks.ts')).registerChecks },
  {
    names: ['support-bundle'],
    load: async () => (await import('./support-bundle.ts')).registerSupportBundle,
  },
  { names: ['demo'], load: async () => (await import('./demo.ts')).registerDemo },
  { names: ['update'], load: async () => (await import('./updates.ts')).registerUpdates },
  { names: ['audit'], load: async () => (await import('./audit.ts')).registerAudit },
  { names: ['config'], load: async () => (await import('./configuration.ts')).registerConfiguration },
  { names: ['join', 'leave'], load: async () => (await import('./join.ts')).registerJoin },
  { names: ['bundle'], load: async () => (await import('./bundle.ts')).registerBundle },
  // They tell of all the others, and so need them all.
  {
    names: ['completion', 'man'],
    load: async () => (await import('./completion.ts')).registerCompletion,
    withAll: true,
  },
];

/** Registers the command of this name; all of them where there is none of this name, or none is given. */
async function registerCommands(tools: Tools, name?: string): Promise<void> {
  registerServe(tools);
  if (name === 'serve') return;
  const named = commandGroups.filter(({ names }) => name !== undefined && names.includes(name));
  const wanted = named.length > 0 && !named.some(({ withAll }) => withAll) ? named : commandGroups;
  for (const register of await Promise.all(wanted.map(({ load }) => load()))) register(tools);
}

function createProgram(): Command {
  return new Command('latchkey')
    .description('Sign in with Microsoft Entra ID from SQL tools that cannot.')
    .option('-V, --version', 'print the version; with --json also what it runs on')
    .exitOverride()
    .configureOutput({ writeErr: (text) => void process.stderr.write(text) })
    .option('--config <file>', 'configuration (default: LATCHKEY_CONFIG, or in your settings folder)')
    .option('--home <folder>', 'state of one broker (default: LATCHKEY_HOME, or in your state folder)')
    .option('--as <account>', 'which account, where several are signed in: its sign-in name or object id')
    .option('--json', 'print JSON', false);
}

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
  const isJson = args.slice(0, args.includes('--') ? args.indexOf('--') : undefined).includes('--json');
  const output: Output = {
    json: false,
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
  };
  const program = createProgram();
  let exitCode = 0;
  const tools = createTools(
    program,
    output,
    signal,
    { organisation, workerUrl },
    (code) => (exitCode = code),
  );

  try {
    const [name] = program.parseOptions(args).operands;
    if (isJson) output.json = await jsonLines(name);
    if (program.opts<{ version?: true }>().version === true) {
      result(output, 'version', versions(), version);
      return 0;
    }
    await registerCommands(tools, name);
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its sentence; help and version are not failures.
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    if (isJson)
      result(
        { ...output, json: await jsonLines('serve') },
        'problem',
        { problem: { code: 'request-invalid', message: error.message } },
        '',
      );
    return 2;
  }
}

async function jsonLines(name: string | undefined): Promise<(command: string, value: unknown) => string> {
  if (name !== 'serve') return (await import('./printed.ts')).jsonLine;
  const { lineOf, printedByServe } = await import('./printed-by-serve.ts');
  return lineOf(printedByServe);
}

function registerServe({ program, output, signal, organisation, workerUrl, run }: Tools): void {
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
        keepHeapSmall();
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
