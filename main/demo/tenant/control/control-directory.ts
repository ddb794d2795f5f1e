import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { applyChange, changeSchema } from '../change-schema.ts';
import {
  applicationSchema,
  groupSchema,
  guidSchema,
  policySchema,
  userSchema,
  type Application,
  type Group,
} from '../directory-schema.ts';
import { replaceFields, type LiveDirectory, type Tenant } from '../directory.ts';
import { get, post } from './operation.ts';
import type { Sts } from '../authority/sts.ts';
import { tenantError } from '../tenant-error.ts';

const user = z.strictObject({ user: z.string().min(1) });
/** The default tenant where it is left out. */
const tenantId = guidSchema.optional();
const membership = z.strictObject({
  groupId: guidSchema,
  memberId: guidSchema,
  /** Graph shows the change only after so many seconds. */
  afterSeconds: z.number().int().min(0).default(0),
});
const applicationChange = changeSchema(applicationSchema.omit({ clientId: true }));

/** What an administrator does to users, groups, applications and policies. */
export function directoryOperations(sts: Sts) {
  return {
    directory: get('/directory', 'Shows all tenants, without passwords and secrets.', () =>
      sts.directory.tenants.map((tenant) => ({
        ...tenant,
        users: [...tenant.users.values()].map((each) => without(each, 'password')),
        groups: [...tenant.groups.values()],
        applications: [...tenant.applications.values()].map((each) => without(each, 'secrets')),
      })),
    ),
    ...userOperations(sts),
    ...groupOperations(sts),
    ...applicationOperations(sts),
    ...policyOperations(sts),
  };
}

function userOperations({ directory }: Sts) {
  return {
    putUser: post(
      '/users',
      'Adds a user, or replaces the one with the same id.',
      z.strictObject({ tenantId, user: userSchema }),
      (input) => {
        const tenant = tenantOf(directory, input.tenantId);
        const known = directory.account(input.user.userPrincipalName);
        if (known !== undefined && known.user.id !== input.user.id) {
          throw tenantError('invalid', `"${input.user.userPrincipalName}" is the name of another user.`);
        }
        directory.putUser(tenant, input.user);
        return { id: input.user.id };
      },
    ),
    setUserEnabled: post(
      '/users/enabled',
      'Enables or disables a user account.',
      user.extend({ enabled: z.boolean() }),
      (input) => {
        directory.requireAccount(input.user).user.accountEnabled = input.enabled;
      },
    ),
    deleteUser: post('/users/delete', 'Deletes a user and all memberships.', user, (input) =>
      directory.deleteUser(directory.requireAccount(input.user)),
    ),
  };
}

function groupOperations(sts: Sts) {
  const { directory } = sts;
  return {
    putGroup: post(
      '/groups',
      'Adds a group, or replaces the one with the same id.',
      z.strictObject({ tenantId, group: groupSchema }),
      (input) => {
        directory.putGroup(tenantOf(directory, input.tenantId), input.group);
        return { id: input.group.id };
      },
    ),
    deleteGroup: post(
      '/groups/delete',
      'Deletes a group.',
      z.strictObject({ groupId: guidSchema }),
      (input) => {
        const { tenant, group } = groupOf(directory, input.groupId);
        directory.deleteGroup(tenant, group.id);
      },
    ),
    addMember: post(
      '/groups/add-member',
      'Puts a user or group into a group, at once or after some seconds.',
      membership,
      (input) => setMember(sts, input, true),
    ),
    removeMember: post(
      '/groups/remove-member',
      'Takes a user or group out of a group, at once or after some seconds.',
      membership,
      (input) => setMember(sts, input, false),
    ),
    generateGroups: post(
      '/groups/generate',
      'Adds many groups that a user is in; with a depth above 1 they are nested in chains.',
      user.extend({
        count: z.number().int().min(1).max(50_000),
        prefix: z.string().min(1).default('Generated group'),
        depth: z.number().int().min(1).max(50).default(1),
      }),
      (input) => {
        const { tenant, user } = directory.requireAccount(input.user);
        const groupIds: string[] = [];
        for (let index = 0; index < input.count; index += 1) {
          const below = index % input.depth === 0 ? user.id : groupIds.at(-1);
          const displayName = `${input.prefix} ${String(index + 1).padStart(5, '0')}`;
          const group = groupSchema.parse({ id: randomUUID(), displayName, members: [below] });
          directory.putGroup(tenant, group);
          groupIds.push(group.id);
        }
        return { groupIds };
      },
    ),
  };
}

function applicationOperations({ directory, consents }: Sts) {
  return {
    updateApplication: post(
      '/applications/update',
      'Changes an app registration: public client flows, consent, secrets, redirect addresses, assignment.',
      z.strictObject({ clientId: guidSchema, change: applicationChange }),
      (input) => {
        applyChange(applicationOf(directory, input.clientId), input.change);
      },
    ),
    putApplication: post(
      '/applications',
      'Adds an app registration, or replaces the one with the same client id.',
      z.strictObject({ tenantId, application: applicationSchema }),
      (input) => {
        const { applications } = tenantOf(directory, input.tenantId);
        const known = applications.get(input.application.clientId);
        if (known === undefined) applications.set(input.application.clientId, input.application);
        else replaceFields(known, input.application);
        return { clientId: input.application.clientId };
      },
    ),
    revokeConsent: post(
      '/applications/revoke-consent',
      'Takes back all consent to an application, of the administrator and of users.',
      z.strictObject({ clientId: guidSchema }),
      (input) => {
        const application = applicationOf(directory, input.clientId);
        application.consentedScopes = [];
        for (const tenant of directory.tenants) consents.clear(tenant, application);
      },
    ),
  };
}

function policyOperations({ directory }: Sts) {
  return {
    putPolicy: post(
      '/policies',
      'Adds a Conditional Access policy, or replaces the one with the same id.',
      z.strictObject({ tenantId, policy: policySchema }),
      (input) => {
        const tenant = tenantOf(directory, input.tenantId);
        tenant.policies = [...tenant.policies.filter(({ id }) => id !== input.policy.id), input.policy];
        return { id: input.policy.id };
      },
    ),
    removePolicy: post(
      '/policies/delete',
      'Removes a Conditional Access policy.',
      z.strictObject({ policyId: guidSchema }),
      (input) => {
        for (const tenant of directory.tenants) {
          tenant.policies = tenant.policies.filter(({ id }) => id !== input.policyId);
        }
      },
    ),
  };
}

function tenantOf(directory: LiveDirectory, id: string | undefined): Tenant {
  const tenant = id === undefined ? directory.tenants[0] : directory.tenant(id);
  if (tenant === undefined) throw tenantError('not_found', `There is no tenant "${id}".`);
  return tenant;
}

function groupOf({ tenants }: LiveDirectory, id: string): { tenant: Tenant; group: Group } {
  for (const tenant of tenants) {
    const group = tenant.groups.get(id);
    if (group !== undefined) return { tenant, group };
  }
  throw tenantError('not_found', `There is no group "${id}" in any tenant.`);
}

function applicationOf({ tenants }: LiveDirectory, clientId: string): Application {
  const application = tenants.map(({ applications }) => applications.get(clientId)).find(Boolean);
  if (application !== undefined) return application;
  throw tenantError('not_found', `There is no application "${clientId}".`);
}

function setMember({ directory, clock }: Sts, change: z.output<typeof membership>, present: boolean): void {
  const { tenant, group } = groupOf(directory, change.groupId);
  const isKnown = tenant.users.has(change.memberId) || tenant.groups.has(change.memberId);
  if (present && !isKnown) throw tenantError('not_found', `There is no user or group "${change.memberId}".`);
  const at = clock.now() + change.afterSeconds * 1000;
  directory.setMember(tenant, group.id, change.memberId, present, at);
}

function without<T extends object>(object: T, hidden: string): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== hidden)) as Partial<T>;
}
