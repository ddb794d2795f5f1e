import { type LateFault, type LoadedConfiguration, withoutFaulty } from '../config/load.ts';
import type { ConnectionSettings } from '../config/schema.ts';
import type { UpstreamAddress } from '../gateway/ports.ts';
import { upstreamAddress, UpstreamFault } from './upstream-address.ts';

/** A configuration whose connections have what they name on this computer, with the address of each one's database. */
export interface MadeConnections {
  loaded: LoadedConfiguration;
  /** In the order of the connections. */
  addresses: readonly UpstreamAddress[];
}

/** Connections that name a file that cannot be read, or a user that there is not, are left out. */
export async function madeConnections(loaded: LoadedConfiguration): Promise<MadeConnections> {
  const made = await Promise.all(loaded.configuration.connections.map(addressOrFault));
  return {
    loaded: withoutFaulty(
      loaded,
      made.map((one) => ('fault' in one ? one.fault : undefined)),
    ),
    addresses: made.flatMap((one) => ('address' in one ? [one.address] : [])),
  };
}

async function addressOrFault(
  connection: ConnectionSettings,
): Promise<{ address: UpstreamAddress } | { fault: LateFault }> {
  try {
    return { address: await upstreamAddress(connection) };
  } catch (error) {
    if (error instanceof UpstreamFault) return { fault: error.fault };
    throw error;
  }
}
