import { jsonReply, type Incoming, type Reply } from '../http.ts';
import { isStsError, refuse, resolveTenant, type Sts } from './sts.ts';

/**
 * The metadata document of an authority (OpenID Connect Discovery 1.0). A domain is answered with the addresses of its
 * GUID, `common` and `organizations` with an issuer that has `{tenantid}` in the tenant's place.
 */
export function openIdConfiguration(sts: Sts, request: Incoming, segment: string): Reply {
  const tenant = resolveTenant(sts, segment);
  if (isStsError(tenant)) return refuse(sts, request, tenant);
  const name = tenant?.id ?? segment.toLowerCase();
  const base = `${sts.origin}/${name}`;
  return jsonReply(200, {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256', 'PS256'],
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: `${sts.origin}/${tenant?.id ?? '{tenantid}'}/v2.0`,
    request_uri_parameter_supported: false,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    claims_supported: [
      'sub',
      'iss',
      'aud',
      'exp',
      'iat',
      'nonce',
      'preferred_username',
      'name',
      'tid',
      'ver',
      'email',
    ],
    code_challenge_methods_supported: ['S256', 'plain'],
    tenant_region_scope: null,
    cloud_instance_name: new URL(sts.origin).host,
    msgraph_host: new URL(sts.graph.identifiers.at(-1) ?? '').host,
  });
}

/** Which host names mean this cloud: only this server's own. */
export function instanceDiscovery(sts: Sts, request: Incoming): Reply {
  const endpoint = request.url.searchParams.get('authorization_endpoint');
  if (endpoint === null) return refuse(sts, request, { code: 900144, detail: 'authorization_endpoint' });
  const segment = URL.canParse(endpoint) ? new URL(endpoint).pathname.split('/')[1] : undefined;
  const tenant = segment === undefined ? undefined : resolveTenant(sts, segment);
  if (isStsError(tenant)) return refuse(sts, request, tenant);
  const { host } = new URL(sts.origin);
  return jsonReply(200, {
    tenant_discovery_endpoint: `${sts.origin}/${segment ?? 'common'}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  });
}
