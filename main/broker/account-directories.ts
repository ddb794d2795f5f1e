import type { AzureDirectory } from '../entra/azure-directory.ts';
import type { TokenCachePort } from '../entra/token-cache.ts';
import { createDirectory, type Directory } from '../entra/graph/graph.ts';
import type { GraphOptions } from '../entra/graph/graph-client.ts';
import { accountSecret, providerSecrets } from '../store/account-secrets.ts';
import type { SecretStore } from '../store/secret-store.ts';

/** An account of a provider: its tokens in a cache of its own, and what they may look up. */
export interface AccountDirectory {
  azure: AzureDirectory;
  graph: Directory;
}

export interface AccountDirectoriesOptions {
  provider: string;
  secrets: SecretStore;
  connect(cache: TokenCachePort): AzureDirectory;
  graph: Omit<GraphOptions, 'accessToken'>;
}

/** The accounts of one provider, by object id. No token of one is in the cache of another. */
export class AccountDirectories {
  readonly #options: AccountDirectoriesOptions;
  readonly #opened = new Map<string, AccountDirectory>();

  constructor(options: AccountDirectoriesOptions) {
    this.#options = options;
  }

  /** The directory of this account; opens nothing by itself. */
  of(objectId: string): AccountDirectory {
    const known = this.#opened.get(objectId);
    if (known !== undefined) return known;
    const { provider, secrets, connect, graph } = this.#options;
    const name = accountSecret('msal', provider, objectId);
    const azure = connect({
      read: () => secrets.get(name),
      write: (bytes) => secrets.set(name, bytes),
      clear: () => secrets.delete(name),
    });
    const opened = { azure, graph: createDirectory({ ...graph, accessToken: azure.graphToken }) };
    this.#opened.set(objectId, opened);
    return opened;
  }

  /** Forgets the tokens of an account; without one those of all, also of accounts that were never opened. */
  async signOut(objectId: string | undefined): Promise<void> {
    if (objectId !== undefined) return this.of(objectId).azure.signOut();
    const { provider, secrets } = this.#options;
    await Promise.all([...this.#opened.values()].map(({ azure }) => azure.signOut()));
    for (const name of await secrets.list())
      if (name.startsWith(providerSecrets('msal', provider))) await secrets.delete(name);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#opened.values()].map(({ azure }) => azure.close()));
  }
}
