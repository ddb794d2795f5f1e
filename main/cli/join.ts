import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { OrganisationSource } from '../config/load.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { LookedAtOrganisation } from '../contract/shapes.ts';
import { administer } from './administer.ts';
import { runningClient } from './client.ts';
import { plain, result, type Output } from './output.ts';
import { askTerminal } from './terminal.ts';
import type { Globals, Tools } from './tools.ts';

/** What joins and leaves: a broker that runs, or this command on the files themselves. */
interface Ways {
  look(address: string): Promise<LookedAtOrganisation>;
  join(address: string, hash: string): Promise<unknown>;
  /** @returns the name of the organisation */
  leave(): Promise<string>;
  isRunning: boolean;
}

/** `join` and `leave`: an organisation's settings by its address. */
export function registerJoin({ program, output, signal, organisation, run }: Tools): void {
  const withWays = <T>(globals: Globals, use: (ways: Ways) => Promise<T>): Promise<T> =>
    waysOf({ globals, output, signal, organisation }, use);
  program
    .command('join')
    .description(
      "take on an organisation's settings from its address or a file; shows what they are, and asks first",
    )
    .argument(
      '<address>',
      'https://… with # and the fingerprint of the key that signs them, or a file with --key',
    )
    .option('--key <fingerprint>', 'of the key that must have signed the file')
    .option('--yes', 'do not ask', false)
    .action(
      run((globals, given: string, { yes, key }: { yes: boolean; key?: string }) =>
        withWays(globals, async ({ look, join, isRunning }) => {
          const address = addressOf(given, key);
          const found = await look(address);
          output.err(describe(found));
          if (!yes && !(await agrees())) {
            output.err('Nothing has been changed.');
            return 1;
          }
          await join(address, found.hash);
          const { organisation: name, serial, fingerprint } = found;
          const from = isRunning ? 'Its settings count now.' : 'Its settings count from the next start on.';
          result(
            output,
            'join',
            { organisation: name, serial, fingerprint },
            plain(`You have joined ${name}. ${from}`),
          );
          return 0;
        }),
      ),
    );
  program
    .command('leave')
    .description('leave the organisation that was joined by its address')
    .action(
      run((globals) =>
        withWays(globals, async ({ leave, isRunning }) => {
          const name = await leave();
          const from = isRunning ? 'now' : 'from the next start on';
          result(
            output,
            'leave',
            { left: name },
            plain(`You have left ${name}. What it has set does not count any more, ${from}.`),
          );
        }),
      ),
    );
}

/** One letter and a colon is a drive of Windows. */
function addressOf(given: string, key: string | undefined): string {
  const isAddress = /^[a-z][a-z0-9+.-]+:/i.test(given);
  if (isAddress && key === undefined) return given;
  if (isAddress)
    throw new LatchkeyError('request-invalid', '--key is for a file: an address ends with the fingerprint.', {
      remedy: 'Give the whole address that your organisation has given out, and no --key.',
    });
  if (key === undefined)
    throw new LatchkeyError('request-invalid', `The file ${given} needs --key <fingerprint>.`, {
      remedy: 'Ask your organisation for the fingerprint of its key, on another way than the file came.',
    });
  return `${pathToFileURL(resolve(given)).href}#${key}`;
}

async function waysOf<T>(
  tools: { globals: Globals; output: Output; signal: AbortSignal; organisation: OrganisationSource },
  use: (ways: Ways) => Promise<T>,
): Promise<T> {
  const { home, as, config } = tools.globals;
  const client = await runningClient(home, as);
  if (client !== undefined) {
    const administrator = { ...tools, client };
    return use({
      isRunning: true,
      look: (address) => client.call('lookAtOrganisation', { address }),
      join: (address, hash) => administer(administrator, 'joinOrganisation', { address, hash }),
      leave: async () => (await administer(administrator, 'leaveOrganisation', {})).organisation,
    });
  }
  // Only these commands work on the files themselves, and what they need takes its time to load.
  const { withMembership } = await import('../organisation/offline.ts');
  const { lookedAt } = await import('../organisation/preview.ts');
  const source = { file: config, organisation: tools.organisation };
  return withMembership({ homePath: home, source }, (membership) =>
    use({
      isRunning: false,
      look: async (address) => lookedAt(await membership.look(address)),
      join: (address, hash) => membership.join(address, hash),
      leave: membership.leave,
    }),
  );
}

function describe({
  organisation,
  fingerprint,
  url,
  serial,
  issuedAt,
  notAfter,
  sets,
}: LookedAtOrganisation) {
  return [
    `Organisation: ${organisation}`,
    `Address: ${url}`,
    `Fingerprint of its key: ${fingerprint}`,
    `Serial number ${serial}, issued ${issuedAt}${notAfter === undefined ? '' : `, good until ${notAfter}`}`,
    'It sets:',
    ...(sets.length === 0 ? ['  nothing yet'] : sets.map((line) => `  ${line}`)),
  ]
    .map(plain)
    .join('\n');
}

async function agrees(): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new LatchkeyError('request-invalid', 'Nobody can be asked here whether to join.', {
      remedy: 'Read what it sets, and give --yes.',
    });
  const answer = await askTerminal('Join it, so that all of this counts for you? [y/N] ', { shown: true });
  return /^y(es)?$/i.test(answer.trim());
}
