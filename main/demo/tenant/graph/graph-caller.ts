import { createLocalJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';
import type { Clock } from '../clock.ts';
import type { Resource } from '../directory-schema.ts';
import type { Account, LiveDirectory, Tenant } from '../directory.ts';
import { graphRefusal, notFound, type GraphRefusal } from './graph-errors.ts';
import { headerOf, type Incoming } from '../http.ts';
import type { IssueOrder } from '../authority/issue-order.ts';
import type { RefreshTokens } from '../authority/refresh-tokens.ts';
import type { SigningKeys } from '../authority/signing-keys.ts';

/** Who calls Graph, out of the access token. */
export interface Caller {
  tenant: Tenant;
  /** Undefined for an application that acts for itself. */
  account: Account | undefined;
  /** Delegated permissions (scp) or application permissions (roles). */
  permissions: Set<string>;
  /** The same for every token of this caller; binds paging links. */
  key: string;
}

export interface CallerCheckParts {
  graph: Resource;
  authorityOrigin: string;
  clock: Clock;
  directory: LiveDirectory;
  keys: SigningKeys;
  refreshTokens: RefreshTokens;
  order: IssueOrder;
}

/**
 * Checks the bearer token: signature, issuer, audience, times; for clients with the capability cp1 also that the
 * account still stands (continuous access evaluation).
 *
 * @throws GraphRefusal 401, with a claims challenge where a newer token would help.
 */
export async function authenticateCaller(parts: CallerCheckParts, request: Incoming): Promise<Caller> {
  const token = headerOf(request, 'authorization')?.match(/^Bearer\s+(\S+)$/i)?.[1];
  if (token === undefined) throw unauthenticated('Access token is empty.');
  const claims = await verify(parts, token);
  const tenant = parts.directory.tenant(String(claims['tid']));
  if (tenant === undefined || claims.iss !== `${parts.authorityOrigin}/${tenant.id}/v2.0`) {
    throw unauthenticated('Access token validation failure. Invalid issuer.');
  }
  const objectId = String(claims['oid']);
  if (claims['idtyp'] === 'app') {
    const permissions = new Set(Array.isArray(claims['roles']) ? claims['roles'].map(String) : []);
    return { tenant, account: undefined, permissions, key: `${tenant.id} ${objectId}` };
  }
  const user = tenant.users.get(objectId);
  const isCaeClient = Array.isArray(claims['xms_cc']) && claims['xms_cc'].includes('cp1');
  if (isCaeClient) {
    const revocation = user === undefined ? undefined : parts.refreshTokens.revocation({ tenant, user });
    const isRevoked =
      revocation !== undefined && parts.order.of(String(claims['uti'])) <= revocation.position;
    if (user?.accountEnabled !== true || isRevoked)
      throw challenge(parts, revocation?.at ?? parts.clock.now());
  }
  if (user === undefined) throw notFound(objectId);
  const permissions = new Set(String(claims['scp'] ?? '').split(' '));
  return { tenant, account: { tenant, user }, permissions, key: `${tenant.id} ${objectId}` };
}

async function verify(parts: CallerCheckParts, token: string): Promise<JWTPayload> {
  const audience = parts.graph.identifiers.flatMap((identifier) => [identifier, `${identifier}/`]);
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(parts.keys.jwks()), {
      audience,
      algorithms: ['RS256'],
      currentDate: new Date(parts.clock.now()),
      // Graph tolerates five minutes between two clocks.
      clockTolerance: 300,
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired)
      throw unauthenticated('Lifetime validation failed, the token is expired.');
    if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud') {
      throw unauthenticated('Access token validation failure. Invalid audience.');
    }
    throw unauthenticated('The access token is malformed or its signature is wrong.');
  }
}

function unauthenticated(message: string): GraphRefusal {
  return graphRefusal(401, 'InvalidAuthenticationToken', message, { 'www-authenticate': 'Bearer realm=""' });
}

/** The claims challenge of continuous access evaluation: only a token issued after `at` will do. */
function challenge(parts: CallerCheckParts, at: number): GraphRefusal {
  const claims = { access_token: { nbf: { essential: true, value: String(Math.floor(at / 1000)) } } };
  const encoded = Buffer.from(JSON.stringify(claims)).toString('base64');
  const header = [
    'Bearer realm=""',
    `authorization_uri="${parts.authorityOrigin}/common/oauth2/v2.0/authorize"`,
    'error="insufficient_claims"',
    `claims="${encoded}"`,
  ].join(', ');
  const message = 'Continuous access evaluation resulted in challenge.';
  return graphRefusal(401, 'InvalidAuthenticationToken', message, { 'www-authenticate': header });
}
