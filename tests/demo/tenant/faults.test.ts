import { get as httpsGet } from 'node:https';
import { afterEach, describe, expect, test } from 'vitest';
import { startLocalTenant } from '../../../main/demo/tenant/local-tenant.ts';
import { fabrikam } from '../../../main/demo/tenant/organisation.ts';
import { claimsOf, createTenantClient, openTenant } from './tenant-client.ts';

const { tenant, client } = await openTenant();

afterEach(() => tenant.clearFaults());

const ada = 'ada@fabrikam.example';
const configuration = () => client.get(`${tenant.authority}/v2.0/.well-known/openid-configuration`);

/** The error code of a request on a connection of its own, or its status. */
function outcomeOf(url: string, timeout = 5000): Promise<string> {
  return new Promise((resolve) => {
    const request = httpsGet(url, { ca: tenant.caPem, agent: false, timeout }, (response) => {
      response.resume();
      resolve(String(response.statusCode));
    });
    request.on('timeout', () => {
      resolve('timeout');
      request.destroy();
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

describe('what a fault does', () => {
  test('slow_down', async () => {
    tenant.addFault({ endpoint: 'token', type: 'slow_down', times: 1 });
    const code = await client.deviceCode();
    const slowed = await client.poll(code['device_code'] ?? '');
    expect(slowed).toMatchObject({ status: 400, body: { error: 'slow_down' } });
    expect((await client.poll(code['device_code'] ?? '')).body['error']).toBe('authorization_pending');
  });

  test('reset cuts the connection', async () => {
    tenant.addFault({ endpoint: 'discovery', type: 'reset' });
    const url = `${tenant.authority}/v2.0/.well-known/openid-configuration`;
    expect(await outcomeOf(url)).toBe('ECONNRESET');
    tenant.clearFaults();
    expect(await outcomeOf(url)).toBe('200');
    expect(tenant.requests().map(({ status }) => status)).toContain('reset');
  });

  test('hang never answers, and close does not wait for it', async () => {
    const own = await startLocalTenant();
    own.addFault({ endpoint: 'discovery', type: 'hang' });
    const url = `${own.authority}/v2.0/.well-known/openid-configuration`;
    const ownClient = createTenantClient(own);
    const pending = ownClient.get(url).catch((error: Error) => error);
    while (own.requests().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(own.requests()[0]).toMatchObject({ status: 'hang' });
    await own.close();
    expect(await pending).toBeInstanceOf(Error);
    await ownClient.close();
  });

  test.each([
    [undefined, undefined],
    [7, '7'],
  ])('429 with Retry-After %s', async (retryAfter, header) => {
    tenant.addFault({
      endpoint: 'token',
      type: 'throttle',
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
    const answer = await client.poll('any');
    expect(answer.status).toBe(429);
    expect(answer.headers['retry-after']).toBe(header);
    expect(answer.body).toMatchObject({ error: 'temporarily_unavailable', error_codes: [90033] });
  });

  test('5xx as HTML, as JSON and as JSON without error', async () => {
    const ask = async (format: 'html' | 'json' | 'json_without_error') => {
      tenant.addFault({ endpoint: 'token', type: 'server_error', status: 502, format, times: 1 });
      return client.poll('any');
    };
    const html = await ask('html');
    expect([html.status, html.headers['content-type']]).toEqual([502, 'text/html; charset=utf-8']);
    const json = await ask('json');
    expect(json).toMatchObject({ status: 502, body: { error: 'temporarily_unavailable' } });
    const bare = await ask('json_without_error');
    expect(bare.status).toBe(502);
    expect(bare.headers['content-type']).toMatch(/^application\/json/);
    expect(bare.body).not.toHaveProperty('error');
  });

  test('latency', async () => {
    tenant.addFault({ endpoint: 'discovery', type: 'latency', milliseconds: 300, times: 1 });
    const start = performance.now();
    expect((await configuration()).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThanOrEqual(299);
  });

  test('latency that the client does not wait for is logged as abandoned', async () => {
    tenant.clearRequests();
    const { id } = tenant.addFault({ endpoint: 'keys', type: 'latency', milliseconds: 20_000 });
    await expect
      .poll(async () => {
        // On a busy machine it may be over before it has reached the tenant.
        expect(await outcomeOf(`${tenant.authority}/discovery/v2.0/keys`, 100)).toBe('timeout');
        return tenant.requests();
      })
      .not.toEqual([]);
    expect(tenant.requests()[0]).toMatchObject({ endpoint: 'keys', status: 'abandoned' });
    tenant.clearFaults({ id });
  });

  test('clock skew moves the times in tokens and the Date header', async () => {
    tenant.addFault({ endpoint: 'token', type: 'clock_skew', seconds: -7200 });
    const { body, headers } = await client.signIn(ada);
    const now = Date.now() / 1000;
    expect(Number(claimsOf(body['id_token'])['iat']) - now).toBeLessThan(-7190);
    expect(Number(claimsOf(body['access_token'])['exp'])).toBeLessThan(now);
    expect(Date.parse(String(headers['date'])) / 1000 - now).toBeLessThan(-7190);
  });

  test('truncated JSON', async () => {
    tenant.addFault({ endpoint: 'devicecode', type: 'truncate', times: 1 });
    const body = await client.deviceCode();
    expect(body['text']).toMatch(/^\{"user_code"/);
    expect(body['text']).not.toMatch(/\}$/);
  });

  test.each(['interval', 'expires_in'])('a device code without %s', async (field) => {
    tenant.addFault({ endpoint: 'devicecode', type: 'omit', field, times: 1 });
    const body = await client.deviceCode();
    expect(body).not.toHaveProperty(field);
    expect(body).toHaveProperty('device_code');
  });

  test('another user on refresh', async () => {
    const token = (await client.signIn(ada)).body['refresh_token'];
    tenant.addFault({ endpoint: 'token', type: 'another_user', user: 'chiara@fabrikam.example', times: 1 });
    const { body } = await client.refresh(token, { client_info: '1' });
    expect(claimsOf(body['id_token'])).toMatchObject({ oid: fabrikam.users.chiara });
    expect(Buffer.from(String(body['client_info']), 'base64url').toString()).toContain(fabrikam.users.chiara);
  });

  test('errors of Graph in its own form', async () => {
    const token = (await client.signIn(ada)).body['access_token'];
    tenant.addFault({ endpoint: 'graph', type: 'throttle', retryAfter: 2, times: 1 });
    const throttled = await client.graph('/me', token);
    expect(throttled).toMatchObject({ status: 429, body: { error: { code: 'TooManyRequests' } } });
    expect(throttled.headers['retry-after']).toBe('2');
    tenant.addFault({ endpoint: 'graph', type: 'server_error', format: 'json', times: 1 });
    expect(await client.graph('/me', token)).toMatchObject({
      status: 503,
      body: { error: { code: 'serviceNotAvailable' } },
    });
    tenant.addFault({ endpoint: 'graph', type: 'graph_error', status: 403, code: 'Forbidden', times: 1 });
    expect(await client.graph('/me', token)).toMatchObject({
      status: 403,
      body: { error: { code: 'Forbidden' } },
    });
  });
});

describe('where and how often a fault strikes', () => {
  const statuses = async (count: number): Promise<number[]> => {
    const all: number[] = [];
    for (let index = 0; index < count; index += 1) all.push((await configuration()).status);
    return all;
  };

  test('for the next n requests, after some, and until it is cleared', async () => {
    tenant.addFault({ endpoint: 'discovery', type: 'server_error', times: 2, skip: 1 });
    expect(await statuses(4)).toEqual([200, 503, 503, 200]);
    expect(tenant.faults()).toEqual([]);
    const { id } = tenant.addFault({ endpoint: 'discovery', type: 'server_error' });
    expect(await statuses(3)).toEqual([503, 503, 503]);
    tenant.clearFaults({ id });
    expect(await statuses(1)).toEqual([200]);
  });

  test('only at its endpoint, grant, path and tenant', async () => {
    tenant.addFault({ endpoint: 'token', grantType: 'refresh_token', type: 'server_error' });
    expect((await client.poll('any')).status).toBe(400);
    expect((await client.poll('any', { grant_type: 'refresh_token', refresh_token: 'x' })).status).toBe(503);
    tenant.clearFaults();
    tenant.addFault({ endpoint: 'token', grantType: 'device_code', type: 'server_error' });
    expect((await client.poll('any')).status).toBe(503);
    expect((await client.refresh('x')).status).toBe(400);
    tenant.clearFaults();
    tenant.addFault({ endpoint: 'any', tenantId: tenant.authorities[1]?.tenantId, type: 'server_error' });
    expect(await statuses(1)).toEqual([200]);
    const other = `${tenant.authorities[1]?.authority ?? ''}/v2.0/.well-known/openid-configuration`;
    expect((await client.get(other)).status).toBe(503);
    tenant.clearFaults();
    tenant.addFault({ endpoint: 'graph', path: 'memberOf', type: 'server_error' });
    expect((await client.get(`${tenant.graph}/v1.0/me`)).status).toBe(401);
    expect((await client.get(`${tenant.graph}/v1.0/me/memberOf`)).status).toBe(503);
  });

  test('the log names the faults that took part', async () => {
    tenant.clearRequests();
    const slow = tenant.addFault({ endpoint: 'discovery', type: 'latency', milliseconds: 1 });
    const broken = tenant.addFault({ endpoint: 'discovery', type: 'server_error' });
    await configuration();
    expect(tenant.requests()[0]).toMatchObject({ status: 503, faults: [slow.id, broken.id] });
  });

  test('a fault that makes no sense is refused with its reason', () => {
    expect(() => tenant.addFault({ endpoint: 'token', type: 'error', code: 1 })).toThrow(/no AADSTS number/);
    expect(() => tenant.addFault({ endpoint: 'token', type: 'omit', field: '' })).toThrow(/field/);
    expect(() => tenant.addFault({ endpoint: 'nowhere' as 'token', type: 'reset' })).toThrow(/endpoint/);
  });
});
