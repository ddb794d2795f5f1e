import type { AzureDirectorySettings, ProviderSettings } from '../config/schema.ts';
import type { SignInWay } from '../contract/clouds.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { createDirectory } from '../directory/graph.ts';
import { createAzureDirectory, type AzureDirectory } from '../identity/azure-directory.ts';
import { graphOrigin } from '../identity/clouds.ts';
import type { FetchLike } from '../identity/http.ts';
import type { LocalAccounts } from '../identity/local-accounts.ts';
import type { Provider, WayOptions } from '../identity/session-ports.ts';
import type { SecretStore } from '../store/secret-store.ts';
import type { StoredTexts } from './sealed-values.ts';

export interface ProviderPorts {
  /** HTTP for this provider. */
  fetchFor(provider: AzureDirectorySettings): FetchLike;
  secrets: SecretStore;
  /** Opens a page of the authority in the system's browser. */
  openBrowser(url: string): Promise<void>;
  localAccounts: LocalAccounts;
  /** Application secrets, by the provider's name. */
  applicationSecrets: StoredTexts;
  log(line: string): void;
}

/** A provider, and the directory behind it where it is an Azure Directory. */
export interface ConnectedProvider {
  settings: ProviderSettings;
  provider: Provider;
  directory?: AzureDirectory;
  /** Look-ups with the application secret. */
  application?: ApplicationDirectory;
}

/** The browser is given up on when nothing has come back for this long. */
const browserMs = 5 * 60_000;

/** @throws LatchkeyError `config-invalid` for an authority that cannot be used. */
export function createProvider(settings: ProviderSettings, ports: ProviderPorts): ConnectedProvider {
  return settings.type === 'local'
    ? { settings, provider: localProvider(settings.name, settings.enabled, ports.localAccounts) }
    : azureProvider(settings, ports);
}

/** An Entra ID tenant as the session sees it: MSAL for the sign-in, Graph for the groups, one sealed cache. */
function azureProvider(
  settings: AzureDirectorySettings,
  { fetchFor, secrets, openBrowser, log }: ProviderPorts,
): ConnectedProvider {
  const cacheName = `msal-${settings.name}`;
  const origin = settings.resource ?? graphOrigin(settings.cloud);
  const fetch = fetchFor(settings);
  const directory = createAzureDirectory(
    { ...settings, tenant: tenantOf(settings.authority), graph: origin },
    {
      fetch,
      cache: {
        read: () => secrets.get(cacheName),
        write: (bytes) => secrets.set(cacheName, bytes),
        clear: () => secrets.delete(cacheName),
      },
      log,
    },
  );
  const { tenant, restore, renew, signOut, close } = directory;
  const graph = createDirectory({ origin, fetch, accessToken: directory.graphToken });
  const signIn = (way: SignInWay, { onCode, onBrowser, signal, claims }: WayOptions): Promise<Account> => {
    if (way === 'device-code') return directory.signInWithDeviceCode({ onCode, signal, claims });
    return directory.signInWithBrowser({
      signal,
      claims,
      async openBrowser(url) {
        await openBrowser(url);
        onBrowser(Date.now() + browserMs);
      },
    });
  };
  const provider: Provider = {
    name: settings.name,
    type: 'azure-directory',
    enabled: settings.enabled,
    domains: settings.domains,
    tenant,
    applicationId: settings.applicationId,
    ways: settings.signIn,
    signIn,
    restore,
    renew,
    groups: async (signal) => (await graph.groups(signal)).groups,
    signOut,
    close,
  };
  return { settings, provider, directory };
}

/** Break-glass accounts. They do not outlive a restart: whoever needs them signs in again. */
function localProvider(name: string, enabled: boolean, accounts: LocalAccounts): Provider {
  let current: { account: Account; username: string } | undefined;

  async function stored(username: string) {
    const found = (await accounts.list()).find(({ account }) => account.username === username.toLowerCase());
    if (found?.enabled) return found;
    throw new LatchkeyError('account-disabled', 'The local account has been turned off or removed.', {
      remedy: 'Ask an administrator.',
    });
  }

  function signedIn() {
    if (current !== undefined) return current;
    throw new LatchkeyError('sign-in-required', 'Nobody is signed in with a local account.', {
      remedy: 'Sign in again.',
    });
  }

  return {
    name,
    type: 'local',
    enabled,
    domains: [],
    knows: async (username) =>
      (await accounts.list()).some(({ account }) => account.username === username.toLowerCase()),
    tenant: 'local',
    applicationId: '',
    ways: [],
    async signIn() {
      throw new LatchkeyError('request-invalid', 'Local accounts have a password.', {
        remedy: 'Sign in with: latchkey login --local',
      });
    },
    async signInWithPassword(username, password, code) {
      const verdict = await accounts.authenticate(username, password, code);
      if (verdict.kind === 'refused') throw verdict.error;
      current = { account: verdict.account, username: verdict.account.username };
      return verdict.account;
    },
    restore: async () => undefined,
    renew: async () => (await stored(signedIn().username)).account,
    groups: async () => (await stored(signedIn().username)).groups.map((id) => ({ id, name: '' })),
    async signOut() {
      current = undefined;
    },
    close: async () => undefined,
  };
}

/** The tenant's id or domain is the first step of the authority's path. */
export function tenantOf(authority: string): string {
  return new URL(authority).pathname.split('/')[1] ?? '';
}
