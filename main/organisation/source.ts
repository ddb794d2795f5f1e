import type { OrganisationSource } from '../config/load.ts';
import type { OrganisationLayer } from '../config/organisation.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { OrganisationAddress } from './address.ts';
import { expiryOf, type Bundle } from './bundle.ts';
import type { KeptOrganisation } from './kept.ts';

/**
 * Where the organisation's layer is read: the file of this computer, which its administrators have put there for all of its
 * users, and only without one the bundle that the person has joined.
 * @param machine the file of this computer
 */
export function organisationSource(machine: OrganisationSource, kept: KeptOrganisation): OrganisationSource {
  return {
    files: [...machine.files, kept.file],
    async read() {
      const ofMachine = await machine.read();
      if (ofMachine !== undefined) return ofMachine;
      const joined = await kept.joined();
      return joined && bundleLayer(joined.bundle, joined.address);
    },
  };
}

export function bundleLayer(bundle: Bundle, { url }: OrganisationAddress): OrganisationLayer {
  const { payload } = bundle;
  return { text: payload.configuration, origin: url, expired: (now) => expiryOf(payload, now) };
}

/** Joining is for computers whose administrators have set nothing. @throws LatchkeyError `organisation-locked` */
export async function refuseBesideMachine(machine: OrganisationSource): Promise<void> {
  const layer = await machine.read();
  if (layer === undefined) return;
  throw new LatchkeyError(
    'organisation-locked',
    `The administrators of this computer have set what counts for all of its users (${layer.origin}).`,
    { remedy: 'No other organisation can be joined here. Ask them.' },
  );
}
