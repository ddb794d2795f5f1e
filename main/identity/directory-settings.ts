import type { CloudName } from '../contract/clouds.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { clouds, localCloud, type Cloud } from './clouds.ts';

/** One provider of type azure-directory as the configuration gives it. */
export interface AzureDirectorySettings {
  name: string;
  cloud: CloudName;
  /** `https://<login host>`, with or without the tenant behind it. */
  authority: string;
  /** Tenant id or one of its domains. */
  tenant: string;
  /** Application (client) id. */
  applicationId: string;
  /** Origin of Microsoft Graph. */
  graph: string;
}

export interface DirectoryAddress {
  cloud: Cloud;
  /** Tenant as configured, in lower case: an id or a domain. */
  tenant: string;
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const domain = /^(?=.{3,255}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/;
const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);
const shared = new Set(['common', 'organizations', 'consumers']);

export const isTenantId = (tenant: string): boolean => guid.test(tenant);

/**
 * Where the provider's authority and Graph are. Tokens are sent there, so only the addresses of the named cloud are
 * accepted, and only loopback ones for the local tenant. The endpoints shared by all tenants are refused: rules name
 * groups of one tenant, and somebody of another must not even get as far as being looked up.
 * @throws LatchkeyError `config-invalid`
 */
export function directoryAddress(settings: AzureDirectorySettings): DirectoryAddress {
  const authority = parseUrl(settings.authority, 'authority', settings.name);
  const graph = parseUrl(settings.graph, 'resource', settings.name);
  const tenant = settings.tenant.toLowerCase();
  if (shared.has(tenant)) {
    throw invalid(
      `The authority of provider "${settings.name}" ends in "${tenant}", which stands for every tenant.`,
      'Put the id or the domain of your tenant there.',
    );
  }
  const path = authority.pathname.toLowerCase().replace(/\/$/, '');
  if ((!guid.test(tenant) && !domain.test(tenant)) || !['', `/${tenant}`, `/${tenant}/v2.0`].includes(path)) {
    throw invalid(
      `The authority of provider "${settings.name}" names no tenant.`,
      'Write it as https://login.microsoftonline.com/<tenant id or domain>.',
    );
  }
  if (settings.cloud === 'local') {
    for (const url of [authority, graph]) {
      if (loopback.has(url.hostname)) continue;
      throw invalid(
        `Provider "${settings.name}" is a local tenant, but ${url.host} is not on this machine.`,
        'Use loopback addresses, or remove "cloud" for Microsoft\'s own.',
      );
    }
    return { cloud: localCloud(authority.origin, graph.origin), tenant };
  }
  const cloud = clouds[settings.cloud];
  requireOrigin(authority, cloud.login, 'authority', settings);
  requireOrigin(graph, cloud.graph, 'resource', settings);
  return { cloud, tenant };
}

function parseUrl(text: string, key: string, provider: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' && url.username === '' && url.search === '' && url.hash === '') return url;
  throw invalid(`The ${key} of provider "${provider}" is no plain https address.`, `Correct "${key}".`);
}

function requireOrigin(url: URL, origin: string, key: string, settings: AzureDirectorySettings): void {
  if (url.origin === origin) return;
  throw invalid(
    `The ${key} of provider "${settings.name}" is at ${url.host}, which is not that of the cloud "${settings.cloud}".`,
    `Use ${origin}, or name another "cloud".`,
  );
}

function invalid(message: string, remedy: string): LatchkeyError {
  return new LatchkeyError('config-invalid', message, { remedy });
}
