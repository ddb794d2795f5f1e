import { isJsonObject } from '../contract/json.ts';
import type { ProtocolName } from '../contract/protocols.ts';

/** Types of Azure Resource Manager that are database servers, in lower case, as ARM tells none from another by case. */
const serverTypes: Record<string, ProtocolName> = {
  'microsoft.dbforpostgresql/flexibleservers': 'postgresql',
  'microsoft.dbforpostgresql/servers': 'postgresql',
  'microsoft.dbforpostgresql/servergroupsv2': 'postgresql',
  'microsoft.dbformysql/flexibleservers': 'mysql',
  'microsoft.dbformysql/servers': 'mysql',
  'microsoft.sql/servers': 'sqlserver',
  'microsoft.sql/managedinstances': 'sqlserver',
};

export interface AzureServer {
  title: string;
  protocol: ProtocolName | undefined;
  /** Empty where the listing names none, as `az resource list` does. */
  host: string;
}

/**
 * The resources of an ARM listing: what `az postgres flexible-server list`, `az mysql flexible-server list`, `az sql
 * server list` and `az graph query` print, or ARM's own answer (`{value: […]}`). Undefined where it is none.
 */
export function azureServers(json: unknown): AzureServer[] | undefined {
  const listed = isJsonObject(json) ? (json['value'] ?? json['data']) : json;
  if (!Array.isArray(listed)) return undefined;
  const resources = listed.filter(isJsonObject);
  if (!resources.some(({ type }) => /^microsoft\.\w+\//i.test(String(type)))) return undefined;
  return resources.map((resource) => ({
    title: String(resource['name'] ?? ''),
    protocol: serverTypes[String(resource['type']).toLowerCase()],
    host: hostOf(resource),
  }));
}

/** The command line has it at the top, ARM among the properties, and a group of servers one for each node, the coordinator first. */
function hostOf(resource: Record<string, unknown>): string {
  const properties = isJsonObject(resource['properties']) ? resource['properties'] : {};
  const nodes = resource['serverNames'] ?? properties['serverNames'];
  const [first] = Array.isArray(nodes) ? nodes.filter(isJsonObject) : [];
  const name =
    resource['fullyQualifiedDomainName'] ??
    properties['fullyQualifiedDomainName'] ??
    first?.['fullyQualifiedDomainName'];
  return typeof name === 'string' ? name : '';
}
