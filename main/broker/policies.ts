import type { LoadedConfiguration } from '../config/load.ts';
import { protocolNames } from '../contract/protocols.ts';
import type { AppState } from '../contract/state.ts';

/** What counts for a locked screen and for logins that wait, and which layer of the configuration says so. */
export function policiesOf({
  configuration: { session, hold },
  layers,
}: Pick<LoadedConfiguration, 'configuration' | 'layers'>): NonNullable<AppState['policies']> {
  const originOf = (...path: string[]) => layers.placeOf(path)?.layer ?? 'built-in';
  return {
    onLock: { value: session.onLock, origin: originOf('session', 'onLock') },
    holds: protocolNames.map((protocol) => ({
      protocol,
      value: hold[protocol],
      origin: originOf('hold', protocol),
    })),
  };
}
