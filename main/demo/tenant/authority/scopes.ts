import type { Application, Resource } from '../directory-schema.ts';
import type { Tenant } from '../directory.ts';
import type { StsError } from '../sts-errors.ts';

/** What a request's `scope` parameter asks for. One request can name one resource only. */
export interface ScopeRequest {
  /** openid, profile, email, offline_access: as asked for. */
  oidc: Set<string>;
  resource: Resource;
  /** The audience of the access token: the identifier by which the client named the resource. */
  audience: string;
  /** Delegated permissions without the resource's prefix; empty with {@link ScopeRequest.isDefault}. */
  permissions: string[];
  /** `<resource>/.default`: whatever has been consented to. */
  isDefault: boolean;
  /** Whether the client wrote the permissions with the resource in front; the answer does the same. */
  prefixed: boolean;
}

export interface Consents {
  /** Whether the permission is granted to everybody or to this user. */
  has(tenant: Tenant, application: Application, userId: string | undefined, permission: string): boolean;
  grant(tenant: Tenant, application: Application, userId: string, permissions: string[]): void;
  /** Forgets what users have granted by themselves. */
  clear(tenant: Tenant, application: Application): void;
}

const oidcScopes = ['openid', 'profile', 'email', 'offline_access'];
const graphIdentifiers = ['https://graph.microsoft.com', '00000003-0000-0000-c000-000000000000'];

/** Microsoft Graph as this tenant's resource: the public identifier and the local address mean the same. */
export function graphResource(graphOrigin: string): Resource {
  return {
    displayName: 'Microsoft Graph',
    identifiers: [...graphIdentifiers, graphOrigin],
    scopes: [
      'User.Read',
      'User.ReadBasic.All',
      'User.Read.All',
      'GroupMember.Read.All',
      'Group.Read.All',
      'Directory.Read.All',
      'Mail.Read',
    ],
  };
}

/** Splits `scope` and finds its resource; Graph, where only names without a prefix are given. */
export function parseScopes(scope: string, tenant: Tenant, graph: Resource): ScopeRequest | StsError {
  const oidc = new Set<string>();
  const named = new Map<Resource, { audience: string; permissions: string[]; prefixed: boolean }>();
  for (const item of scope.split(' ').filter((item) => item !== '')) {
    if (oidcScopes.includes(item)) {
      oidc.add(item);
      continue;
    }
    const found = splitScope(item, [graph, ...tenant.resources]);
    if (found === undefined) {
      const prefix = item.includes('://') ? item.slice(0, item.lastIndexOf('/')) : undefined;
      return prefix === undefined ? { code: 70011, detail: item } : { code: 500011, detail: prefix };
    }
    const { resource, audience, permission } = found;
    const isKnown = resource.scopes.some((known) => known.toLowerCase() === permission.toLowerCase());
    if (permission !== '.default' && !isKnown) return { code: 70011, detail: item };
    const known = named.get(resource);
    if (known === undefined)
      named.set(resource, { audience, permissions: [permission], prefixed: item.includes('/') });
    else known.permissions.push(permission);
  }
  if (named.size > 1) {
    return { code: 28000, detail: [...named.keys()].map((resource) => resource.displayName).join(', ') };
  }
  const [entry] = named;
  // A sign-in without any resource gets a token for Graph that says who the user is.
  const [resource, request] = entry ?? [
    graph,
    { audience: graph.identifiers[0] ?? '', permissions: ['User.Read'], prefixed: false },
  ];
  const isDefault = request.permissions.includes('.default');
  if (isDefault && request.permissions.length > 1) return { code: 70011, detail: scope };
  return {
    oidc,
    resource,
    audience: request.audience,
    permissions: isDefault ? [] : request.permissions.map((permission) => canonical(resource, permission)),
    isDefault,
    prefixed: request.prefixed,
  };
}

/** A permission's one name over all resources, as consents and API permissions are kept: Graph's without a prefix. */
export function qualified(resource: Resource, permission: string): string {
  return isGraph(resource) ? permission : `${resource.identifiers[0] ?? ''}/${permission}`;
}

/** The permissions of one resource out of a list of qualified names, without prefix. */
export function permissionsOf(resource: Resource, names: Iterable<string>): string[] {
  return [...names].flatMap((name) => {
    const split = splitScope(name, [resource]);
    const belongs = split !== undefined && (name.includes('://') || isGraph(resource));
    return belongs ? [split.permission] : [];
  });
}

export function createConsents(): Consents {
  const granted = new Map<string, Set<string>>();
  const keyOf = (tenant: Tenant, application: Application): string => `${tenant.id} ${application.clientId}`;
  const grantsOf = (key: string): Set<string> => {
    const grants = granted.get(key) ?? new Set<string>();
    granted.set(key, grants);
    return grants;
  };
  return {
    has: (tenant, application, userId, permission) => {
      const isHome = tenant.applications.get(application.clientId) === application;
      if (isHome && application.consentedScopes.some((name) => sameScope(name, permission))) return true;
      return grantsOf(keyOf(tenant, application)).has(`${userId ?? ''} ${permission.toLowerCase()}`);
    },
    grant: (tenant, application, userId, permissions) => {
      const grants = grantsOf(keyOf(tenant, application));
      for (const permission of permissions) grants.add(`${userId} ${permission.toLowerCase()}`);
    },
    clear: (tenant, application) => {
      granted.delete(keyOf(tenant, application));
    },
  };
}

function isGraph(resource: Resource): boolean {
  return resource.identifiers.includes(graphIdentifiers[0] ?? '');
}

function sameScope(name: string, permission: string): boolean {
  const prefix = `${graphIdentifiers[0] ?? ''}/`;
  const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return bare.toLowerCase() === permission.toLowerCase();
}

function canonical(resource: Resource, permission: string): string {
  return resource.scopes.find((known) => known.toLowerCase() === permission.toLowerCase()) ?? permission;
}

function splitScope(
  item: string,
  resources: Resource[],
): { resource: Resource; audience: string; permission: string } | undefined {
  const slash = item.lastIndexOf('/');
  if (slash === -1) {
    const graph = resources.find(isGraph);
    return graph === undefined
      ? undefined
      : { resource: graph, audience: graph.identifiers[0] ?? '', permission: item };
  }
  // "https://server//.default" is how clients write a resource whose identifier ends in a slash.
  const audience = item.slice(0, slash);
  const wanted = audience.replace(/\/$/, '').toLowerCase();
  const resource = resources.find(({ identifiers }) =>
    identifiers.some((known) => known.toLowerCase() === wanted),
  );
  return resource === undefined ? undefined : { resource, audience, permission: item.slice(slash + 1) };
}
