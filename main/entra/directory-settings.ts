import type { CloudName } from '../contract/clouds.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { readProviderAddress } from '../contract/provider-address.ts';
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

/**
 * Where the provider's authority and Graph are ({@link readProviderAddress}).
 * @throws LatchkeyError `config-invalid`
 */
export function directoryAddress(settings: AzureDirectorySettings): DirectoryAddress {
  const { authority, graph: resource, name, cloud } = settings;
  const tenant = settings.tenant.toLowerCase();
  const isOrigin = URL.parse(authority)?.pathname === '/';
  const read = readProviderAddress({
    cloud,
    authority: isOrigin ? new URL(tenant, authority).href : authority,
    resource,
  });
  if ('faults' in read) {
    const [fault] = read.faults;
    throw invalid(`"${fault?.key}" of provider "${name}" ${fault?.message}.`);
  }
  if (read.tenant !== tenant) throw invalid(`"authority" of provider "${name}" names another tenant.`);
  return {
    cloud: read.cloud === 'local' ? localCloud(read.login, read.graph) : clouds[read.cloud],
    tenant,
  };
}

function invalid(message: string): LatchkeyError {
  return new LatchkeyError('config-invalid', message, {
    remedy: 'Correct it: latchkey provider update --help',
  });
}
