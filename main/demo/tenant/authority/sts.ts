import type { AuthorizationCodes } from './authorization-codes.ts';
import type { BrowserSessions } from './browser-sessions.ts';
import type { ClientAssertions } from './client-assertion.ts';
import type { Clock } from '../clock.ts';
import type { DeviceCodes } from './device-codes.ts';
import type { Application, Resource } from '../directory-schema.ts';
import type { LiveDirectory, Tenant } from '../directory.ts';
import { headerOf, type Incoming, type Reply } from '../http.ts';
import type { RefreshTokens } from './refresh-tokens.ts';
import type { Consents } from './scopes.ts';
import type { SignIns } from './open-sign-ins.ts';
import type { SigningKeys } from './signing-keys.ts';
import { stsErrorReply, type StsError } from '../sts-errors.ts';
import type { TenantSettings } from '../settings.ts';
import type { TokenIssuer } from './token-issuer.ts';

/** The parts of the security token service, handed to each of its endpoints. */
export interface Sts {
  /** `https://localhost:<port>`, without a slash at the end. */
  origin: string;
  verificationUri: string;
  graph: Resource;
  clock: Clock;
  settings: TenantSettings;
  directory: LiveDirectory;
  consents: Consents;
  keys: SigningKeys;
  issuer: TokenIssuer;
  deviceCodes: DeviceCodes;
  authorizationCodes: AuthorizationCodes;
  refreshTokens: RefreshTokens;
  signIns: SignIns;
  browserSessions: BrowserSessions;
  clientAssertions: ClientAssertions;
}

/** What a fault changes inside a handler. */
export interface Effects {
  /** Added to every time in the answer. */
  skewSeconds: number;
  /** Object id or sign-in name of the user for whom a refresh answers instead of the right one. */
  asUser: string | undefined;
}

export const sharedSegments = ['common', 'organizations'];

/** Answers with an AADSTS body; the client's correlation id is echoed from its header or parameter. */
export function refuse(sts: Sts, request: Incoming, error: StsError): Reply {
  const parameter = request.url.searchParams.get('client-request-id') ?? undefined;
  return stsErrorReply(error, {
    now: sts.clock.now(),
    correlationId: headerOf(request, 'client-request-id') ?? parameter,
    authorityOrigin: sts.origin,
  });
}

/**
 * The tenant of an authority address: undefined for the shared endpoints, an error for a name that is unknown.
 * `consumers` is for personal accounts, of which this server has none.
 */
export function resolveTenant(sts: Sts, segment: string): Tenant | undefined | StsError {
  if (sharedSegments.includes(segment.toLowerCase())) return undefined;
  return sts.directory.tenant(segment) ?? { code: 90002, detail: segment };
}

/** The application that a client id names at a tenant, or at a shared endpoint where the tenant is undefined. */
export function resolveApplication(
  sts: Sts,
  tenant: Tenant | undefined,
  clientId: string,
): Application | StsError {
  if (tenant !== undefined) {
    return sts.directory.application(tenant, clientId) ?? { code: 700016, detail: clientId };
  }
  const everywhere = sts.directory.tenants.flatMap(
    (each) => each.applications.get(clientId.toLowerCase()) ?? [],
  );
  const application = everywhere.find((each) => each.multiTenant) ?? everywhere[0];
  if (application === undefined) return { code: 700016, detail: clientId };
  return application.multiTenant ? application : { code: 50194, detail: clientId };
}

/** Whether the `claims` parameter asks for the time of the sign-in in the id_token (OpenID Connect Core 5.5). */
export function asksForAuthTime(claims: string | null): boolean {
  if (claims === null) return false;
  try {
    const parsed = JSON.parse(claims) as { id_token?: object };
    return Object.hasOwn(parsed.id_token ?? {}, 'auth_time');
  } catch {
    return false;
  }
}

/** Whether the `claims` parameter declares the client capability cp1 (continuous access evaluation). */
export function declaresCae(claims: string | null): boolean {
  if (claims === null) return false;
  try {
    const parsed = JSON.parse(claims) as { access_token?: { xms_cc?: { values?: unknown } } };
    const values = parsed.access_token?.xms_cc?.values;
    return Array.isArray(values) && values.includes('cp1');
  } catch {
    return false;
  }
}

export function isStsError<T extends object>(value: T | StsError | undefined): value is StsError {
  return value !== undefined && 'code' in value && typeof value.code === 'number';
}
