import type { Application, Policy, User } from '../directory-schema.ts';
import type { LiveDirectory, Tenant } from '../directory.ts';
import { permissionsOf, qualified, type Consents, type ScopeRequest } from './scopes.ts';
import type { StsError } from '../sts-errors.ts';
import type { Sts } from './sts.ts';

export type UserFlow = 'device_code' | 'authorization_code' | 'refresh_token';

export interface AccessRequest {
  tenant: Tenant;
  user: User;
  application: Application;
  flow: UserFlow;
  scopes: ScopeRequest;
  /** Whether the sign-in went through a second factor. */
  mfaDone: boolean;
  /** When the person was asked, in milliseconds of the tenant's clock; undefined while they still are. */
  askedAt: number | undefined;
}

/** What stands between a signed-in user and a token. */
export type AccessDecision =
  | { kind: 'granted'; permissions: string[] }
  | { kind: 'mfa_needed'; error: StsError }
  /** `permissions` are what the user would have to grant. */
  | { kind: 'consent_needed'; permissions: string[]; error: StsError }
  | { kind: 'refused'; error: StsError };

/** The checks in the order in which Entra ID makes them: account, assignment, Conditional Access, consent. */
export function decideAccess(
  request: AccessRequest,
  { directory, consents, clock }: Pick<Sts, 'directory' | 'consents' | 'clock'>,
): AccessDecision {
  const { tenant, user, application, scopes } = request;
  if (tenant.users.get(user.id) !== user) return { kind: 'refused', error: { code: 500341 } };
  const home = user.home === undefined ? user : directory.account(user.home.userId)?.user;
  if (home === undefined) return { kind: 'refused', error: { code: 500341 } };
  if (!user.accountEnabled || !home.accountEnabled) return { kind: 'refused', error: { code: 50057 } };
  if (application.assignmentRequired && !isAssigned(request, directory)) {
    return { kind: 'refused', error: { code: 50105, detail: user.userPrincipalName } };
  }
  const policies = tenant.policies.filter((policy) => applies(policy, request, directory));
  const tooOld = policies.find((policy) => isTooOld(policy, request, clock.now()));
  if (tooOld !== undefined) return { kind: 'refused', error: { code: 70043 } };
  const blocking = policies.find(({ effect }) => effect !== 'require_mfa' && effect !== 'sign_in_frequency');
  if (blocking !== undefined) return { kind: 'refused', error: policyError(blocking) };
  const mfa = policies.find((policy) => policy.effect === 'require_mfa');
  if (mfa !== undefined && !request.mfaDone) {
    const error = { ...policyError(mfa), detail: scopes.resource.displayName };
    return { kind: 'mfa_needed', error };
  }
  if (user.mfa && !request.mfaDone && request.flow !== 'refresh_token') {
    return { kind: 'mfa_needed', error: { code: 50076, detail: scopes.resource.displayName } };
  }
  return decideConsent(request, consents);
}

function decideConsent(
  { tenant, user, application, scopes }: AccessRequest,
  consents: Consents,
): AccessDecision {
  const { resource, isDefault } = scopes;
  const has = (permission: string): boolean =>
    consents.has(tenant, application, user.id, qualified(resource, permission));
  const granted = resource.scopes.filter(has);
  const wanted = isDefault ? permissionsOf(resource, application.apiPermissions) : scopes.permissions;
  const isEnough = isDefault ? granted.length > 0 : wanted.every(has);
  if (isEnough) return { kind: 'granted', permissions: granted };
  const missing = wanted
    .filter((permission) => !has(permission))
    .map((permission) => qualified(resource, permission));
  const error: StsError = { code: 65001, detail: missing.join(', ') || resource.displayName };
  if (!application.userConsentAllowed || missing.length === 0) return { kind: 'refused', error };
  return { kind: 'consent_needed', permissions: missing, error };
}

function isAssigned({ tenant, user, application }: AccessRequest, directory: LiveDirectory): boolean {
  const ids = [user.id, ...directory.directGroups(tenant, user.id).map((group) => group.id)];
  return ids.some((id) => application.assigned.includes(id));
}

function applies(policy: Policy, request: AccessRequest, directory: LiveDirectory): boolean {
  const { tenant, user, application, flow, scopes } = request;
  const { identifiers } = scopes.resource;
  if (policy.resources?.some((name) => identifiers.includes(name)) === false) return false;
  if (policy.flows !== undefined && !policy.flows.includes(flow)) return false;
  if (policy.applications !== undefined && !policy.applications.includes(application.clientId)) return false;
  if (policy.users === undefined && policy.groups === undefined) return true;
  if (policy.users?.includes(user.id) === true) return true;
  const groups = directory.transitiveGroups(tenant, user.id);
  return groups.some((group) => policy.groups?.includes(group.id) === true);
}

function isTooOld(policy: Policy, { askedAt }: AccessRequest, now: number): boolean {
  if (policy.effect !== 'sign_in_frequency' || askedAt === undefined) return false;
  return now - askedAt > policy.maxAgeSeconds * 1000;
}

function policyError(policy: Policy): StsError {
  const claims = JSON.stringify({ access_token: { capolids: { essential: true, values: [policy.id] } } });
  switch (policy.effect) {
    case 'block':
      return { code: 53003, claims };
    case 'block_flow':
      return { code: 530036 };
    case 'require_compliant_device':
      return { code: 53000, claims };
    case 'require_mfa':
      return { code: 50076, claims };
    case 'sign_in_frequency':
      return { code: 70043 };
  }
}
