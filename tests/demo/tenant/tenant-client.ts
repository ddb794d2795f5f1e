import { PublicClientApplication, type INetworkModule } from '@azure/msal-node';
import { Agent, request } from 'undici';
import { afterAll } from 'vitest';
import { startLocalTenant, type LocalTenant } from '../../../main/demo/tenant/local-tenant.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** Parsed JSON, or the text where it is none. */
  body: Body;
}

/** Any JSON object; tests look into it field by field. */
export type Body = Record<string, unknown> & { value?: Record<string, unknown>[] };

/** A plain OAuth and Graph client over TLS that trusts the tenant's authority and nothing else. */
export interface TenantClient {
  get(url: string, headers?: Record<string, string>): Promise<Answer>;
  post(url: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Answer>;
  postJson(url: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Asks for a device code. */
  deviceCode(scope?: string, fields?: Record<string, string>): Promise<Record<string, string>>;
  /** One poll with a device code. */
  poll(deviceCode: string, fields?: Record<string, string>): Promise<Answer>;
  /** A whole device sign-in; resolves to the token answer. */
  signIn(user: string, scope?: string, fields?: Record<string, string>): Promise<Answer>;
  refresh(refreshToken: unknown, fields?: Record<string, string>): Promise<Answer>;
  /** GET on Graph with an access token. */
  graph(path: string, accessToken: unknown, headers?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

export const defaultScope = 'openid profile offline_access User.Read GroupMember.Read.All';
export const eventual = { consistencylevel: 'eventual' };
/** The claims parameter of a client that can handle claims challenges. */
export const caeClaims = JSON.stringify({ access_token: { xms_cc: { values: ['cp1'] } } });

export function createTenantClient(tenant: LocalTenant, authority: string = tenant.authority): TenantClient {
  const dispatcher = new Agent({ connect: { ca: tenant.caPem }, headersTimeout: 5000 });
  const send = async (url: string, options: object): Promise<Answer> => {
    const response = await request(url, { dispatcher, ...options });
    const text = await response.body.text();
    return { status: response.statusCode, headers: response.headers, body: parse(text) };
  };
  const client: TenantClient = {
    get: (url, headers = {}) => send(url, { headers }),
    post: (url, fields, headers = {}) =>
      send(url, {
        method: 'POST',
        body: new URLSearchParams(fields).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      }),
    postJson: (url, body, headers = {}) =>
      send(url, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    deviceCode: async (scope = defaultScope, fields = {}) => {
      const url = `${authority}/oauth2/v2.0/devicecode`;
      const answer = await client.post(url, { client_id: tenant.clientId, scope, ...fields });
      return answer.body as Record<string, string>;
    },
    poll: (deviceCode, fields = {}) =>
      client.post(`${authority}/oauth2/v2.0/token`, {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        client_id: tenant.clientId,
        device_code: deviceCode,
        client_info: '1',
        ...fields,
      }),
    signIn: async (user, scope, fields) => {
      const code = await client.deviceCode(scope, fields);
      const completion = tenant.complete({ userCode: code['user_code'] ?? '', user });
      if (completion.result !== 'approved') throw new Error(JSON.stringify(completion));
      return client.poll(code['device_code'] ?? '', fields);
    },
    refresh: (refreshToken, fields = {}) =>
      client.post(`${authority}/oauth2/v2.0/token`, {
        grant_type: 'refresh_token',
        client_id: tenant.clientId,
        refresh_token: String(refreshToken),
        scope: defaultScope,
        ...fields,
      }),
    graph: (path, accessToken, headers = {}) =>
      client.get(path.startsWith('https:') ? path : `${tenant.graph}/v1.0${path}`, {
        authorization: `Bearer ${String(accessToken)}`,
        ...headers,
      }),
    close: () => dispatcher.close(),
  };
  return client;
}

/** A network module for the real MSAL: plain https, no retries, no repairs. */
export function plainNetworkModule(caPem: string): INetworkModule & { close(): Promise<void> } {
  const dispatcher = new Agent({ connect: { ca: caPem } });
  const send = async <T>(
    method: 'GET' | 'POST',
    url: string,
    options?: { headers?: Record<string, string>; body?: string },
  ) => {
    const { headers = {}, body = null } = options ?? {};
    const response = await request(url, { dispatcher, method, headers, body });
    const names = Object.entries(response.headers).map(([name, value]) => [name, String(value)] as const);
    return {
      status: response.statusCode,
      headers: Object.fromEntries(names),
      body: (await response.body.json()) as T,
    };
  };
  return {
    sendGetRequestAsync: (url, options) => send('GET', url, options),
    sendPostRequestAsync: (url, options) => send('POST', url, options),
    close: () => dispatcher.close(),
  };
}

/** MSAL as an application would set it up for this tenant. */
export function createMsal(
  tenant: LocalTenant,
  networkClient: INetworkModule,
  options: { authority?: string; clientId?: string; clientCapabilities?: string[] } = {},
): PublicClientApplication {
  const authority = options.authority ?? tenant.authority;
  return new PublicClientApplication({
    auth: {
      clientId: options.clientId ?? tenant.clientId,
      authority,
      knownAuthorities: [new URL(authority).host],
      ...(options.clientCapabilities === undefined ? {} : { clientCapabilities: options.clientCapabilities }),
    },
    system: { networkClient },
  });
}

/** The claims of a JWT, not verified. */
export function claimsOf(token: unknown): Record<string, unknown> {
  const payload = String(token).split('.')[1] ?? '';
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
}

function parse(text: string): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return { text };
  }
}

/** A tenant of the test file, until its last test, and a client of it. */
export async function openTenant(
  options?: Parameters<typeof startLocalTenant>[0],
): Promise<{ tenant: LocalTenant; client: TenantClient }> {
  const tenant = await startLocalTenant(options);
  const client = createTenantClient(tenant);
  afterAll(async () => {
    await client.close();
    await tenant.close();
  });
  return { tenant, client };
}
