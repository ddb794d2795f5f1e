import type { ProviderSettings } from '../config/schema.ts';
import { createDirectory } from '../directory/graph.ts';
import { createAzureDirectory } from '../identity/azure-directory.ts';
import { graphOrigin } from '../identity/clouds.ts';
import type { FetchLike } from '../identity/http.ts';
import type { Provider } from '../identity/session-ports.ts';
import type { SecretStore } from '../store/secret-store.ts';

/**
 * An Entra ID tenant as the session sees it: MSAL for the sign-in, Graph for the groups, one sealed cache.
 * @throws LatchkeyError `config-invalid` for an authority that cannot be used.
 */
export function createProvider(
  settings: ProviderSettings,
  { fetch, secrets, log }: { fetch: FetchLike; secrets: SecretStore; log(line: string): void },
): Provider {
  const cacheName = `msal-${settings.name}`;
  const origin = settings.resource ?? graphOrigin(settings.cloud);
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
  const { tenant, signInWithDeviceCode, restore, renew, signOut, close } = directory;
  const graph = createDirectory({ origin, fetch, accessToken: directory.graphToken });
  return {
    name: settings.name,
    tenant,
    applicationId: settings.applicationId,
    signInWithDeviceCode,
    restore,
    renew,
    groups: async (signal) => (await graph.groups(signal)).groups,
    signOut,
    close,
  };
}

/** The tenant's id or domain is the first step of the authority's path. */
function tenantOf(authority: string): string {
  return new URL(authority).pathname.split('/')[1] ?? '';
}
