import type { AzureDirectorySettings, ProviderSettings } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { createApplicationDirectory, type ApplicationDirectory } from '../directory/application-directory.ts';
import { createDirectory, type Directory } from '../directory/graph.ts';
import { createPeerLookup } from '../gateway/peer.ts';
import { checkPerson } from '../identity/account-check.ts';
import { browserSignInMs } from '../identity/browser-sign-in.ts';
import { createAzureDirectory, type AzureDirectory } from '../identity/azure-directory.ts';
import { graphOrigin } from '../identity/clouds.ts';
import type { PeerUid } from '../identity/loopback-redirect.ts';
import type { FetchLike } from '../contract/http.ts';
import type { LocalAccounts } from '../identity/local-accounts.ts';
import type { Provider } from '../identity/session-ports.ts';
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
  /** Look-ups with the permissions of the person who is signed in. */
  graph?: Directory;
}

/** @throws LatchkeyError `config-invalid` for an authority that cannot be used. */
export function createProvider(settings: ProviderSettings, ports: ProviderPorts): ConnectedProvider {
  return settings.type === 'local'
    ? { settings, provider: localProvider(settings.name, settings.enabled, ports.localAccounts) }
    : azureProvider(settings, ports);
}

/** An Entra ID tenant as the session sees it: MSAL for the sign-in, Graph for the groups, one sealed cache. */
function azureProvider(settings: AzureDirectorySettings, ports: ProviderPorts): ConnectedProvider {
  const { secrets, openBrowser, applicationSecrets, log } = ports;
  const cacheName = `msal-${settings.name}`;
  const origin = settings.resource ?? graphOrigin(settings.cloud);
  const address = { ...settings, tenant: tenantOf(settings.authority), graph: origin };
  const fetch = ports.fetchFor(settings);
  const peers = createPeerLookup();
  const peerUid: PeerUid = async ({ address, port, localAddress, localPort }) => {
    if (address === undefined || port === undefined || localAddress === undefined || localPort === undefined)
      return undefined;
    return peers.uid({ transport: 'tcp', address, port, localPort }, localAddress);
  };
  const directory = createAzureDirectory(address, {
    fetch,
    cache: {
      read: () => secrets.get(cacheName),
      write: (bytes) => secrets.set(cacheName, bytes),
      clear: () => secrets.delete(cacheName),
    },
    peerUid,
    log,
  });
  const application = createApplicationDirectory({
    settings: address,
    fetch,
    secret: () => applicationSecrets.get(settings.name),
    log,
  });
  const graph = createDirectory({ origin, fetch, accessToken: directory.graphToken });
  /** The person whom MSAL has named last: Graph must be speaking of the same one. */
  let person: Account | undefined;
  const noted = (account: Account): Account => (person = account);

  const provider: Provider = {
    name: settings.name,
    type: 'azure-directory',
    enabled: settings.enabled,
    domains: settings.domains,
    tenant: directory.tenant,
    applicationId: settings.applicationId,
    ways: settings.signIn,
    async signIn(way, { onCode, onBrowser, signal, claims, username }) {
      if (way === 'device-code')
        return noted(await directory.signInWithDeviceCode({ onCode, signal, claims }));
      return noted(
        await directory.signInWithBrowser({
          signal,
          claims,
          loginHint: username,
          async openBrowser(url) {
            // First, since some openers come back only when the browser is closed.
            onBrowser(Date.now() + browserSignInMs);
            await openBrowser(url);
          },
        }),
      );
    },
    restore: directory.restore,
    renew: async () => noted(await directory.renew()),
    async groups(signal) {
      const { objectId } = await graph.me(signal);
      if (person !== undefined) checkPerson(person, objectId);
      const hasSecret = (await applicationSecrets.get(settings.name)) !== undefined;
      const byApplication = async () => (await application.groupsOf(objectId, signal)).groups;
      try {
        const { groups, named } = await graph.groups(signal);
        if (named || !hasSecret) return groups;
        // Which groups they are is known; what they are called is worth no failure.
        const names = new Map((await byApplication().catch(() => [])).map(({ id, name }) => [id, name]));
        return groups.map(({ id, name }) => ({ id, name: names.get(id) ?? name }));
      } catch (error) {
        // The person may not read them, but the application may.
        if (hasSecret && error instanceof LatchkeyError && error.code === 'directory-refused')
          return byApplication();
        throw error;
      }
    },
    accessToken: directory.databaseToken,
    signOut: directory.signOut,
    async close() {
      await Promise.all([directory.close(), application.close()]);
    },
  };
  return { settings, provider, directory, application, graph };
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
