import { defined } from '../base/defined.ts';
import { toSeconds } from '../config/duration.ts';
import type { AzureDirectorySettings, ProviderSettings } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import {
  createApplicationDirectory,
  type ApplicationDirectory,
} from '../entra/graph/application-directory.ts';
import { createDirectory } from '../entra/graph/graph.ts';
import { createPeerLookup } from '../gateway/peers/lookup.ts';
import { browserSignInMs } from '../entra/browser-sign-in.ts';
import { createAzureDirectory, type AzureDirectory } from '../entra/azure-directory.ts';
import type { FreshSignIn } from '../entra/sign-in.ts';
import { createThrottle } from '../entra/throttle.ts';
import { watchClock } from '../entra/clock-watch.ts';
import type { PeerUid } from '../entra/loopback-redirect.ts';
import type { FetchLike } from '../contract/http.ts';
import type { LocalAccounts } from '../local-accounts/accounts.ts';
import type { PendingSignIn, Provider } from '../session/provider-port.ts';
import type { SecretStore } from '../store/secret-store.ts';
import { localProvider, type LocalSignIns } from '../local-accounts/provider.ts';
import type { StoredTexts } from '../store/stored-texts.ts';
import type { TokenCachePort } from '../entra/token-cache.ts';
import { AccountDirectories } from './account-directories.ts';
import { MembershipReader } from './membership.ts';

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
  /** With break-glass accounts. */
  signedIn?: LocalSignIns;
  /** Look-ups with the application secret. */
  application?: ApplicationDirectory;
  /** Tokens of each account that is signed in, and look-ups with its permissions. */
  accounts?: AccountDirectories;
}

/**
 * @param before the provider of this name until now: who is signed in with a break-glass account stays so
 * @throws LatchkeyError `config-invalid` for an authority that cannot be used.
 */
export function createProvider(
  settings: ProviderSettings,
  ports: ProviderPorts,
  before?: ConnectedProvider,
): ConnectedProvider {
  if (settings.type !== 'local') return azureProvider(settings, ports);
  const signedIn: LocalSignIns = before?.signedIn ?? new Map();
  const provider = {
    ...localProvider(settings.name, settings.enabled, ports.localAccounts, signedIn),
    ...besideOthers(settings),
  };
  return { settings, provider, signedIn };
}

/** An Entra ID tenant as the session sees it: MSAL for sign-ins, Graph for the groups, a sealed cache for each account. */
function azureProvider(settings: AzureDirectorySettings, ports: ProviderPorts): ConnectedProvider {
  const { secrets, openBrowser, log } = ports;
  const origin = settings.resource;
  const address = { ...settings, tenant: tenantOf(settings.authority), graph: origin };
  const clock = watchClock(ports.fetchFor(settings));
  const { fetch } = clock;
  const throttle = createThrottle(Date.now);
  const connect = (cache: TokenCachePort): AzureDirectory =>
    createAzureDirectory(address, { fetch, throttle, cache, peerUid: peerUid(), log });
  /** Sign-ins of whoever comes: it keeps nothing itself. */
  const door = connect(nothingKept);
  const accounts = new AccountDirectories({
    provider: settings.name,
    secrets,
    connect,
    graph: { origin, fetch, throttle },
  });
  const secret = () => ports.applicationSecrets.get(settings.name);
  const application = createApplicationDirectory({ settings: address, fetch, throttle, secret, log });
  const memberships = new MembershipReader(application, async () => (await secret()) !== undefined);

  function pending({ account, names, graphToken, keep }: FreshSignIn): PendingSignIn {
    const own = createDirectory({ origin, fetch, throttle, accessToken: graphToken });
    return {
      account,
      names,
      membership: (signal) => memberships.read(account, own, signal),
      keep: (known) => keep(known, accounts.of(account.objectId).azure),
    };
  }

  const provider: Provider = {
    name: settings.name,
    type: 'azure-directory',
    enabled: settings.enabled,
    domains: settings.domains,
    ...besideOthers(settings),
    tenant: door.tenant,

    applicationId: settings.applicationId,
    ways: settings.signIn,
    async signIn(way, { onCode, onBrowser, onAsked, signal, claims, username, anew }) {
      if (way === 'device-code') {
        const fresh = await clock.explaining(() =>
          door.signInWithDeviceCode({ onCode, signal, claims, anew }),
        );
        onAsked();
        return pending(fresh);
      }
      const fresh = await clock.explaining(() =>
        door.signInWithBrowser({
          signal,
          claims,
          anew,
          onAsked,
          loginHint: username,
          async openBrowser(url) {
            // First, since some openers come back only when the browser is closed.
            onBrowser(Date.now() + browserSignInMs);
            await openBrowser(url);
          },
        }),
      );
      return pending(fresh);
    },
    restore: (objectId) => accounts.of(objectId).azure.restore(),
    clockBehindMs: clock.behindMs,
    renew: (objectId, options) => clock.explaining(() => accounts.of(objectId).azure.renew(options)),
    async membership(objectId, signal) {
      const { azure, graph } = accounts.of(objectId);
      const account = await azure.restore();
      if (account !== undefined) return memberships.read(account, graph, signal);
      throw new LatchkeyError('sign-in-required', 'Nobody is signed in.', { remedy: 'Sign in.' });
    },
    accessToken: (scopes, person) => accounts.of(person.objectId).azure.databaseToken(scopes, person),
    async signOut(objectId) {
      await Promise.all([objectId === undefined ? door.signOut() : undefined, accounts.signOut(objectId)]);
    },
    async close() {
      await Promise.all([door.close(), accounts.close(), application.close()]);
    },
  };
  return { settings, provider, application, accounts };
}

/** How long its sessions last, and beside whom. */
function besideOthers({ deadline, exclusive }: ProviderSettings): Pick<Provider, 'deadlineMs' | 'exclusive'> {
  const deadlineMs = deadline === undefined ? undefined : toSeconds(deadline) * 1000;
  return defined({ deadlineMs, exclusive });
}

export const nothingKept: TokenCachePort = {
  read: async () => undefined,
  write: async () => undefined,
  clear: async () => undefined,
};

/** Whose the browser is that comes back from the authority. */
function peerUid(): PeerUid {
  const peers = createPeerLookup();
  return async ({ address, port, localAddress, localPort }) => {
    if (address === undefined || port === undefined || localAddress === undefined || localPort === undefined)
      return undefined;
    return peers.uid({ transport: 'tcp', address, port, localPort }, localAddress);
  };
}

/** The tenant's id or domain is the first step of the authority's path. */
function tenantOf(authority: string): string {
  return new URL(authority).pathname.split('/')[1] ?? '';
}
