import type { LateKey } from './seal.ts';
import type { SecretStore } from './secret-store.ts';

/** Whose value of now counts more than what is stored: an account that signs in while the keyring is locked. */
const kept = ['session', 'msal-'];

export interface WaitingSecrets extends SecretStore {
  /** Stores what has been kept in memory. To be called once the key can be had. Throws `store-failed`. */
  store(): Promise<void>;
}

/**
 * A secret store over a seal whose key may come later. Until then a sign-in is kept in memory, everything else refuses to
 * be written with `seal-unavailable`, and nothing that is stored is touched, but by who signs out.
 */
export function waitForKey(secrets: SecretStore, late: LateKey | undefined): WaitingSecrets {
  const inMemory = new Map<string, Uint8Array>();
  return {
    async get(name) {
      return inMemory.get(name) ?? secrets.get(name);
    },
    async set(name, secret) {
      if (late?.problem() !== undefined && kept.some((beginning) => name.startsWith(beginning))) {
        inMemory.set(name, Uint8Array.from(secret));
        return;
      }
      inMemory.delete(name);
      await secrets.set(name, secret);
    },
    async delete(name) {
      inMemory.delete(name);
      await secrets.delete(name);
    },
    list: async () => [...new Set([...inMemory.keys(), ...(await secrets.list())])].toSorted(),
    async store() {
      for (const [name, secret] of inMemory) {
        await secrets.set(name, secret);
        // Unless it has been changed or deleted meanwhile.
        if (inMemory.get(name) === secret) inMemory.delete(name);
      }
    },
  };
}
