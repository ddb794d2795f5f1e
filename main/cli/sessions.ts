import { LatchkeyError } from '../contract/errors.ts';
import type { DatabaseSession } from '../contract/state.ts';
import { clock, plain, result } from './output.ts';
import type { Tools } from './tools.ts';
import { who } from './who.ts';

/** `sessions`, `cut` and `lock`: the live logins at the gateways. */
export function registerSessions({ program, output, withClient }: Tools): void {
  program
    .command('sessions')
    .description('live database sessions: who, with which program, since when, how much')
    .action(
      withClient(async (client) => {
        const { databaseSessions } = (await client.state()).state;
        result(
          output,
          databaseSessions,
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
        const { cut } = (await client.post('/v1/sessions/cut', all ? { all } : { id })) as { cut: number };
        result(output, { cut }, cut === 1 ? 'The session has been ended.' : `Sessions ended: ${cut}`);
      }),
    );

  program
    .command('lock')
    .description('do what the configuration says for a locked screen')
    .action(
      withClient(async (client) => {
        await client.post('/v1/lock', {});
        result(output, { locked: true }, 'Done as for a locked screen.');
      }),
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
