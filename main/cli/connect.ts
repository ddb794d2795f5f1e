import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defined } from '../base/defined.ts';
import { fillShown, shownPassword } from '../connect/fill.ts';
import { findTool, settingsFor } from '../connect/tools.ts';
import { passwordPlaceholder, type Place, type Settings, type Tool } from '../connect/types.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { ownCommand } from '../store/own-command.ts';
import { placeArguments } from '../store/places.ts';
import { authorityFileName, authorityFolder } from '../store/local-authority.ts';
import { connectClient, type Client } from './client.ts';
import { placeOf, withHandle, type HandleIssuer } from '../connect/service.ts';
import { planSettings, writePlans } from '../connect/settings-files.ts';
import { findProgram, openTool } from '../connect/tool-programs.ts';
import {
  changeOf,
  describe,
  describeChange,
  describeTools,
  listTools,
  nothingToWrite,
} from './connect-output.ts';
import { result, shortOption } from './output.ts';
import type { Tools } from './tools.ts';

interface Options {
  for?: string;
  role?: string;
  name?: string;
  write: boolean;
  dryRun: boolean;
  showPassword: boolean;
  into?: string;
  open: boolean;
  list: boolean;
  short?: boolean;
}

/** `connect`: settings for SQL tools, shown, written, or put to use at once. */
export function registerConnect({ program, output, run }: Tools): void {
  program
    .command('connect')
    .description('settings for a SQL tool: shown, written where it reads them, or opened at once')
    .argument('[connection]')
    .option('--for <tool>', 'see --list')
    .option('--role <role>', 'where your groups give you several')
    .option('--name <name>', 'what the tool shall call it; by default the name of the connection')
    .option('--write', 'put them into the files of the tool; what is yours in there stays', false)
    .option('--dry-run', 'show what --write would change', false)
    .option('--into <folder>', 'which settings, where the tool is installed more than once')
    .option('--show-password', 'issue a password that may be saved, and print it', false)
    .option('--open', 'start the tool', false)
    .option('--short', shortOption)
    .option('--list', 'the tools, and which are installed here', false)
    .action(
      run(async ({ home, as }, connection: string | undefined, options: Options) => {
        if (options.list) {
          const list = listTools();
          result(output, 'connect --list', { tools: list }, describeTools(list));
          return undefined;
        }
        if (connection === undefined || options.for === undefined) {
          throw new LatchkeyError('request-invalid', 'Name a connection, and a tool with --for.', {
            remedy: 'See them with: latchkey connections, and: latchkey connect --list',
          });
        }
        const tool = findTool(options.for);
        const client = await connectClient(home, as);
        const authorityFile = join(authorityFolder(home), authorityFileName);
        const place = await placeOf((await client.state()).state, connection, tool, {
          command: [...ownCommand(), ...placeArguments({ home })],
          ...(options.short === true ? { short: true } : {}),
          ...defined({
            role: options.role,
            name: options.name,
            as,
            authorityFile: existsSync(authorityFile) ? authorityFile : undefined,
          }),
        });
        const onlyOpen = options.open && !options.write && !options.dryRun && !options.showPassword;
        const done = await carryOut(client, tool, place, options);
        if (!onlyOpen) result(output, 'connect', done.json, done.human);
        return options.open && !options.dryRun ? open(client, tool, place, done.settings) : undefined;
      }),
    );
}

interface Done {
  settings: Settings;
  json: Record<string, unknown>;
  human: string;
}

async function carryOut(client: Client, tool: Tool, place: Place, options: Options): Promise<Done> {
  const settings = settingsFor(tool.id, place);
  // Everything that can be refused is refused before a password is issued.
  const dry = options.write || options.dryRun ? await planSettings(settings, options) : [];
  if (options.dryRun) {
    const files = dry.map(changeOf);
    return {
      settings,
      json: { tool: tool.id, files },
      human: files.map(describeChange).join('\n\n') || nothingToWrite,
    };
  }
  const writesPassword = options.write && settings.files.some(({ secret }) => secret);
  if (!writesPassword && !options.showPassword) {
    const written = options.write ? await writePlans(dry) : [];
    return {
      settings,
      json: { ...settings, written },
      human: describe(settings, written, { ...options, ...place }, shownPassword),
    };
  }
  if (!JSON.stringify(settings).includes(passwordPlaceholder)) {
    throw new LatchkeyError('request-invalid', `${tool.title} saves no password.`, {
      remedy: 'Leave out --show-password; the settings have the command that prints a fresh one.',
    });
  }
  const issuer: HandleIssuer = {
    make: (request) => client.call('makeHandle', { ...request, ...defined({ short: place.short }) }),
    revoke: (id) => client.call('revokeHandle', { id }),
  };
  return withHandle(tool, place, issuer, async (final, { id, handle }) => {
    const written = options.write
      ? await writePlans(await planSettings(final, { password: handle, into: options.into }))
      : [];
    const shown = options.showPassword ? fillShown(final, handle) : final;
    return {
      settings: final,
      json: { ...shown, written, handle: { id, ...(options.showPassword ? { password: handle } : {}) } },
      human: describe(
        final,
        written,
        { ...options, ...place },
        options.showPassword ? handle : shownPassword,
      ),
    };
  });
}

async function open(client: Client, tool: Tool, place: Place, { open: opening }: Settings): Promise<number> {
  const found = findProgram(tool);
  if (opening === undefined || found === undefined) {
    throw new LatchkeyError('command-failed', `${tool.title} was not found on this computer.`, {
      remedy: 'Start it yourself; latchkey connect --list shows what was found.',
    });
  }
  if (opening.passwordVariable === undefined) return openTool(found, opening, undefined);
  const token = await client.call('issueToken', {
    connection: place.connection,
    ...defined({ role: place.role, as: place.as, short: place.short }),
  });
  try {
    return await openTool(found, opening, token.token);
  } finally {
    // The broker may have gone, or the token expired in a long session: neither is this command's failure.
    await client.call('revokeTokens', { id: token.id }).catch(() => undefined);
  }
}

/**
 * How this program is called by another one, whose PATH may lack it: by full paths, with the home where it is not the
 * usual one.
 */
