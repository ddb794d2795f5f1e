import { z } from 'zod';
import type { Clock } from './clock.ts';
import {
  directorySchema,
  type Application,
  type Directory,
  type Group,
  type Resource,
  type TenantRecord,
  type User,
} from './directory-schema.ts';
import { tenantError } from './tenant-error.ts';

/** One tenant in memory. Change its groups only through {@link LiveDirectory}, which keeps the index of memberships. */
export interface Tenant {
  id: string;
  displayName: string;
  domains: string[];
  users: Map<string, User>;
  groups: Map<string, Group>;
  applications: Map<string, Application>;
  policies: TenantRecord['policies'];
  resources: Resource[];
}

export interface Account {
  tenant: Tenant;
  user: User;
}

export interface LiveDirectory {
  tenants: Tenant[];
  /** By GUID or verified domain; undefined for an unknown one and for `common` and `organizations`. */
  tenant(segment: string): Tenant | undefined;
  /** Finds a user of any tenant by object id or sign-in name. */
  account(reference: string): Account | undefined;
  /** Like {@link LiveDirectory.account}. @throws TenantError when there is no such user. */
  requireAccount(reference: string): Account;
  /** By client id: registered in the tenant, or multi-tenant in another one. */
  application(tenant: Tenant, clientId: string): Application | undefined;
  /** Groups that hold the object itself. */
  directGroups(tenant: Tenant, objectId: string): Group[];
  /** Groups that hold the object, directly or through other groups. */
  transitiveGroups(tenant: Tenant, objectId: string): Group[];
  /** Adds a user, or gives the one with the same id new fields; sign-ins and refresh tokens go on and see them. */
  putUser(tenant: Tenant, user: User): void;
  putGroup(tenant: Tenant, group: Group): void;
  deleteGroup(tenant: Tenant, groupId: string): boolean;
  deleteUser(account: Account): void;
  /** Adds or removes a member once `at` (milliseconds of the tenant's clock) has passed, as replication delays it. */
  setMember(tenant: Tenant, groupId: string, memberId: string, present: boolean, at: number): void;
}

/**
 * Reads and checks a directory and serves look-ups in it.
 *
 * @throws TenantError naming the path of the first thing that is wrong.
 */
export function createDirectory(input: Directory, clock: Clock): LiveDirectory {
  const tenants = parseDirectory(input).tenants.map(toTenant);
  let due: { at: number; apply(): void }[] = [];
  const indexes = new Map<Tenant, Map<string, Set<string>>>();

  const settle = (): void => {
    if (due.length === 0) return;
    const now = clock.now();
    const ready = due.filter((change) => change.at <= now);
    due = due.filter((change) => change.at > now);
    for (const change of ready) change.apply();
  };

  const groupsByMember = (tenant: Tenant): Map<string, Set<string>> => {
    settle();
    const known = indexes.get(tenant);
    if (known !== undefined) return known;
    const index = new Map<string, Set<string>>();
    for (const group of tenant.groups.values()) {
      for (const member of group.members) {
        const groups = index.get(member);
        if (groups === undefined) index.set(member, new Set([group.id]));
        else groups.add(group.id);
      }
    }
    indexes.set(tenant, index);
    return index;
  };

  const account = (reference: string): Account | undefined => {
    const wanted = reference.toLowerCase();
    for (const tenant of tenants) {
      const byId = tenant.users.get(wanted);
      if (byId !== undefined) return { tenant, user: byId };
    }
    for (const tenant of tenants) {
      for (const user of tenant.users.values()) {
        if (user.home === undefined && user.userPrincipalName.toLowerCase() === wanted)
          return { tenant, user };
      }
    }
    return undefined;
  };

  const existing = (tenant: Tenant, ids: Iterable<string>): Group[] =>
    [...ids].flatMap((id) => tenant.groups.get(id) ?? []);

  return {
    tenants,
    tenant: (segment) => {
      const wanted = segment.toLowerCase();
      return tenants.find((tenant) => tenant.id === wanted || tenant.domains.includes(wanted));
    },
    account,
    requireAccount: (reference) => {
      const found = account(reference);
      if (found === undefined)
        throw tenantError('not_found', `There is no user "${reference}" in any tenant.`);
      return found;
    },
    application: (tenant, clientId) => {
      const wanted = clientId.toLowerCase();
      const own = tenant.applications.get(wanted);
      if (own !== undefined) return own;
      const foreign = tenants.flatMap((other) => other.applications.get(wanted) ?? []);
      return foreign.find((application) => application.multiTenant);
    },
    directGroups: (tenant, objectId) => existing(tenant, groupsByMember(tenant).get(objectId) ?? []),
    transitiveGroups: (tenant, objectId) => {
      const index = groupsByMember(tenant);
      const seen = new Set<string>();
      const open = [objectId];
      for (let member = open.pop(); member !== undefined; member = open.pop()) {
        for (const group of index.get(member) ?? []) {
          if (seen.has(group)) continue;
          seen.add(group);
          open.push(group);
        }
      }
      return existing(tenant, seen);
    },
    putUser: (tenant, user) => {
      const known = tenant.users.get(user.id);
      if (known === undefined) tenant.users.set(user.id, user);
      else replaceFields(known, user);
    },
    putGroup: (tenant, group) => {
      tenant.groups.set(group.id, group);
      indexes.delete(tenant);
    },
    deleteGroup: (tenant, groupId) => {
      indexes.delete(tenant);
      return tenant.groups.delete(groupId);
    },
    deleteUser: ({ tenant, user }) => {
      tenant.users.delete(user.id);
      for (const group of tenant.groups.values())
        group.members = group.members.filter((id) => id !== user.id);
      indexes.delete(tenant);
    },
    setMember: (tenant, groupId, memberId, present, at) => {
      const apply = (): void => {
        const group = tenant.groups.get(groupId);
        if (group === undefined) return;
        const others = group.members.filter((id) => id !== memberId);
        group.members = present ? [...others, memberId] : others;
        indexes.delete(tenant);
      };
      due.push({ at, apply });
      settle();
    },
  };
}

/** Gives an object that others hold the fields of another one, and only those. */
export function replaceFields<T extends object>(target: T, source: T): void {
  for (const name of Object.keys(target)) Reflect.deleteProperty(target, name);
  Object.assign(target, source);
}

function parseDirectory(input: Directory): z.output<typeof directorySchema> {
  const parsed = directorySchema.safeParse(input);
  if (!parsed.success)
    throw tenantError('invalid', `The directory is not valid.\n${z.prettifyError(parsed.error)}`);
  const segments = new Set<string>();
  for (const tenant of parsed.data.tenants) {
    for (const segment of [tenant.id, ...tenant.domains]) {
      if (segments.has(segment))
        throw tenantError('invalid', `Two tenants of the directory share "${segment}".`);
      segments.add(segment);
    }
  }
  return parsed.data;
}

function toTenant(record: TenantRecord): Tenant {
  return {
    ...record,
    users: new Map(record.users.map((user) => [user.id, user])),
    groups: new Map(record.groups.map((group) => [group.id, group])),
    applications: new Map(record.applications.map((application) => [application.clientId, application])),
  };
}
