import { randomUUID } from 'node:crypto';
import { z } from 'zod';

/** Object ids are GUIDs and compared in lower case everywhere. */
export const guidSchema = z.guid().toLowerCase();

const nameSchema = z.string().min(1).max(256);

export const userSchema = z.strictObject({
  id: guidSchema.default(() => randomUUID()),
  userPrincipalName: z.string().regex(/^[^@\s]+@[^@\s]+$/, 'must look like name@domain'),
  displayName: nameSchema,
  givenName: nameSchema.optional(),
  surname: nameSchema.optional(),
  mail: nameSchema.optional(),
  jobTitle: nameSchema.optional(),
  department: nameSchema.optional(),
  /** Typed on the sign-in page. A user without one can only be picked from the page's list. */
  password: z.string().min(1).optional(),
  accountEnabled: z.boolean().default(true),
  /** Asks for a second factor at every interactive sign-in. */
  mfa: z.boolean().default(false),
  /** A guest signs in with the account of the home tenant; the object here carries its own id. */
  home: z.strictObject({ tenantId: guidSchema, userId: guidSchema }).optional(),
});

export const groupSchema = z.strictObject({
  id: guidSchema.default(() => randomUUID()),
  displayName: nameSchema,
  description: nameSchema.optional(),
  mail: nameSchema.optional(),
  securityEnabled: z.boolean().default(true),
  /** Object ids of users and of nested groups. */
  members: z.array(guidSchema).default([]),
});

export const applicationSchema = z.strictObject({
  clientId: guidSchema.default(() => randomUUID()),
  displayName: nameSchema,
  /** "Allow public client flows" in the portal. */
  publicClientFlows: z.boolean().default(true),
  /** Usable with the accounts of every tenant of this server, and through `common` and `organizations`. */
  multiTenant: z.boolean().default(false),
  /** Platform "Mobile and desktop applications". Of a loopback address the port is ignored (RFC 8252 section 7.3). */
  redirectUris: z.array(z.string()).default(['http://localhost']),
  /** Platform "Web": the code is redeemed with a client secret only. */
  webRedirectUris: z.array(z.string()).default([]),
  secrets: z.array(z.string().min(1)).default([]),
  /** When all of them run out; never where it is left out. */
  secretsEnd: z.iso.datetime().optional(),
  /** Certificates with which the application may sign in, PEM. */
  certificates: z.array(z.string().startsWith('-----BEGIN CERTIFICATE-----')).default([]),
  /** Delegated permissions that `.default` stands for. */
  apiPermissions: z.array(z.string()).default(['User.Read']),
  /** Delegated permissions that an administrator has granted for everybody. */
  consentedScopes: z.array(z.string()).default([]),
  /** Whether a user may grant the missing ones at sign-in. */
  userConsentAllowed: z.boolean().default(true),
  /** Application permissions granted by an administrator, for client credentials. */
  applicationPermissions: z.array(z.string()).default([]),
  assignmentRequired: z.boolean().default(false),
  /** Object ids of the users and groups assigned; only direct members of a group count, as in Entra ID. */
  assigned: z.array(guidSchema).default([]),
});

export const policySchema = z.strictObject({
  id: guidSchema.default(() => randomUUID()),
  displayName: nameSchema,
  /** Without a list the policy applies to everybody. Groups count with nested members. */
  users: z.array(guidSchema).optional(),
  groups: z.array(guidSchema).optional(),
  applications: z.array(guidSchema).optional(),
  /** Without a list the policy applies to every way of getting a token for a user. */
  flows: z.array(z.enum(['device_code', 'authorization_code', 'refresh_token'])).optional(),
  /** Canonical identifiers of resources; without a list the policy applies to all of them. */
  resources: z.array(z.string()).optional(),
  effect: z.enum(['block', 'block_flow', 'require_compliant_device', 'require_mfa', 'sign_in_frequency']),
  /** Of `sign_in_frequency`: how long ago the person may have been asked. */
  maxAgeSeconds: z.number().int().min(0).default(3600),
});

export const resourceSchema = z.strictObject({
  displayName: nameSchema,
  /** Application ID URIs, without a trailing slash; the first one is canonical. */
  identifiers: z.array(z.string()).min(1),
  /** Delegated permissions that the resource defines. */
  scopes: z.array(z.string()).min(1),
});

export const tenantSchema = z.strictObject({
  id: guidSchema.default(() => randomUUID()),
  displayName: nameSchema,
  /** Verified domains; each names the tenant in an authority address. */
  domains: z.array(z.string().toLowerCase()).min(1),
  users: z.array(userSchema).default([]),
  groups: z.array(groupSchema).default([]),
  applications: z.array(applicationSchema).default([]),
  policies: z.array(policySchema).default([]),
  /** Resources beside Microsoft Graph. */
  resources: z.array(resourceSchema).default([
    {
      displayName: 'Azure OSSRDBMS Database',
      identifiers: ['https://ossrdbms-aad.database.windows.net'],
      scopes: ['user_impersonation'],
    },
    {
      displayName: 'Azure SQL Database',
      identifiers: ['https://database.windows.net'],
      scopes: ['user_impersonation'],
    },
  ]),
});

/** What a tenant knows, as a JSON file may hold it. The first tenant and its first application are the default ones. */
export const directorySchema = z.strictObject({ tenants: z.array(tenantSchema).min(1) });

export type Directory = z.input<typeof directorySchema>;
export type TenantRecord = z.output<typeof tenantSchema>;
export type User = z.output<typeof userSchema>;
export type Group = z.output<typeof groupSchema>;
export type Application = z.output<typeof applicationSchema>;
export type Policy = z.output<typeof policySchema>;
export type Resource = z.output<typeof resourceSchema>;
