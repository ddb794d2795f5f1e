import type { NetworkResponse, PublicClientApplication } from '@azure/msal-node';
import { LatchkeyError } from '../contract/errors.ts';
import type { Cloud } from './clouds.ts';
import type { DeviceCode } from '../session/provider-port.ts';
import type { FetchLike } from '../contract/http.ts';
import { isTenantId } from '../contract/provider-address.ts';
import { directoryAddress, type AzureDirectorySettings } from './directory-settings.ts';
import { createMsalClient } from './msal-client.ts';
import { createThrottle, type Throttle } from './throttle.ts';
import { createAuthorityNetwork, type AuthorityNetwork } from './network-module.ts';

export interface AuthorityPorts {
  fetch: FetchLike;
  /** Milliseconds since 1970; Date.now by default. */
  now?: (() => number) | undefined;
  /** Pauses that servers have asked for, shared by all who ask them for this provider. */
  throttle?: Throttle | undefined;
  /** Gets lines without secrets and without names of people. */
  log?: ((line: string) => void) | undefined;
}

/** The authority of one provider. */
export interface Authority {
  readonly cloud: Cloud;
  /** Tenant as configured: an id or a domain. */
  readonly tenant: string;
  /** The network of one operation, which the signal ends. */
  connect(signal: AbortSignal, onCode?: (code: DeviceCode) => void): AuthorityNetwork;
  /** An MSAL client with an empty cache for one operation. */
  client(network: AuthorityNetwork, tenantId: string): Promise<PublicClientApplication>;
  /**
   * The id of the tenant; that of one configured by its domain is in the issuer of its discovery document.
   * @throws LatchkeyError `authority-invalid` where it is not; what the network fails with
   */
  tenantId(network: AuthorityNetwork): Promise<string>;
}

/** @throws LatchkeyError `config-invalid` (see directoryAddress) */
export function createAuthority(settings: AzureDirectorySettings, ports: AuthorityPorts): Authority {
  const { cloud, tenant } = directoryAddress(settings);
  const { applicationId } = settings;
  const { fetch, now = Date.now, log = () => undefined } = ports;
  const throttle = ports.throttle ?? createThrottle(now);
  const discovery = new Map<string, NetworkResponse<unknown>>();

  return {
    cloud,
    tenant,
    connect(signal, onCode) {
      const { verificationPages } = cloud;
      const base = { fetch, origin: cloud.login, signal, verificationPages, discovery, throttle, now, log };
      return createAuthorityNetwork(onCode ? { ...base, onCode } : base);
    },
    client: (network, tenantId) =>
      createMsalClient({ login: cloud.login, tenantId, applicationId, network: network.module }),
    async tenantId(network) {
      if (isTenantId(tenant)) return tenant;
      const url = `${cloud.login}/${tenant}/v2.0/.well-known/openid-configuration`;
      const { body } = await network.module.sendGetRequestAsync<{ issuer?: unknown }>(url);
      const issuer = typeof body.issuer === 'string' ? URL.parse(body.issuer) : null;
      const id = issuer?.pathname.split('/')[1]?.toLowerCase() ?? '';
      if (isTenantId(id)) return id;
      throw new LatchkeyError(
        'authority-invalid',
        `The authority does not say the id of the tenant ${tenant}.`,
        { remedy: 'Put the tenant id instead of the domain into "authority".' },
      );
    },
  };
}
