import { LatchkeyError } from '../contract/errors.ts';
import type { ApiState } from '../contract/api-state.ts';
import { updateChannels, type UpdateChannel, type UpdateState } from '../contract/update-state.ts';
import { updateText } from '../contract/update-text.ts';
import type { Client } from './client.ts';
import { clock, plain, result } from './output.ts';
import type { Tools } from './tools.ts';

/** `update`: newer versions of the desktop application that runs. */
export function registerUpdates({ program, output, signal, withClient }: Tools): void {
  const update = program.command('update').description('newer versions of the desktop application');
  update
    .command('status')
    .description('whether there is a newer version, where it comes from, and who has set that')
    .action(
      withClient(async (client) => {
        const { state } = await client.state();
        result(output, 'update status', shown(state), describe(state));
      }),
    );
  update
    .command('check')
    .description('look for a newer version now, and wait until it is downloaded where that can be')
    .action(
      withClient(async (client) => {
        await client.call('checkForUpdates', {}, signal);
        const state = await settled(client, signal);
        const { now } = updatesIn(state);
        if (now.kind === 'failed') throw asError(now.problem);
        result(output, 'update check', shown(state), describe(state));
      }),
    );
  update
    .command('install')
    .description('restart into the version that is ready; refused while database sessions are open')
    .option('--end-sessions', 'they may end', false)
    .action(
      withClient(async (client, { endSessions }: { endSessions: boolean }) => {
        const { now } = updatesIn((await client.state()).state);
        await client.call('installUpdate', endSessions ? { endSessions } : {}, signal).catch(orGone);
        const version = now.kind === 'ready' ? now.version : '';
        result(
          output,
          'update install',
          { restarting: true, version },
          plain(`Latchkey starts anew, as version ${version}.`),
        );
      }),
    );
  update
    .command('channel')
    .description('which newer versions are offered; written into the configuration file')
    .argument('<channel>', updateChannels.join(' or '))
    .action(
      withClient(async (client, given: string) => {
        const channel = channelOf(given);
        await client.call('setUpdateChannel', { channel });
        result(output, 'update channel', { channel }, `The channel of updates is ${channel}.`);
      }),
    );
}

/** A Latchkey that has begun to end may have no time left to say so. */
function orGone(error: unknown): void {
  const { code } = error as { code?: unknown };
  if (code !== 'broker-unanswering' && code !== 'broker-not-running') throw error;
}

function channelOf(given: string): UpdateChannel {
  const channel = updateChannels.find((one) => one === given);
  if (channel !== undefined) return channel;
  throw new LatchkeyError('request-invalid', `There is no channel "${given}".`, {
    remedy: `Name one of: ${updateChannels.join(', ')}.`,
  });
}

/** The state once nothing is under way any more. */
async function settled(client: Client, signal: AbortSignal): Promise<ApiState> {
  let { revision, state } = await client.state({ signal });
  while (['checking', 'downloading'].includes(updatesIn(state).now.kind))
    ({ revision, state } = await client.state({ after: revision, waitSeconds: 30, signal }));
  return state;
}

function asError({ code, message, remedy }: Extract<UpdateState['now'], { kind: 'failed' }>['problem']) {
  return new LatchkeyError(code, message, { remedy });
}

/** A Latchkey of a version that knows of none says nothing of them. */
function updatesIn({ updates, version }: ApiState): NonNullable<ApiState['updates']> {
  if (updates !== undefined) return updates;
  throw new LatchkeyError(
    'request-invalid',
    `The Latchkey that runs has version ${version}, which knows no updates.`,
    {
      remedy: 'Start it again, in the version of this command.',
    },
  );
}

const shown = (state: ApiState) => ({ version: state.version, updates: updatesIn(state) });

const setBy = { 'built-in': 'built in', organisation: 'set by your organisation', person: 'set by you' };

function describe(state: ApiState): string {
  const updates = updatesIn(state);
  const { channel, pinned, server, checkedAt } = updates;
  const { text, more } = updateText(updates);
  return [
    `Latchkey ${state.version}`,
    text,
    ...(more === undefined ? [] : [`  ${more}`]),
    ...(updates.now.kind === 'off'
      ? []
      : [
          `Channel: ${channel.value} (${setBy[channel.origin]}${channel.locked ? ', locked' : ''})`,
          ...(pinned === undefined ? [] : [`Version: ${pinned.version} alone (${setBy[pinned.origin]})`]),
          ...(server === undefined ? [] : [`Server: ${server.address} (${setBy[server.origin]})`]),
          ...(checkedAt === undefined ? [] : [`Last answer: ${clock(checkedAt)}`]),
        ]),
  ]
    .map(plain)
    .join('\n');
}
