import { createProvider, type ProviderPorts } from '../../main/broker/provider.ts';
import type { AzureDirectorySettings } from '../../main/config/schema.ts';
import type { FetchLike } from '../../main/contract/http.ts';
import type { LocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import type { Provider } from '../../main/session/provider-port.ts';
import { createMemorySeal } from '../../main/store/seal.ts';
import { createSecretStore } from '../../main/store/secret-store.ts';
import { storedTexts } from '../../main/store/stored-texts.ts';

/** What a configuration says of this tenant. */
export const configuredTenant = (tenant: LocalTenant) => ({
  name: 'fabrikam',
  type: 'azure-directory',
  cloud: 'local',
  authority: tenant.authority,
  applicationId: tenant.clientId,
  resource: tenant.graph,
  caFile: tenant.caFile,
});

/** The provider that the broker makes of it, with secrets in memory. */
export function createTenantProvider(
  tenant: LocalTenant,
  ports: { fetch: FetchLike } & Partial<Pick<ProviderPorts, 'openBrowser' | 'log'>>,
  signIn: AzureDirectorySettings['signIn'] = ['device-code'],
): Provider {
  const secrets = createSecretStore({ folder: '/nonexistent', seal: createMemorySeal('a test') });
  const all: Omit<ProviderPorts, 'localAccounts'> = {
    fetchFor: () => ports.fetch,
    secrets,
    openBrowser: ports.openBrowser ?? (async () => undefined),
    applicationSecrets: storedTexts(secrets, 'secret'),
    log: ports.log ?? (() => undefined),
  };
  const settings: AzureDirectorySettings = {
    ...configuredTenant(tenant),
    name: 'work',
    type: 'azure-directory',
    cloud: 'local',
    enabled: true,
    domains: [],
    signIn,
    mailCodes: false,
  };
  return createProvider(settings, all as ProviderPorts).provider;
}
