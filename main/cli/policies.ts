import type { Command } from 'commander';
import { protocolNames } from '../contract/protocols.ts';
import type { PolicyChange } from '../contract/shapes.ts';
import { administer } from './administer.ts';
import { invalid } from './connection-form.ts';
import { result } from './output.ts';
import type { Tools } from './tools.ts';

type Holds = NonNullable<PolicyChange['hold']>;

/** `config policy`: changes in the file what a locked screen ends, and how long logins wait for a person. */
export function registerPolicies(config: Command, { output, signal, withClient }: Tools): void {
  config
    .command('policy')
    .description('change what a locked screen ends, and how long logins wait for a person')
    .option('--on-lock <what>', 'keep, cut (tokens and database sessions) or sign-out')
    .option('--hold <protocol=seconds...>', 'such as postgresql=30; 50 at most')
    .action(
      withClient(async (client, { onLock, hold = [] }: { onLock?: string; hold?: string[] }) => {
        if (onLock === undefined && hold.length === 0)
          throw invalid(
            'There is nothing to change.',
            'Name it with --on-lock or --hold. What counts now is shown by: latchkey config show',
          );
        const change = {
          ...(onLock === undefined ? {} : { onLock: lockOf(onLock) }),
          ...(hold.length === 0 ? {} : { hold: Object.assign({}, ...hold.map(holdOf)) as Holds }),
        };
        const done = await administer({ client, output, signal }, 'setPolicies', change);
        result(output, 'config policy', done, 'The configuration file has it, and it counts from now on.');
      }),
    );
}

function lockOf(text: string): NonNullable<PolicyChange['onLock']> {
  if (text === 'keep' || text === 'cut' || text === 'sign-out') return text;
  throw invalid(`A locked screen cannot "${text}".`, 'It can: keep, cut, sign-out.');
}

function holdOf(text: string): Holds {
  const [protocol = '', seconds = ''] = text.split('=');
  if (!protocolNames.some((name) => name === protocol) || !/^\d{1,2}$/.test(seconds))
    throw invalid(`"${text}" names no protocol with its seconds.`, 'Write it as postgresql=30.');
  return { [protocol]: Number(seconds) };
}
