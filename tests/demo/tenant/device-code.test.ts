import { describe, expect, test } from 'vitest';
import { fabrikam, tailspin } from '../../../main/demo/tenant/organisation.ts';
import { claimsOf, createTenantClient, openTenant } from './tenant-client.ts';

const { tenant, client } = await openTenant();

const codeOf = (answer: { body: Record<string, unknown> }) => [
  answer.body['error'],
  answer.body['error_codes'],
];

describe('the device code endpoint', () => {
  test('answers with a nine-letter code, 900 s, interval 5 and a message', async () => {
    const code = await client.deviceCode();
    expect(code['user_code']).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{9}$/);
    expect(code).toMatchObject({ expires_in: 900, interval: 5, verification_uri: tenant.verificationUri });
    expect(code['message']).toContain(code['user_code']);
    expect(code['message']).toContain(tenant.verificationUri);
    expect(tenant.deviceCodes().at(-1)).toMatchObject({ userCode: code['user_code'], state: 'pending' });
    expect(JSON.stringify(tenant.deviceCodes())).not.toContain(code['device_code']);
  });

  test('lifetime, interval, message and address can be set', async () => {
    const before = tenant.settings();
    tenant.configure({
      deviceCodeSeconds: 60,
      intervalSeconds: 1,
      deviceCodeMessage: '<b>{code}</b> at {uri}',
      verificationUri: 'https://login.evil.example/device',
    });
    const code = await client.deviceCode();
    tenant.configure({ ...before, verificationUri: tenant.verificationUri });
    expect(code).toMatchObject({
      expires_in: 60,
      interval: 1,
      verification_uri: 'https://login.evil.example/device',
    });
    expect(code['message']).toBe(`<b>${code['user_code'] ?? ''}</b> at https://login.evil.example/device`);
  });

  test.each([
    [
      'an unknown application',
      { client_id: '00000000-0000-4000-8000-00000000dead' },
      'unauthorized_client',
      700016,
    ],
    ['a scope that Graph lacks', { scope: 'Nothing.Read' }, 'invalid_scope', 70011],
    ['an unknown resource', { scope: 'https://unknown.example/.default' }, 'invalid_resource', 500011],
    ['two resources', { scope: 'User.Read https://database.windows.net/.default' }, 'invalid_scope', 28000],
  ])('refuses %s', async (_, fields, error, number) => {
    const answer = await client.post(`${tenant.authority}/oauth2/v2.0/devicecode`, {
      client_id: tenant.clientId,
      scope: 'openid',
      ...fields,
    });
    expect(answer.status).toBe(400);
    expect(codeOf(answer)).toEqual([error, [number]]);
  });

  test.each(['client_id', 'scope'])('names the missing parameter %s', async (missing) => {
    const fields = Object.entries({ client_id: tenant.clientId, scope: 'openid' }).filter(
      ([name]) => name !== missing,
    );
    const answer = await client.post(
      `${tenant.authority}/oauth2/v2.0/devicecode`,
      Object.fromEntries(fields),
    );
    expect(codeOf(answer)).toEqual(['invalid_request', [900144]]);
    expect(answer.body['error_description']).toContain(`'${missing}'`);
  });

  test('refuses an unknown tenant, and a one-tenant application at a shared endpoint', async () => {
    const origin = new URL(tenant.authority).origin;
    const fields = { client_id: tenant.clientId, scope: 'openid' };
    expect(codeOf(await client.post(`${origin}/nobody.example/oauth2/v2.0/devicecode`, fields))).toEqual([
      'invalid_tenant',
      [90002],
    ]);
    expect(codeOf(await client.post(`${origin}/organizations/oauth2/v2.0/devicecode`, fields))).toEqual([
      'invalid_request',
      [50194],
    ]);
  });
});

describe('polling', () => {
  test('pending, then one token answer, then never again', async () => {
    const code = await client.deviceCode();
    const deviceCode = code['device_code'] ?? '';
    const pending = await client.poll(deviceCode);
    expect(pending.status).toBe(400);
    expect(codeOf(pending)).toEqual(['authorization_pending', [70016]]);
    expect(tenant.complete({ userCode: code['user_code'] ?? '', user: 'ada@fabrikam.example' })).toEqual({
      result: 'approved',
    });
    const tokens = await client.poll(deviceCode);
    expect(tokens.status).toBe(200);
    expect(claimsOf(tokens.body['id_token'])).toMatchObject({ oid: fabrikam.users.ada });
    expect(codeOf(await client.poll(deviceCode))).toEqual(['invalid_grant', [54005]]);
  });

  test('twenty simultaneous polls of an approved code redeem it once', async () => {
    const code = await client.deviceCode();
    tenant.complete({ userCode: code['user_code'] ?? '', user: 'ada@fabrikam.example' });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => client.poll(code['device_code'] ?? '')),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('both names of the grant are taken', async () => {
    const code = await client.deviceCode();
    tenant.complete({ userCode: code['user_code'] ?? '', user: 'ada@fabrikam.example' });
    const tokens = await client.poll(code['device_code'] ?? '', { grant_type: 'device_code' });
    expect(tokens.status).toBe(200);
  });

  test('a code serves only the client and the tenant it was issued to', async () => {
    const { clientId } = tenant.putApplication({ application: { displayName: 'Another one' } });
    const code = await client.deviceCode();
    tenant.complete({ userCode: code['user_code'] ?? '', user: 'ada@fabrikam.example' });
    const deviceCode = code['device_code'] ?? '';
    expect(codeOf(await client.poll(deviceCode, { client_id: clientId }))).toEqual([
      'bad_verification_code',
      [70018],
    ]);
    const stranger = createTenantClient(tenant, tenant.authorities[1]?.authority);
    const elsewhere = await stranger.poll(deviceCode, { client_id: tailspin.clientId });
    await stranger.close();
    expect(codeOf(elsewhere)).toEqual(['bad_verification_code', [70018]]);
    expect((await client.poll(deviceCode)).status).toBe(200);
  });

  test('a made-up code is bad, a declined one declined, an old one expired', async () => {
    expect(codeOf(await client.poll('made-up'))).toEqual(['bad_verification_code', [70018]]);

    const declined = await client.deviceCode();
    tenant.decline({ userCode: declined['user_code'] ?? '' });
    expect(codeOf(await client.poll(declined['device_code'] ?? ''))).toEqual([
      'authorization_declined',
      [65004],
    ]);

    const expired = await client.deviceCode();
    tenant.expire({ userCode: expired['user_code'] ?? '' });
    expect(codeOf(await client.poll(expired['device_code'] ?? ''))).toEqual(['expired_token', [70020]]);
    expect(() =>
      tenant.complete({ userCode: expired['user_code'] ?? '', user: 'ada@fabrikam.example' }),
    ).toThrow(/is expired, not pending/);
  });

  test('a code expires by the clock', async () => {
    const code = await client.deviceCode();
    tenant.shiftClock({ seconds: 899 });
    expect(codeOf(await client.poll(code['device_code'] ?? ''))).toEqual(['authorization_pending', [70016]]);
    tenant.shiftClock({ seconds: 2 });
    expect(codeOf(await client.poll(code['device_code'] ?? ''))).toEqual(['expired_token', [70020]]);
    tenant.shiftClock({ seconds: -901 });
  });

  test('slow_down raises the interval by five seconds where the interval is enforced', async () => {
    tenant.configure({ enforceInterval: true });
    const code = await client.deviceCode();
    const deviceCode = code['device_code'] ?? '';
    expect(codeOf(await client.poll(deviceCode))).toEqual(['authorization_pending', [70016]]);
    expect((await client.poll(deviceCode)).body['error']).toBe('slow_down');
    tenant.shiftClock({ seconds: 6 });
    expect((await client.poll(deviceCode)).body['error']).toBe('slow_down');
    tenant.shiftClock({ seconds: 16 });
    expect((await client.poll(deviceCode)).body['error']).toBe('authorization_pending');
    tenant.configure({ enforceInterval: false });
    tenant.shiftClock({ seconds: -22 });
  });

  test('with public client flows off, only the finished sign-in is refused', async () => {
    tenant.updateApplication({ clientId: tenant.clientId, change: { publicClientFlows: false } });
    const code = await client.deviceCode();
    expect((await client.poll(code['device_code'] ?? '')).body['error']).toBe('authorization_pending');
    tenant.complete({ userCode: code['user_code'] ?? '', user: 'ada@fabrikam.example' });
    const refused = await client.poll(code['device_code'] ?? '');
    tenant.updateApplication({ clientId: tenant.clientId, change: { publicClientFlows: true } });
    expect(refused.status).toBe(401);
    expect(codeOf(refused)).toEqual(['invalid_client', [7000218]]);
    expect((await client.poll(code['device_code'] ?? '')).status).toBe(200);
  });
});
