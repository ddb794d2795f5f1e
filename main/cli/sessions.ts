import type { ApiState } from '../contract/api-state.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { DatabaseSession } from '../contract/state.ts';
import type { Client } from './client.ts';
import { clock, plain, result, type Output } from './output.ts';
import { readSecret } from './secret-input.ts';
import type { Tools } from './tools.ts';
import { who } from './who.ts';

/** `sessions`, `cut`, `lock` and `unlock`: the live logins at the gateways. */
export function registerSessions({ program, output, withClient }: Tools): void {
  program
    .command('sessions')
    .description('live database sessions: who, with which program, since when, how much')
    .action(
      withClient(async (client) => {
        const { databaseSessions } = (await client.state()).state;
        result(
          output,
          'sessions',
          { databaseSessions },
          databaseSessions.map(describeSession).join('\n') || 'No database session is open.',
        );
      }),
    );

  program
    .command('cut')
    .description('end a live database session, or all of them')
    .argument('[session-id]')
    .option('--all', 'every session', false)
    .action(
      withClient(async (client, id: string | undefined, { all }: { all: boolean }) => {
        if ((id === undefined) !== all) {
          throw new LatchkeyError('request-invalid', 'Name a session id, or --all.', {
            remedy: 'See the ids with: latchkey sessions',
          });
        }
        const { cut } = await client.call('cutSessions', id === undefined ? { all: true } : { id });
        result(output, 'cut', { cut }, cut === 1 ? 'The session has been ended.' : `Sessions ended: ${cut}`);
      }),
    );

  program
    .command('lock')
    .description('do what the configuration says for a locked screen')
    .action(
      withClient(async (client) => {
        await client.call('lock', {});
        result(output, 'lock', { locked: true }, 'Done as for a locked screen.');
      }),
    );

  program
    .command('unlock')
    .description(
      'let logins in again after a lock; asks for a code of the authenticator (a sign-in unlocks too)',
    )
    .option('--keyring', "have the system ask for the keyring's password once more", false)
    .action(
      withClient(async (client, { keyring }: { keyring: boolean }) => {
        const { state } = await client.state();
        if (keyring) return askForKeyring(client, output, state.seal);
        if (state.lockedSince === undefined)
          return result(output, 'unlock', { locked: false }, 'Nothing is locked.');
        const enrolled = state.accounts.some(({ secondFactor }) => secondFactor?.totp.enrolled === true);
        await client.call('unlock', enrolled ? { code: await readSecret('Code of the authenticator') } : {});
        result(output, 'unlock', { locked: false }, 'Logins are let in again.');
      }),
    );
}

async function askForKeyring(
  client: Client,
  output: Output,
  { waiting, canAsk }: ApiState['seal'],
): Promise<void> {
  if (waiting !== true) return result(output, 'unlock', { locked: false }, 'The keyring is not locked.');
  if (canAsk !== true)
    throw new LatchkeyError('seal-unavailable', 'The system cannot be told to ask for the keyring again.', {
      remedy: 'Unlock the keyring yourself; Latchkey notices it.',
    });
  await client.call('unlockKeyring', {});
  result(
    output,
    'unlock',
    { locked: true },
    'The system asks for the password of the keyring on its screen.',
  );
}

export function describeSession(session: DatabaseSession): string {
  const { id, connection, username, role, database, program, process, since } = session;
  const traffic = `${bytes(session.bytesFromUpstream)} down, ${bytes(session.bytesFromClient)} up`;
  return `${id}  ${plain(username)} on ${connection} as ${role}, database ${plain(database)}, ${who(process, program)}, since ${clock(since)}, ${traffic}`;
}

/** In units of 1,000, as networks count. */
function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
