import type { DatabaseResource } from '../config/password-source.ts';
import { databaseResources } from '../config/password-source.ts';
import type { CloudName } from '../contract/clouds.ts';

/**
 * Identifiers of Azure's databases in each cloud, as `az cloud show` lists them (ossrdbmsResourceId and
 * sqlManagementEndpoint's domain; learn.microsoft.com/azure/azure-sql/database/authentication-aad-overview). The local
 * tenant knows those of the global cloud.
 */
const domains: Record<CloudName, string> = {
  global: 'database.windows.net',
  local: 'database.windows.net',
  'us-government': 'database.usgovcloudapi.net',
  'us-government-dod': 'database.usgovcloudapi.net',
  china: 'database.chinacloudapi.cn',
};

/** What the administrator finds under "APIs my organization uses". */
const displayNames: Record<DatabaseResource, string> = {
  postgresql: 'Azure OSSRDBMS Database',
  mysql: 'Azure OSSRDBMS Database',
  sqlserver: 'Azure SQL Database',
};

export interface EntraResource {
  /** `<identifier>/.default`, or the scope as configured. */
  scope: string;
  /** For sentences: the name in the portal, or the identifier. */
  name: string;
}

/** @param configured `entra` of a rule: one of the words, or a scope */
export function entraResource(configured: string, cloud: CloudName): EntraResource {
  const word = databaseResources.find((each) => each === configured);
  if (word === undefined)
    return { scope: configured, name: configured.slice(0, configured.lastIndexOf('/')) };
  const prefix = word === 'sqlserver' ? '' : 'ossrdbms-aad.';
  return { scope: `https://${prefix}${domains[cloud]}/.default`, name: displayNames[word] };
}
