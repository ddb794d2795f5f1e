import { isLoopbackName } from '../../../base/loopback.ts';
import type { Tenant } from '../directory.ts';
import type { Application } from '../directory-schema.ts';
import { formOf, type Incoming, type Reply } from '../http.ts';
import type { BrowserSession } from './browser-sessions.ts';
import { parseScopes } from './scopes.ts';
import { proceed, redirectError, resume } from './sign-in-endpoints.ts';
import { errorPage } from './sign-in-pages.ts';
import type { RedirectTarget } from './open-sign-ins.ts';
import { asksForAuthTime, isStsError, resolveApplication, resolveTenant, type Sts } from './sts.ts';
import { signInName } from './token-issuer.ts';

/**
 * Authorization request with PKCE (RFC 6749 section 4.1.1, RFC 7636). What is wrong with the client or its redirect
 * address is shown to the person; everything else goes back to the application.
 */
export function authorizeEndpoint(sts: Sts, request: Incoming, segment: string): Reply {
  const tenant = resolveTenant(sts, segment);
  if (isStsError(tenant)) return errorPage(tenant);
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
    tellsAuthTime: parameters.has('max_age') || asksForAuthTime(parameters.get('claims')),
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
  if (isStsError(scopes)) return redirectError(sts, target, scopes);
  const prompt = parameters.get('prompt');
  const loginHint = parameters.get('login_hint') ?? undefined;
  const mustAsk = prompt === 'login';
  const session = mustAsk ? undefined : silentSession(sts, request, { tenant, loginHint, parameters });
  if (prompt === 'none' && session === undefined) return redirectError(sts, target, { code: 50058 });

  const signIn = sts.signIns.start({
    application,
    tenant,
    scope,
    purpose: { kind: 'authorization_code', target },
    loginHint,
    mustAsk: mustAsk || isTooOld(sts, request, parameters),
    mustConsent: prompt === 'consent',
  });
  if (session !== undefined && prompt !== 'select_account') resume(signIn, session);
  return proceed(sts, signIn);
}

/** The session of the browser, where it may answer for this request without a word (single sign-on). */
function silentSession(
  sts: Sts,
  request: Incoming,
  wanted: { tenant: Tenant | undefined; loginHint: string | undefined; parameters: URLSearchParams },
): BrowserSession | undefined {
  const session = sts.browserSessions.of(request);
  if (session === undefined || isTooOld(sts, request, wanted.parameters)) return undefined;
  const { tenant, user } = session.account;
  if (wanted.tenant !== undefined && wanted.tenant !== tenant) return undefined;
  const isHinted = signInName(sts.directory, user).toLowerCase() === wanted.loginHint?.toLowerCase();
  return wanted.loginHint === undefined || isHinted ? session : undefined;
}

/** Whether the person was asked longer ago than `max_age` allows. */
function isTooOld(sts: Sts, request: Incoming, parameters: URLSearchParams): boolean {
  const maxAge = parameters.get('max_age');
  const askedAt = sts.browserSessions.of(request)?.askedAt;
  return maxAge !== null && askedAt !== undefined && sts.clock.now() - askedAt >= Number(maxAge) * 1000;
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
      isLoopbackName(known.hostname) &&
      known.protocol === asked.protocol &&
      known.hostname === asked.hostname &&
      known.pathname === asked.pathname &&
      asked.search === '' &&
      asked.hash === ''
    );
  });
}
