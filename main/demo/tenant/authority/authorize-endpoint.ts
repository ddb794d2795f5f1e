import type { Application } from '../directory-schema.ts';
import { formOf, type Incoming, type Reply } from '../http.ts';
import { parseScopes } from './scopes.ts';
import { proceed, redirectError } from './sign-in-endpoints.ts';
import { errorPage } from './sign-in-pages.ts';
import type { RedirectTarget } from './sign-ins.ts';
import { isStsError, resolveApplication, resolveTenant, type Sts } from './sts.ts';

/**
 * Authorization request with PKCE (RFC 6749 section 4.1.1, RFC 7636). What is wrong with the client or its redirect
 * address is shown to the person; everything else goes back to the application.
 */
export function authorizeEndpoint(sts: Sts, request: Incoming, segment: string): Reply {
  const tenant = resolveTenant(sts, segment);
  if (tenant !== undefined && isStsError(tenant)) return errorPage(tenant);
  const parameters = request.method === 'POST' ? formOf(request) : request.url.searchParams;
  const clientId = parameters.get('client_id');
  if (clientId === null) return errorPage({ code: 900144, detail: 'client_id' });
  const application = resolveApplication(sts, tenant, clientId);
  if (isStsError(application)) return errorPage(application);
  const redirectUri = parameters.get('redirect_uri');
  if (redirectUri === null) return errorPage({ code: 900144, detail: 'redirect_uri' });
  if (!isRegistered(application, redirectUri)) return errorPage({ code: 50011, detail: redirectUri });

  const responseMode = parameters.get('response_mode') ?? 'query';
  const method = parameters.get('code_challenge_method') ?? 'plain';
  const target: RedirectTarget = {
    redirectUri,
    responseMode: responseMode === 'form_post' ? 'form_post' : 'query',
    state: parameters.get('state') ?? undefined,
    nonce: parameters.get('nonce') ?? undefined,
    codeChallenge: parameters.get('code_challenge') ?? undefined,
    codeChallengeMethod: method === 'S256' ? 'S256' : 'plain',
  };
  if (!['query', 'form_post'].includes(responseMode))
    return redirectError(sts, target, { code: 90014, detail: 'response_mode' });
  if (!['S256', 'plain'].includes(method)) {
    return redirectError(sts, target, { code: 90014, detail: 'code_challenge_method' });
  }
  if (parameters.get('response_type') !== 'code') {
    return redirectError(sts, target, { code: 90014, detail: 'response_type' });
  }
  const scope = parameters.get('scope');
  if (scope === null) return redirectError(sts, target, { code: 900144, detail: 'scope' });
  const firstTenant = tenant ?? sts.directory.tenants[0];
  const scopes = firstTenant === undefined ? undefined : parseScopes(scope, firstTenant, sts.graph);
  if (scopes !== undefined && isStsError(scopes)) return redirectError(sts, target, scopes);
  const prompt = parameters.get('prompt');
  // There are no browser sessions here, so nobody is ever signed in silently.
  if (prompt === 'none') return redirectError(sts, target, { code: 50058 });

  const signIn = sts.signIns.start({
    application,
    tenant,
    scope,
    purpose: { kind: 'authorization_code', target },
    loginHint: parameters.get('login_hint') ?? undefined,
    mustConsent: prompt === 'consent',
  });
  return proceed(sts, signIn);
}

/** Exact comparison, but any port at a loopback address (RFC 8252 section 7.3). */
function isRegistered(application: Application, redirectUri: string): boolean {
  if (application.webRedirectUris.includes(redirectUri)) return true;
  if (!URL.canParse(redirectUri)) return false;
  const asked = new URL(redirectUri);
  return application.redirectUris.some((uri) => {
    if (uri === redirectUri) return true;
    const known = URL.canParse(uri) ? new URL(uri) : undefined;
    return (
      known?.protocol === 'http:' &&
      ['localhost', '127.0.0.1', '[::1]'].includes(known.hostname) &&
      known.protocol === asked.protocol &&
      known.hostname === asked.hostname &&
      known.pathname === asked.pathname &&
      asked.search === '' &&
      asked.hash === ''
    );
  });
}
