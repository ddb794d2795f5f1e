import { changePolicies } from '../config/edit-policies.ts';
import type { LoadedConfiguration } from '../config/load.ts';
import { isLocked } from '../config/restrictions.ts';
import { protocolNames } from '../contract/protocols.ts';
import type { PolicyChange } from '../contract/shapes.ts';
import type { AppState } from '../contract/state.ts';
import type { People } from './people.ts';

/** What counts for a locked screen and for logins that wait, and which layer of the configuration says so. */
export function policiesOf({
  configuration: { session, hold },
  layers,
}: Pick<LoadedConfiguration, 'configuration' | 'layers'>): NonNullable<AppState['policies']> {
  const { organisation } = layers;
  const of = (...path: string[]) => ({
    origin: layers.placeOf(path)?.layer ?? ('built-in' as const),
    ...(organisation !== undefined && isLocked(organisation, path) ? { locked: true as const } : {}),
  });
  return {
    onLock: { value: session.onLock, ...of('session', 'onLock') },
    holds: protocolNames.map((protocol) => ({ protocol, value: hold[protocol], ...of('hold', protocol) })),
  };
}

/** Writes them into the configuration file. @throws LatchkeyError `organisation-locked`, and as each change of the file */
export function policyWriter({ change, path }: People['configurationFile']) {
  return async (wanted: PolicyChange): Promise<void> => {
    await change({
      edit: (text, organisation) => changePolicies(text, wanted, path, organisation),
      event: () => ({ event: 'policies-changed', ...keysOf(wanted) }),
    });
  };
}

/** What of them takes a proof of the person; see administered.ts. */
export function policyActions(run: (change: PolicyChange) => Promise<void>) {
  return {
    setPolicies: {
      action: 'policies changed',
      subject: () => 'policies',
      detail: (change: PolicyChange) => JSON.stringify(change),
      run,
    },
  };
}

function keysOf({ onLock, hold = {} }: PolicyChange): { onLock?: string; hold?: string } {
  const times = Object.entries(hold).map(([protocol, seconds]) => `${protocol} ${seconds}s`);
  return {
    ...(onLock === undefined ? {} : { onLock }),
    ...(times.length === 0 ? {} : { hold: times.join(', ') }),
  };
}
