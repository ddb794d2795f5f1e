import fc from 'fast-check';
import { request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { afterAll, describe, expect, test } from 'vitest';
import { openTenant } from './tenant-client.ts';

const { tenant, client } = await openTenant();
const agent = new Agent({ ca: tenant.caPem, keepAlive: true, maxSockets: 4 });
const accessToken = String((await client.signIn('ada@fabrikam.example')).body['access_token']);

afterAll(() => agent.destroy());

function statusOf(
  origin: string,
  method: string,
  path: string,
  headers: object,
  body: string,
): Promise<number> {
  const { hostname, port, protocol } = new URL(origin);
  const options = { host: hostname, port, method, path, headers: { ...headers } };
  return new Promise((resolve, reject) => {
    const request = protocol === 'https:' ? httpsRequest({ ...options, agent }) : httpRequest(options);
    request.on('response', (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject).end(body);
  });
}

const text = fc.string({ unit: 'binary-ascii', maxLength: 40 }).map((value) => encodeURIComponent(value));
const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS');
const query = fc.dictionary(
  fc.constantFrom(
    'client_id',
    'scope',
    '$top',
    '$filter',
    '$search',
    '$orderby',
    '$select',
    '$count',
    'otc',
    '$skiptoken',
  ),
  fc.oneof(
    text,
    fc.constantFrom('%', '%zz', 'true', '1', "a eq 'b'", '"displayName:x"', 'displayName', '%27'),
  ),
);
const form = fc.dictionary(
  fc.constantFrom(
    'grant_type',
    'client_id',
    'device_code',
    'code',
    'refresh_token',
    'scope',
    'flow',
    'user_code',
    'step',
  ),
  fc.oneof(
    text,
    fc.constantFrom('device_code', 'refresh_token', 'authorization_code', '__proto__', 'User.Read'),
  ),
);
const asQuery = (values: Record<string, string>) =>
  Object.entries(values)
    .map(([name, value]) => `${encodeURIComponent(name)}=${value.replaceAll(' ', '+')}`)
    .join('&');

describe('requests of any shape are answered, never with a fault of the server', () => {
  test('at the authority', async () => {
    const path = fc.oneof(
      fc.constantFrom(
        '/device',
        '/signin',
        '/error',
        '/common/discovery/instance',
        ...['token', 'devicecode', 'authorize'].map((name) => `/${tenant.tenantId}/oauth2/v2.0/${name}`),
      ),
      fc.array(text, { maxLength: 5 }).map((parts) => `/${parts.join('/')}`),
    );
    const type = fc.constantFrom('application/x-www-form-urlencoded', 'application/json', 'nonsense');
    const property = fc.asyncProperty(
      path,
      method,
      query,
      form,
      type,
      async (path, method, query, form, type) => {
        const target = `${path}?${asQuery(query)}`;
        const { origin } = new URL(tenant.authority);
        const status = await statusOf(origin, method, target, { 'content-type': type }, asQuery(form));
        expect(status).toBeLessThan(500);
      },
    );
    await fc.assert(property, { numRuns: 400 });
  });

  test('at Graph, with a good token', async () => {
    const path = fc.oneof(
      fc.constantFrom('/me', '/users', '/groups', '/$batch', '/me/memberOf', '/me/checkMemberGroups'),
      fc.constant('/me/transitiveMemberOf/microsoft.graph.group'),
      fc.array(text, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
    );
    const headers = { authorization: `Bearer ${accessToken}`, consistencylevel: 'eventual' };
    const body = fc.oneof(fc.json({ maxDepth: 3 }), text, fc.constant('{"requests": [{"id": "1"}]}'));
    const property = fc.asyncProperty(path, method, query, body, async (path, method, query, body) => {
      const target = `/v1.0${path}?${asQuery(query)}`;
      expect(await statusOf(tenant.graph, method, target, headers, body)).toBeLessThan(500);
    });
    await fc.assert(property, { numRuns: 400 });
  });

  test('at the control API', async () => {
    const { routes } = (await client.get(tenant.control)).body as unknown as { routes: { path: string }[] };
    const path = fc.constantFrom(...routes.map(({ path }) => path).filter((path) => path !== '/keys/rotate'));
    const property = fc.asyncProperty(path, method, fc.json({ maxDepth: 3 }), async (path, method, body) => {
      const headers = { 'content-type': 'application/json' };
      expect(await statusOf(tenant.control, method, path, headers, body)).toBeLessThan(500);
    });
    await fc.assert(property, { numRuns: 400 });
    tenant.clearFaults();
    expect((await client.graph('/me', accessToken)).status).toBe(200);
  });
});
