import { isLoopbackHost } from './loopback.ts';
import { cloudAddresses, type CloudName, type MicrosoftCloud } from './clouds.ts';

/**
 * Where a provider is, read from what people copy. Form, command, `config check`, start and sign-in all use this one
 * function, so that what one of them accepts no other refuses.
 */

/** What stands in the configuration or in a form. */
export interface AddressTexts {
  cloud?: CloudName | undefined;
  /** Any address that the Azure portal shows under "Endpoints", or the tenant's id or domain alone. */
  authority: string;
  resource?: string | undefined;
}

export interface ProviderAddress {
  cloud: CloudName;
  /** Origin of the sign-in. */
  login: string;
  /** Tenant id or domain, in lower case. */
  tenant: string;
  /** `<login>/<tenant>`. */
  authority: string;
  /** Origin of Microsoft Graph. */
  graph: string;
}

export interface AddressFault {
  key: 'cloud' | 'authority' | 'resource';
  /** Follows the name of the key: `must be …`. */
  message: string;
}

type Read<T> = T | { fault: string };
/** A sign-in, and the clouds that share it: the first is the usual one. */
type Place = { login: string; clouds: readonly [MicrosoftCloud, ...MicrosoftCloud[]] };

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const domain = /^(?=.{3,255}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/;
const example = 'https://login.microsoftonline.com/<tenant id>';

/** The tenant that stands for all personal accounts has an id, too. */
const personalAccounts = '9188040d-6c67-4c5b-b112-36a304b66dad';
const sharedTenants = new Set(['common', 'organizations', 'consumers', personalAccounts]);

const global: Place = { login: cloudAddresses.global.login, clouds: ['global'] };
const government: Place = {
  login: cloudAddresses['us-government'].login,
  clouds: ['us-government', 'us-government-dod'],
};
const china: Place = { login: cloudAddresses.china.login, clouds: ['china'] };

/**
 * Hosts that stand for the sign-in of a cloud: its address of today, its aliases (the "metadata" of Entra ID's
 * instance discovery) and those that issuers are named after.
 */
const places = new Map<string, Place>([
  ['login.microsoftonline.com', global],
  ['login.microsoft.com', global],
  ['login.windows.net', global],
  ['sts.windows.net', global],
  ['login.microsoftonline.us', government],
  ['login.usgovcloudapi.net', government],
  ['login-us.microsoftonline.com', government],
  ['login.partner.microsoftonline.cn', china],
  ['login.chinacloudapi.cn', china],
  ['sts.chinacloudapi.cn', china],
]);

/** Microsoft Graph by the id and the names that the portal shows for it. */
const graphNames = new Set([
  '00000003-0000-0000-c000-000000000000',
  'microsoft graph',
  'microsoftgraph',
  'graph',
]);
/** Azure AD Graph, its predecessor, which Microsoft has switched off. */
const retiredGraph =
  /^(00000002-0000-0000-c000-000000000000|(windows )?azure active directory|azure ad graph)$/;
const retiredGraphHost = /^graph\.(windows\.net|microsoftazure\.us|chinacloudapi\.cn|cloudapi\.de)$/;

export const isTenantId = (tenant: string): boolean => guid.test(tenant);

/**
 * Tokens are sent to these addresses, so only Microsoft's own are accepted, and loopback ones for the local tenant. The
 * cloud follows from them where none is named. The endpoints shared by all tenants are refused: rules name groups of
 * one tenant, and somebody of another must not even get as far as being looked up.
 */
export function readProviderAddress(texts: AddressTexts): ProviderAddress | { faults: AddressFault[] } {
  if (texts.cloud === 'local') return readLocalAddress(texts);
  const authority = readAuthority(texts.authority, texts.cloud);
  if ('fault' in authority) return { faults: [{ key: 'authority', message: authority.fault }] };
  const { place, tenant } = authority;
  if (texts.cloud !== undefined && !place.clouds.includes(texts.cloud)) {
    const message = `is that of cloud "${place.clouds[0]}", but "cloud" says "${texts.cloud}"; correct one of them, or leave "cloud" out`;
    return { faults: [{ key: 'authority', message }] };
  }
  const cloud = cloudOfGraph(texts.resource ?? '', texts.cloud === undefined ? place.clouds : [texts.cloud]);
  if (typeof cloud !== 'string') return { faults: [{ key: 'resource', message: cloud.fault }] };
  const { login } = place;
  return {
    cloud,
    login,
    tenant,
    authority: `${login}/${tenant}`,
    graph: cloudAddresses[cloud].graph,
  };
}

function readAuthority(
  text: string,
  cloud: MicrosoftCloud | undefined,
): Read<{ place: Place; tenant: string }> {
  const bare = text.trim().toLowerCase();
  // The id alone, or a domain that is no host of the sign-in.
  if (guid.test(bare) || (domain.test(bare) && !places.has(bare))) {
    const { login } = cloudAddresses[cloud ?? 'global'];
    return readAuthority(`${login}/${bare}`, cloud);
  }
  const url = httpsAddress(text);
  if (url === undefined) return { fault: `must be an https address such as ${example}` };
  if (isLoopbackHost(url.hostname))
    return { fault: 'is on this machine: that is for tests, with cloud "local" and a "caFile"' };
  const place = places.get(url.host);
  if (place === undefined) return { fault: foreignHost(url.host) };
  // An alias may belong to a cloud that is named: tokens of the US Government's come from sts.windows.net as well.
  const named = cloud !== undefined && url.host === 'sts.windows.net' ? placeOf(cloud) : place;
  const [tenant = '', next = ''] = pathOf(url);
  if (/^(te|tfp)$/.test(tenant) || next.startsWith('b2c_')) return { fault: foreignHost('b2clogin.com') };
  const fault = tenantFault(tenant);
  return fault === undefined ? { place: named, tenant } : { fault };
}

function placeOf(cloud: MicrosoftCloud): Place {
  return [global, government, china].find(({ clouds }) => clouds.includes(cloud)) ?? global;
}

function foreignHost(host: string): string {
  if (/(^|\.)(b2clogin|ciamlogin)\.com$/.test(host))
    return `is one of Azure AD B2C or External ID, whose customers have no directory groups; use the tenant of your organisation: ${example}`;
  if (graphCloud(host) !== undefined || retiredGraphHost.test(host))
    return `is the address of Graph, which belongs into "resource"; use ${example}`;
  return `is at ${host}, where no cloud of Microsoft signs people in; use ${example}, with the "Directory (tenant) ID" of the app registration`;
}

function tenantFault(tenant: string): string | undefined {
  if (sharedTenants.has(tenant))
    return `ends in "${tenant}", which stands for every tenant; put the id or a domain of your tenant there (in the portal: "Directory (tenant) ID")`;
  if (guid.test(tenant) || domain.test(tenant)) return undefined;
  return `names no tenant; use ${example}, with the "Directory (tenant) ID" of the app registration`;
}

/** Which of these clouds the resource belongs to; the first of them where it names Graph without saying where. */
function cloudOfGraph(text: string, clouds: Place['clouds']): MicrosoftCloud | { fault: string } {
  const bare = text.trim().toLowerCase();
  const [first] = clouds;
  if (bare === '' || graphNames.has(bare)) return first;
  const usual = `leave it out, or use ${cloudAddresses[first].graph}`;
  const url = httpsAddress(text);
  if (retiredGraph.test(bare) || (url !== undefined && retiredGraphHost.test(url.host)))
    return { fault: `is Azure AD Graph, which Microsoft has switched off; ${usual}` };
  if (url === undefined) return { fault: `is not the address of Microsoft Graph; ${usual}` };
  const cloud = graphCloud(url.host);
  if (cloud === undefined) return { fault: `is at ${url.host}, which is not Microsoft Graph; ${usual}` };
  if (clouds.includes(cloud)) return cloud;
  return { fault: `is the Graph of cloud "${cloud}", but "authority" and "cloud" say "${first}"; ${usual}` };
}

function graphCloud(host: string): MicrosoftCloud | undefined {
  const names = Object.keys(cloudAddresses) as MicrosoftCloud[];
  return names.find((name) => new URL(cloudAddresses[name].graph).host === host);
}

/** The local tenant signs in whomever the tester names, so it is never implied, and never on another machine. */
function readLocalAddress({
  authority,
  resource,
}: AddressTexts): ProviderAddress | { faults: AddressFault[] } {
  const faults: AddressFault[] = [];
  const origin = (key: 'authority' | 'resource', text: string | undefined): URL | undefined => {
    const url = text === undefined ? undefined : httpsAddress(text);
    if (text === undefined || text === '') faults.push({ key, message: 'is needed with cloud "local"' });
    else if (url === undefined) faults.push({ key, message: 'must be an https address' });
    else if (!isLoopbackHost(url.hostname))
      faults.push({
        key,
        message: 'must be a loopback address with cloud "local"; remove "cloud" for Microsoft\'s own',
      });
    return url;
  };
  const login = origin('authority', authority);
  const graph = origin('resource', resource);
  const [tenant = ''] = login === undefined ? [] : pathOf(login);
  const fault = faults.length === 0 ? tenantFault(tenant) : undefined;
  if (fault !== undefined) faults.push({ key: 'authority', message: fault });
  if (login === undefined || graph === undefined || faults.length > 0) return { faults };
  return {
    cloud: 'local',
    login: login.origin,
    tenant,
    authority: `${login.origin}/${tenant}`,
    graph: graph.origin,
  };
}

/** Steps of the path, in lower case and without empty ones. */
function pathOf({ pathname }: URL): string[] {
  return pathname
    .toLowerCase()
    .split('/')
    .filter((step) => step !== '');
}

/** An address over TLS, with or without its scheme; query and fragment say nothing here, a user part is refused. */
function httpsAddress(text: string): URL | undefined {
  const trimmed = text.trim();
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`);
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '')
    return undefined;
  return url;
}
