import { createHash, randomBytes, randomInt } from 'node:crypto';
import { defined } from '../../../base/defined.ts';
import type { Clock } from '../clock.ts';
import type { Application, User } from '../directory-schema.ts';
import type { LiveDirectory, Tenant } from '../directory.ts';
import type { IssueOrder } from './issue-order.ts';
import type { ScopeRequest } from './scopes.ts';
import type { TenantSettings } from '../settings.ts';
import type { SigningKeys } from './signing-keys.ts';

export interface UserTokenRequest {
  tenant: Tenant;
  user: User;
  application: Application;
  scopes: ScopeRequest;
  /** Delegated permissions that the access token carries. */
  permissions: string[];
  mfaDone: boolean;
  /** The client declared the capability cp1: it can handle claims challenges. */
  isCaeClient: boolean;
  nonce?: string | undefined;
  /** Milliseconds; goes into the id_token as auth_time. */
  askedAt?: number | undefined;
  /** Seconds added to every time in the tokens. */
  skewSeconds: number;
  /** The client asked for client_info. */
  wantsClientInfo: boolean;
  /** Goes into the answer where offline_access was asked for. */
  refreshToken: string | undefined;
}

export interface TokenIssuer {
  /** The answer of the token endpoint for a user: access token, id token, client_info (OpenID Connect Core 3.1.3.3). */
  forUser(request: UserTokenRequest): Promise<Record<string, unknown>>;
  /** The answer for client credentials: an access token with the application's roles and nothing else. */
  forApplication(
    tenant: Tenant,
    application: Application,
    audience: string,
    skewSeconds: number,
  ): Promise<Record<string, unknown>>;
}

export function createTokenIssuer(
  keys: SigningKeys,
  clock: Clock,
  settings: TenantSettings,
  directory: LiveDirectory,
  order: IssueOrder,
  issuerOf: (tenant: Tenant) => string,
): TokenIssuer {
  const times = (skewSeconds: number) => {
    const issuedAt = Math.floor(clock.now() / 1000) + skewSeconds;
    const { minimum, maximum } = settings.accessTokenSeconds;
    const lifetime = randomInt(minimum, maximum + 1);
    return { lifetime, claims: { iat: issuedAt, nbf: issuedAt, exp: issuedAt + lifetime } };
  };
  const common = (tenant: Tenant) => ({
    iss: issuerOf(tenant),
    tid: tenant.id,
    uti: order.next(),
    ver: '2.0',
  });
  return {
    forUser: async (request) => {
      const { tenant, user, application, scopes, permissions } = request;
      const { lifetime, claims } = times(request.skewSeconds);
      const home = homeOf(tenant, user);
      const homeTenant = directory.tenant(home.tenantId);
      const subject = pairwiseSubject(tenant, user, application.clientId);
      const person = {
        name: user.displayName,
        oid: user.id,
        preferred_username: signInName(directory, user),
      };
      const guest = homeTenant === undefined || homeTenant === tenant ? {} : { idp: issuerOf(homeTenant) };
      const accessToken = await keys.sign({
        aud: scopes.audience,
        ...common(tenant),
        ...claims,
        ...person,
        ...guest,
        sub: pairwiseSubject(tenant, user, scopes.resource.identifiers[0] ?? scopes.audience),
        azp: application.clientId,
        azpacr: '0',
        idtyp: 'user',
        scp: permissions.join(' '),
        amr: request.mfaDone ? ['pwd', 'mfa'] : ['pwd'],
        ...(request.isCaeClient ? { xms_cc: ['cp1'] } : {}),
      });
      const { askedAt, skewSeconds } = request;
      const authTime = askedAt === undefined ? undefined : Math.floor(askedAt / 1000) + skewSeconds;
      const idToken = await keys.sign({
        aud: application.clientId,
        ...common(tenant),
        ...claims,
        ...person,
        ...guest,
        sub: subject,
        ...(scopes.oidc.has('email') && user.mail !== undefined ? { email: user.mail } : {}),
        ...defined({ nonce: request.nonce, auth_time: authTime }),
      });
      const clientInfo = Buffer.from(JSON.stringify({ uid: home.userId, utid: home.tenantId })).toString(
        'base64url',
      );
      return {
        token_type: 'Bearer',
        scope: grantedScope(scopes, permissions),
        expires_in: lifetime,
        ext_expires_in: lifetime,
        access_token: accessToken,
        ...(scopes.oidc.has('offline_access') ? { refresh_token: request.refreshToken } : {}),
        ...(scopes.oidc.has('openid') ? { id_token: idToken } : {}),
        ...(request.wantsClientInfo ? { client_info: clientInfo } : {}),
      };
    },
    forApplication: async (tenant, application, audience, skewSeconds) => {
      const { lifetime, claims } = times(skewSeconds);
      const principal = servicePrincipalId(tenant, application);
      const accessToken = await keys.sign({
        aud: audience,
        ...common(tenant),
        ...claims,
        azp: application.clientId,
        azpacr: '1',
        idtyp: 'app',
        oid: principal,
        sub: principal,
        roles: application.applicationPermissions,
      });
      return {
        token_type: 'Bearer',
        expires_in: lifetime,
        ext_expires_in: lifetime,
        access_token: accessToken,
      };
    },
  };
}

/** The name a person types to sign in; a guest's is the one of the home tenant. */
export function signInName(directory: LiveDirectory, user: User): string {
  const home = user.home === undefined ? undefined : directory.account(user.home.userId);
  return home?.user.userPrincipalName ?? user.userPrincipalName;
}

function homeOf(tenant: Tenant, user: User): { tenantId: string; userId: string } {
  return user.home ?? { tenantId: tenant.id, userId: user.id };
}

/** A subject that two applications cannot compare (OpenID Connect Core section 8.1). */
function pairwiseSubject(tenant: Tenant, user: User, audience: string): string {
  return createHash('sha256').update(`${tenant.id} ${user.id} ${audience}`).digest('base64url');
}

/** The same GUID for the same application and tenant. */
function servicePrincipalId(tenant: Tenant, application: Application): string {
  const hex = createHash('sha256').update(`${tenant.id} ${application.clientId}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The answer's scope parameter: every permission granted for the resource, written as the client wrote its own. */
function grantedScope(scopes: ScopeRequest, permissions: string[]): string {
  const prefix = scopes.prefixed ? `${scopes.audience}/` : '';
  const oidc = [...scopes.oidc].filter((scope) => scope !== 'offline_access');
  const asked = scopes.isDefault ? [`${prefix}.default`] : [];
  return [...oidc, ...permissions.map((permission) => `${prefix}${permission}`), ...asked].join(' ');
}

/** An opaque value for device codes, authorization codes and refresh tokens: 256 random bits. */
export function opaqueToken(prefix: string): string {
  return `${prefix}.${randomBytes(32).toString('base64url')}`;
}
