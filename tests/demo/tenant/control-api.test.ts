import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { LocalTenant } from '../../../main/demo/tenant/local-tenant.ts';
import { fabrikam, samplePassword } from '../../../main/demo/tenant/organisation.ts';
import { enterCode } from '../../support/verification-page.ts';
import { openTenant } from './tenant-client.ts';

const { tenant, client } = await openTenant();

interface RawAnswer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

/** A request with any headers, as a browser under an attacker's control would send it. */
function raw(method: string, path: string, headers: Record<string, string>, body = ''): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(tenant.control);
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

const call = (path: string, input: unknown) => client.postJson(`${tenant.control}${path}`, input);
const json = { 'content-type': 'application/json' };

describe('guard', () => {
  const reset = { method: 'POST', path: '/clock/shift', body: '{"seconds": 3600}' };
  const host = () => new URL(tenant.control).host;
  const now = () => Date.parse(tenant.clock().now);

  test.each([
    ['another host name', 421, () => ({ ...json, host: 'attacker.example' })],
    ['another port', 421, () => ({ ...json, host: '127.0.0.1:1' })],
    [
      'a rebound name with our port',
      421,
      () => ({ ...json, host: `attacker.example:${new URL(tenant.control).port}` }),
    ],
    ['a foreign origin', 403, () => ({ ...json, host: host(), origin: 'https://attacker.example' })],
    ['the origin null', 403, () => ({ ...json, host: host(), origin: 'null' })],
    ['a request from another site', 403, () => ({ ...json, host: host(), 'sec-fetch-site': 'cross-site' })],
    ['a form', 415, () => ({ host: host(), 'content-type': 'application/x-www-form-urlencoded' })],
    ['plain text', 415, () => ({ host: host(), 'content-type': 'text/plain' })],
    ['no content type', 415, () => ({ host: host() })],
  ])('%s is refused with %i and changes nothing', async (_, status, headers) => {
    const before = now();
    const answer = await raw(reset.method, reset.path, headers() as Record<string, string>, reset.body);
    expect(answer.status).toBe(status);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    expect(now() - before).toBeLessThan(60_000);
  });

  test('the request log is not readable from a web page either', async () => {
    const answer = await raw('GET', '/requests', { host: host(), origin: 'http://localhost:3000' });
    expect(answer.status).toBe(403);
  });

  test('a preflight is not granted', async () => {
    const headers = {
      host: host(),
      origin: 'https://attacker.example',
      'access-control-request-method': 'POST',
    };
    const answer = await raw('OPTIONS', '/faults', headers);
    expect(answer.status).toBe(403);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('the three loopback names serve', async () => {
    const { port } = new URL(tenant.control);
    for (const name of ['127.0.0.1', 'localhost', '[::1]']) {
      expect((await raw('GET', '/clock', { host: `${name}:${port}` })).status).toBe(200);
    }
  });
});

describe('errors', () => {
  test('unknown route, wrong method, wrong input, unknown thing, no JSON', async () => {
    expect((await client.get(`${tenant.control}/nothing`)).status).toBe(404);
    expect((await client.get(`${tenant.control}/users/revoke`)).status).toBe(405);
    const wrong = await call('/clock/shift', { seconds: 'many', more: 1 });
    expect(wrong.status).toBe(400);
    expect(wrong.body['error']).toMatch(/seconds/);
    expect(wrong.body['error']).toMatch(/more/);
    const unknown = await call('/users/revoke', { user: 'nobody@fabrikam.example' });
    expect(unknown).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining('nobody') as string },
    });
    const noJson = await raw('POST', '/users/revoke', { ...json, host: new URL(tenant.control).host }, '{');
    expect(noJson.status).toBe(400);
  });
});

describe('operations', () => {
  test('GET / lists every route with a summary and the schema of its input', async () => {
    const { body } = await client.get(tenant.control);
    const routes = body['routes'] as {
      name: string;
      method: string;
      path: string;
      summary: string;
      input: object;
    }[];
    const methods = Object.keys(tenant).filter(
      (name) => typeof tenant[name as keyof LocalTenant] === 'function',
    );
    expect(routes.map(({ name }) => name).toSorted()).toEqual(
      methods.filter((name) => name !== 'close').toSorted(),
    );
    for (const route of routes) {
      expect(route.summary).toMatch(/\.$/);
      expect(route.input).toHaveProperty('$schema');
    }
    expect(new Set(routes.map(({ method, path }) => `${method} ${path}`)).size).toBe(routes.length);
  });

  test('the table of routes in the source is complete', async () => {
    const file = new URL('../../../main/demo/tenant/control/control-api.ts', import.meta.url);
    const rows = [...readFileSync(file, 'utf8').matchAll(/^ \* (GET|POST) +(\S+) +(\w+)$/gm)];
    const { body } = await client.get(tenant.control);
    const routes = body['routes'] as { name: string; method: string; path: string }[];
    expect(rows.map(([, ...row]) => row)).toEqual(
      routes.map(({ method, path, name }) => [method, path, name]),
    );
  });

  test('a code is completed, declined and expired over HTTP', async () => {
    const states: unknown[] = [];
    for (const [path, more] of [
      ['/device-codes/complete', { user: 'ada@fabrikam.example' }],
      ['/device-codes/decline', {}],
      ['/device-codes/expire', {}],
    ] as const) {
      const code = await client.deviceCode();
      expect((await call(path, { userCode: code['user_code'], ...more })).status).toBe(200);
      states.push((await client.poll(code['device_code'] ?? '')).body['error'] ?? 'tokens');
    }
    expect(states).toEqual(['tokens', 'authorization_declined', 'expired_token']);
  });

  test('a person can stop at the second factor or at consent', async () => {
    const code = await client.deviceCode('openid User.Read Mail.Read');
    const userCode = code['user_code'];
    const complete = async (more: object) =>
      (await call('/device-codes/complete', { userCode, ...more })).body;
    expect(await complete({ user: 'bruno@fabrikam.example', mfa: false })).toEqual({
      result: 'left_open',
      step: 'mfa',
    });
    expect(await complete({ user: 'chiara@fabrikam.example', consent: false })).toEqual({
      result: 'left_open',
      step: 'consent',
    });
    expect(await complete({ user: 'esther@fabrikam.example' })).toMatchObject({
      result: 'not_signed_in',
      error: 50057,
    });
    expect(await complete({ user: 'chiara@fabrikam.example' })).toEqual({ result: 'approved' });
  });

  test('a refusal ends the waiting code', async () => {
    const { body } = await call('/policies', {
      policy: { displayName: 'No device codes', effect: 'block_flow' },
    });
    const code = await client.deviceCode();
    const completion = await call('/device-codes/complete', {
      userCode: code['user_code'],
      user: fabrikam.users.ada,
    });
    const polled = await client.poll(code['device_code'] ?? '');
    await call('/policies/delete', { policyId: body['id'] });
    expect(completion.body).toMatchObject({ result: 'refused', error: 530036 });
    expect(polled.body['error_codes']).toEqual([530036]);
  });

  test('users, groups and memberships are changed over HTTP', async () => {
    const user = { userPrincipalName: 'yara@fabrikam.example', displayName: 'Yara' };
    const { id } = (await call('/users', { user })).body;
    const group = (await call('/groups', { group: { displayName: 'Yoga', members: [id] } })).body;
    const outer = (await call('/groups', { group: { displayName: 'Sports' } })).body;
    await call('/groups/add-member', { groupId: outer['id'], memberId: group['id'] });
    const token = (await client.signIn('yara@fabrikam.example')).body['access_token'];
    const names = async () =>
      (await client.graph('/me/transitiveMemberOf', token)).body.value?.map((each) => each['displayName']);
    expect(await names()).toEqual(['Yoga', 'Sports']);
    await call('/groups/remove-member', { groupId: outer['id'], memberId: group['id'] });
    expect(await names()).toEqual(['Yoga']);
    await call('/groups/delete', { groupId: group['id'] });
    expect(await names()).toEqual([]);
    expect((await call('/users', { user })).status).toBe(400);
    await call('/users/delete', { user: id });
    expect((await call('/users/revoke', { user: id })).status).toBe(404);
    const stray = await call('/groups/add-member', { groupId: outer['id'], memberId: id });
    expect(stray.status).toBe(404);
  });

  test('the directory is shown without passwords and secrets', async () => {
    const answer = await client.get(`${tenant.control}/directory`);
    const text = JSON.stringify(answer.body);
    expect(text).toContain('ada@fabrikam.example');
    expect(text).not.toContain(samplePassword);
    expect(text).not.toContain('sample-application-secret');
  });

  test('an application loses its consent', async () => {
    const { clientId } = tenant.putApplication({
      application: { displayName: 'App', consentedScopes: ['User.Read'] },
    });
    const first = await client.signIn('ada@fabrikam.example', 'User.Read offline_access', {
      client_id: clientId,
    });
    await call('/applications/revoke-consent', { clientId });
    const answer = await client.refresh(first.body['refresh_token'], {
      client_id: clientId,
      scope: 'User.Read',
    });
    expect(answer.body['error_codes']).toEqual([65001]);
  });

  test('a change of settings or of an application leaves the rest alone', async () => {
    const before = tenant.settings();
    await call('/settings', { intervalSeconds: 2 });
    expect(tenant.settings()).toEqual({ ...before, intervalSeconds: 2 });
    await call('/settings', { intervalSeconds: before.intervalSeconds });
    await call('/applications/update', { clientId: tenant.clientId, change: { publicClientFlows: true } });
    expect(JSON.stringify(tenant.directory())).toContain('"applicationPermissions":["GroupMember.Read.All"');
  });
});

describe('request log', () => {
  test('says what happened and holds no secret of a whole sign-in', async () => {
    tenant.clearRequests();
    const code = await client.deviceCode();
    await client.poll(code['device_code'] ?? '');
    await enterCode(tenant.verificationUri, tenant.caPem, code['user_code'] ?? '', 'ada@fabrikam.example');
    const { body } = await client.poll(code['device_code'] ?? '');
    await client.graph('/me/memberOf?$top=1', body['access_token']);
    const refreshed = await client.refresh(body['refresh_token']);
    await client.post(`${tenant.authority}/oauth2/v2.0/token`, {
      grant_type: 'client_credentials',
      client_id: tenant.clientId,
      client_secret: 'sample-application-secret',
      scope: `${tenant.graph}/.default`,
    });
    const entries = (await client.get(`${tenant.control}/requests`)).body as unknown as Record<
      string,
      unknown
    >[];
    const lines = entries.map(({ endpoint, method, status, error }) => [endpoint, method, status, error]);
    expect(lines.slice(0, 3)).toEqual([
      ['devicecode', 'POST', 200, undefined],
      ['token', 'POST', 400, 70016],
      ['verification', 'GET', 200, undefined],
    ]);
    expect(lines.slice(-4)).toEqual([
      ['token', 'POST', 200, undefined],
      ['graph', 'GET', 200, undefined],
      ['token', 'POST', 200, undefined],
      ['token', 'POST', 200, undefined],
    ]);
    expect(entries.at(-1)).toMatchObject({
      fields: ['grant_type', 'client_id', 'client_secret', 'scope'],
      values: { grant_type: 'client_credentials', client_id: tenant.clientId },
    });
    const text = JSON.stringify(entries);
    const secrets = [
      code['device_code'],
      code['user_code'],
      body['access_token'],
      body['id_token'],
      body['refresh_token'],
      refreshed.body['refresh_token'],
      'sample-application-secret',
    ];
    for (const secret of secrets) {
      expect(String(secret).length).toBeGreaterThan(8);
      expect(text).not.toContain(String(secret));
    }
    tenant.clearRequests();
    expect(tenant.requests()).toEqual([]);
  });
});
