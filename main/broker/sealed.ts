import { openHandles } from '../access/handles.ts';
import { handleRecord, localAuthority } from './sealed-values.ts';
import { storedTexts } from '../store/stored-texts.ts';
import { leaveNewer } from '../store/newer-secrets.ts';
import { createSecretStore } from '../store/secret-store.ts';
import { waitForKey } from '../store/waiting-secrets.ts';
import type { BrokerOptions } from './options.ts';

export type Sealed = Awaited<ReturnType<typeof openSealed>>;

/** What is kept under the seal. Nothing of it stays open. */
export async function openSealed({ home, seal, log }: Pick<BrokerOptions, 'home' | 'seal' | 'log'>) {
  const store = leaveNewer(createSecretStore({ folder: home.sealed, seal }), log);
  const secrets = waitForKey(store, seal.late);
  const lasting = seal.kind !== 'memory';
  const openAuthority = () => localAuthority({ secrets, home: home.path, lasting }, log);
  return {
    secrets,
    passwords: storedTexts(secrets, 'password'),
    handles: await openHandles(handleRecord(secrets, lasting, home.path)),
    authority: await openAuthority(),
    /** Once more, where the key came later than the start. */
    openAuthority,
  };
}
