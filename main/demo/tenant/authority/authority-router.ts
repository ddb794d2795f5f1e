import { authorizeEndpoint } from './authorize-endpoint.ts';
import { deviceCodeEndpoint } from './device-code-endpoint.ts';
import { instanceDiscovery, openIdConfiguration } from './discovery.ts';
import type { ErrorWriter } from '../fault-injection.ts';
import type { EndpointKind } from '../faults.ts';
import { html, pageReply } from './html.ts';
import { decoded, formOf, jsonReply, type Incoming, type Reply } from '../http.ts';
import type { Route } from '../request-handler.ts';
import type { SignInEndpoints } from './sign-in-endpoints.ts';
import { errorPage } from './sign-in-pages.ts';
import { isStsErrorCode } from '../sts-errors.ts';
import { isStsError, refuse, resolveTenant, type Effects, type Sts } from './sts.ts';
import { tokenEndpoint } from './token-endpoint.ts';

type Answer = Promise<Reply> | Reply;
type TenantHandler = (sts: Sts, request: Incoming, segment: string, effects: Effects) => Answer;

/** Below the name of a tenant. */
const tenantRoutes: [suffix: string, methods: string[], endpoint: EndpointKind, handler: TenantHandler][] = [
  ['/v2.0/.well-known/openid-configuration', ['GET'], 'discovery', openIdConfiguration],
  ['/discovery/v2.0/keys', ['GET'], 'keys', keys],
  ['/oauth2/v2.0/devicecode', ['POST'], 'devicecode', deviceCodeEndpoint],
  ['/oauth2/v2.0/token', ['GET', 'POST'], 'token', tokenEndpoint],
  ['/oauth2/v2.0/authorize', ['GET', 'POST'], 'authorize', authorizeEndpoint],
  ['/oauth2/v2.0/logout', ['GET'], 'authorize', signedOutPage],
];

/** The authority's table of routes. */
export function createAuthorityRouter(sts: Sts, signIn: SignInEndpoints): (request: Incoming) => Route {
  const exactRoutes: Record<
    string,
    [methods: string[], endpoint: EndpointKind, handler: (request: Incoming) => Answer]
  > = {
    '/common/discovery/instance': [['GET'], 'discovery', (request) => instanceDiscovery(sts, request)],
    '/device': [['GET', 'POST'], 'verification', (request) => signIn.device(request)],
    '/signin': [['POST'], 'verification', (request) => signIn.step(request)],
    '/error': [['GET'], 'other', explainError],
  };

  return (request) => {
    const path = request.url.pathname;
    const exact = exactRoutes[path];
    if (exact !== undefined) {
      const [methods, endpoint, handler] = exact;
      const handle = () => allow(methods, request) ?? handler(request);
      return { endpoint, tenantId: undefined, handle };
    }
    const [, name = '', ...rest] = path.split('/');
    const found = tenantRoutes.find(([suffix]) => suffix === `/${rest.join('/')}`);
    if (found === undefined) return { endpoint: 'other', tenantId: undefined, handle: notFound };
    const [, methods, endpoint, handler] = found;
    const segment = decoded(name);
    return {
      endpoint,
      tenantId: sts.directory.tenant(segment)?.id,
      handle: (effects) => allow(methods, request) ?? handler(sts, request, segment, effects),
    };
  };
}

function allow(methods: string[], request: Incoming): Reply | undefined {
  if (methods.includes(request.method)) return undefined;
  return jsonReply(405, { error: 'invalid_request' }, { allow: methods.join(', ') });
}

function keys(sts: Sts, request: Incoming, segment: string): Reply {
  const tenant = resolveTenant(sts, segment);
  if (isStsError(tenant)) return refuse(sts, request, tenant);
  return jsonReply(200, sts.keys.jwks());
}

function explainError(request: Incoming): Reply {
  const code = Number(formOf(request).get('code') ?? request.url.searchParams.get('code'));
  return isStsErrorCode(code) ? errorPage({ code, detail: '…' }, 200) : notFound();
}

function signedOutPage(sts: Sts, request: Incoming): Reply {
  const reply = pageReply('You are signed out', html`<p>You can close this window.</p>`);
  return { ...reply, headers: { ...reply.headers, ...sts.browserSessions.end(request) } };
}

/** How the authority writes the errors that faults ask for. */
export function createStsErrorWriter(sts: Sts, request: Incoming): ErrorWriter {
  return {
    sts: (error) => refuse(sts, request, error),
    graph: () => refuse(sts, request, { code: 90033 }),
    unavailable: (status) => ({ ...refuse(sts, request, { code: 90033 }), status }),
  };
}

function notFound(): Reply {
  return pageReply('Not found', html`<p>There is no page at this address.</p>`, { status: 404 });
}
