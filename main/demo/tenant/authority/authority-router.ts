import { authorizeEndpoint } from './authorize-endpoint.ts';
import { deviceCodeEndpoint } from './device-code-endpoint.ts';
import { instanceDiscovery, openIdConfiguration } from './discovery.ts';
import type { ErrorWriter } from '../fault-injection.ts';
import type { EndpointKind } from '../faults.ts';
import { html, pageReply } from './html.ts';
import { formOf, jsonReply, type Incoming, type Reply } from '../http.ts';
import type { Route } from '../request-handler.ts';
import type { SignInEndpoints } from './sign-in-endpoints.ts';
import { errorPage } from './sign-in-pages.ts';
import { isStsErrorCode } from '../sts-errors.ts';
import { isStsError, refuse, resolveTenant, type Effects, type Sts } from './sts.ts';
import { tokenEndpoint } from './token-endpoint.ts';

type Handler = (request: Incoming, effects: Effects) => Promise<Reply> | Reply;
type TenantHandler = (request: Incoming, segment: string, effects: Effects) => Promise<Reply> | Reply;

/** The authority's table of routes. */
export function createAuthorityRouter(sts: Sts, signIn: SignInEndpoints): (request: Incoming) => Route {
  const tenantRoutes: [suffix: string, methods: string[], endpoint: EndpointKind, handler: TenantHandler][] =
    [
      [
        '/v2.0/.well-known/openid-configuration',
        ['GET'],
        'discovery',
        (request, segment) => openIdConfiguration(sts, request, segment),
      ],
      ['/discovery/v2.0/keys', ['GET'], 'keys', (request, segment) => keys(sts, request, segment)],
      [
        '/oauth2/v2.0/devicecode',
        ['POST'],
        'devicecode',
        (request, segment) => deviceCodeEndpoint(sts, request, segment),
      ],
      [
        '/oauth2/v2.0/token',
        ['GET', 'POST'],
        'token',
        (request, segment, effects) => tokenEndpoint(sts, request, segment, effects),
      ],
      [
        '/oauth2/v2.0/authorize',
        ['GET', 'POST'],
        'authorize',
        (request, segment) => authorizeEndpoint(sts, request, segment),
      ],
      ['/oauth2/v2.0/logout', ['GET'], 'authorize', () => signedOutPage()],
    ];
  const exactRoutes: Record<string, [methods: string[], endpoint: EndpointKind, handler: Handler]> = {
    '/common/discovery/instance': [['GET'], 'discovery', (request) => instanceDiscovery(sts, request)],
    '/device': [['GET', 'POST'], 'verification', (request) => signIn.device(request)],
    '/signin': [['POST'], 'verification', (request) => signIn.step(request)],
    '/error': [['GET'], 'other', (request) => explainError(request)],
  };

  return (request) => {
    const path = request.url.pathname;
    const exact = exactRoutes[path];
    if (exact !== undefined) {
      const [methods, endpoint, handler] = exact;
      const handle = (effects: Effects) => allow(methods, request) ?? handler(request, effects);
      return { endpoint, tenantId: undefined, handle };
    }
    const [, name = '', ...rest] = path.split('/');
    const found = tenantRoutes.find(([suffix]) => suffix === `/${rest.join('/')}`);
    if (found === undefined) return { endpoint: 'other', tenantId: undefined, handle: notFound };
    const [, methods, endpoint, handler] = found;
    const segment = decodeSegment(name);
    return {
      endpoint,
      tenantId: sts.directory.tenant(segment)?.id,
      handle: (effects) => allow(methods, request) ?? handler(request, segment, effects),
    };
  };
}

function allow(methods: string[], request: Incoming): Reply | undefined {
  if (methods.includes(request.method)) return undefined;
  return jsonReply(405, { error: 'invalid_request' }, { allow: methods.join(', ') });
}

function keys(sts: Sts, request: Incoming, segment: string): Reply {
  const tenant = resolveTenant(sts, segment);
  if (tenant !== undefined && isStsError(tenant)) return refuse(sts, request, tenant);
  return jsonReply(200, sts.keys.jwks());
}

function explainError(request: Incoming): Reply {
  const code = Number(formOf(request).get('code') ?? request.url.searchParams.get('code'));
  return isStsErrorCode(code) ? errorPage({ code, detail: '…' }, 200) : notFound();
}

function signedOutPage(): Reply {
  return pageReply('You are signed out', html`<p>You can close this window.</p>`);
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

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
