import { describe, expect, test } from 'vitest';
import { fabrikam, tailspin } from '../../../main/demo/tenant/organisation.ts';
import { claimsOf, createTenantClient, defaultScope, type Answer, openTenant } from './tenant-client.ts';

const { tenant, client } = await openTenant();

const ada = 'ada@fabrikam.example';
const database = 'https://ossrdbms-aad.database.windows.net/.default';
const errorOf = ({ body }: Answer) => [body['error'], (body['error_codes'] as number[] | undefined)?.[0]];

describe('tokens of a user', () => {
  test('the id token says who, where and for whom', async () => {
    const { body } = await client.signIn(ada);
    const claims = claimsOf(body['id_token']);
    expect(claims).toMatchObject({
      aud: tenant.clientId,
      iss: `${tenant.authority}/v2.0`,
      tid: tenant.tenantId,
      oid: fabrikam.users.ada,
      preferred_username: ada,
      name: 'Ada Marsh',
      ver: '2.0',
    });
    expect(claims['exp']).toBe(Number(claims['iat']) + Number(body['expires_in']));
  });

  test('the access token carries audience and all consented permissions', async () => {
    const { body } = await client.signIn(ada);
    const claims = claimsOf(body['access_token']);
    expect(claims).toMatchObject({
      aud: 'https://graph.microsoft.com',
      azp: tenant.clientId,
      oid: fabrikam.users.ada,
    });
    expect(String(claims['scp']).split(' ').toSorted()).toEqual([
      'GroupMember.Read.All',
      'User.Read',
      'User.ReadBasic.All',
    ]);
    expect(body['token_type']).toBe('Bearer');
    expect(body['ext_expires_in']).toBe(body['expires_in']);
    expect(String(body['scope']).split(' ')).toContain('GroupMember.Read.All');
    const info = JSON.parse(Buffer.from(String(body['client_info']), 'base64url').toString()) as unknown;
    expect(info).toEqual({ uid: fabrikam.users.ada, utid: tenant.tenantId });
  });

  test('the subject differs between two applications, the object id does not', async () => {
    const { clientId } = tenant.putApplication({
      application: { displayName: 'Another one', consentedScopes: ['User.Read'] },
    });
    const other = await client.signIn(ada, 'openid User.Read', { client_id: clientId });
    const here = claimsOf((await client.signIn(ada)).body['id_token']);
    const there = claimsOf(other.body['id_token']);
    expect(there['oid']).toBe(here['oid']);
    expect(there['sub']).not.toBe(here['sub']);
    expect(claimsOf((await client.signIn(ada)).body['id_token'])['sub']).toBe(here['sub']);
  });

  test('lifetimes are random within 60 to 90 minutes and can be set', async () => {
    const { body } = await client.signIn(ada);
    const lifetimes = new Set<unknown>([body['expires_in']]);
    for (let index = 0; index < 8; index += 1) {
      lifetimes.add((await client.refresh(body['refresh_token'])).body['expires_in']);
    }
    expect(lifetimes.size).toBeGreaterThan(4);
    for (const lifetime of lifetimes) {
      expect(lifetime).toBeGreaterThanOrEqual(3600);
      expect(lifetime).toBeLessThanOrEqual(5400);
    }
    tenant.configure({ accessTokenSeconds: { minimum: 7, maximum: 7 } });
    expect((await client.refresh(body['refresh_token'])).body['expires_in']).toBe(7);
    tenant.configure({ accessTokenSeconds: { minimum: 3600, maximum: 5400 } });
  });

  test('without openid, offline_access and client_info there are none of their fields', async () => {
    const { body } = await client.signIn(ada, 'User.Read', { client_info: '0' });
    expect(body).not.toHaveProperty('id_token');
    expect(body).not.toHaveProperty('refresh_token');
    expect(body).not.toHaveProperty('client_info');
  });

  test('a name with HTML, bidi and emoji is passed on as it is', async () => {
    const { body } = await client.signIn('farid@fabrikam.example');
    expect(claimsOf(body['id_token'])['name']).toBe('🦊 <b>Farid</b> & "Sons" \u202Egnp.exe\u202C');
  });
});

describe('refresh', () => {
  test('hands out a new refresh token and leaves the old one alive', async () => {
    const first = (await client.signIn(ada)).body['refresh_token'];
    const second = (await client.refresh(first)).body['refresh_token'];
    expect(second).not.toBe(first);
    expect((await client.refresh(first)).status).toBe(200);
    expect((await client.refresh(second)).status).toBe(200);
  });

  test('one refresh token serves several resources', async () => {
    const token = (await client.signIn(ada)).body['refresh_token'];
    const { body } = await client.refresh(token, { scope: database });
    expect(claimsOf(body['access_token'])).toMatchObject({
      aud: 'https://ossrdbms-aad.database.windows.net',
      scp: 'user_impersonation',
    });
    expect(String(body['scope'])).toContain(database);
    const sql = await client.refresh(token, { scope: 'https://database.windows.net//.default' });
    expect(claimsOf(sql.body['access_token'])['aud']).toBe('https://database.windows.net/');
    expect((await client.refresh(token, { scope: `${tenant.graph}/.default` })).status).toBe(200);
  });

  test('is bound to the client', async () => {
    const token = (await client.signIn(ada)).body['refresh_token'];
    const { clientId } = tenant.putApplication({ application: { displayName: 'Thief' } });
    expect(errorOf(await client.refresh(token, { client_id: clientId }))).toEqual(['invalid_grant', 70000]);
    expect(errorOf(await client.refresh('made-up'))).toEqual(['invalid_grant', 70000]);
  });

  test('revoked, expired by disuse and by age', async () => {
    const revoked = (await client.signIn(ada)).body['refresh_token'];
    tenant.revoke({ user: ada });
    expect(errorOf(await client.refresh(revoked))).toEqual(['invalid_grant', 50173]);

    const aged = (await client.signIn(ada)).body['refresh_token'];
    tenant.expireRefreshTokens({ user: fabrikam.users.ada, code: 700081 });
    expect(errorOf(await client.refresh(aged))).toEqual(['invalid_grant', 700081]);

    const unused = (await client.signIn(ada)).body['refresh_token'];
    tenant.shiftClock({ seconds: 90 * 86_400 + 1 });
    const answer = await client.refresh(unused);
    tenant.shiftClock({ seconds: -90 * 86_400 - 1 });
    expect(errorOf(answer)).toEqual(['invalid_grant', 700082]);
    expect(answer.body).not.toHaveProperty('suberror');
  });

  test('a disabled and a deleted user', async () => {
    tenant.putUser({
      user: { userPrincipalName: 'zoe@fabrikam.example', displayName: 'Zoe', accountEnabled: true },
    });
    const token = (await client.signIn('zoe@fabrikam.example')).body['refresh_token'];
    tenant.setUserEnabled({ user: 'zoe@fabrikam.example', enabled: false });
    expect(errorOf(await client.refresh(token))).toEqual(['invalid_grant', 50057]);
    tenant.setUserEnabled({ user: 'zoe@fabrikam.example', enabled: true });
    expect((await client.refresh(token)).status).toBe(200);
    tenant.deleteUser({ user: 'zoe@fabrikam.example' });
    expect(errorOf(await client.refresh(token))).toEqual(['invalid_grant', 500341]);
  });

  test('a changed user keeps the sign-in and shows the change', async () => {
    const user = { id: fabrikam.users.ada, userPrincipalName: ada, displayName: 'Ada Marsh-Oduya' };
    const token = (await client.signIn(ada)).body['refresh_token'];
    tenant.putUser({ user });
    const { body } = await client.refresh(token);
    tenant.putUser({ user: { ...user, displayName: 'Ada Marsh' } });
    expect(claimsOf(body['id_token'])['name']).toBe('Ada Marsh-Oduya');
  });

  test('consent missing for another permission (65001)', async () => {
    const token = (await client.signIn(ada)).body['refresh_token'];
    const answer = await client.refresh(token, { scope: 'Mail.Read' });
    expect(errorOf(answer)).toEqual(['invalid_grant', 65001]);
    expect(answer.body['suberror']).toBe('consent_required');
    expect(answer.body['error_description']).toContain('Mail.Read');
  });

  test('not assigned to the application (50105) until the group is', async () => {
    const token = (await client.signIn(ada)).body['refresh_token'];
    const update = (change: { assignmentRequired: boolean; assigned: string[] }) =>
      tenant.updateApplication({ clientId: tenant.clientId, change });
    update({ assignmentRequired: true, assigned: [fabrikam.groups.staff] });
    const nested = await client.refresh(token);
    update({ assignmentRequired: true, assigned: [fabrikam.groups.reportingTeam] });
    const direct = await client.refresh(token);
    update({ assignmentRequired: false, assigned: [] });
    expect(errorOf(nested)).toEqual(['invalid_grant', 50105]);
    expect(direct.status).toBe(200);
  });

  test.each([
    ['block', 53003, true],
    ['block_flow', 530036, false],
    ['require_compliant_device', 53000, true],
    ['require_mfa', 50076, true],
  ] as const)('a Conditional Access policy: %s is %i', async (effect, code, hasClaims) => {
    const token = (await client.signIn(ada)).body['refresh_token'];
    const groups = [fabrikam.groups.dataPlatform];
    const { id } = tenant.putPolicy({
      policy: { displayName: 'Test', effect, groups, flows: ['refresh_token'] },
    });
    const chiara = (await client.signIn('chiara@fabrikam.example')).body['refresh_token'];
    const refused = await client.refresh(token);
    const untouched = await client.refresh(chiara);
    tenant.removePolicy({ policyId: id });
    expect(errorOf(refused)).toEqual(['invalid_grant', code]);
    const claims = { access_token: { capolids: { essential: true, values: [id] } } };
    expect(refused.body['claims']).toBe(hasClaims ? JSON.stringify(claims) : undefined);
    expect(untouched.status).toBe(200);
    expect((await client.refresh(token)).status).toBe(200);
  });

  test('a sign-in with a second factor satisfies an MFA policy later', async () => {
    const token = (await client.signIn('bruno@fabrikam.example')).body['refresh_token'];
    const { id } = tenant.putPolicy({ policy: { displayName: 'MFA', effect: 'require_mfa' } });
    const answer = await client.refresh(token);
    tenant.removePolicy({ policyId: id });
    expect(answer.status).toBe(200);
    expect(claimsOf(answer.body['access_token'])['amr']).toEqual(['pwd', 'mfa']);
  });
});

describe('two tenants', () => {
  test('a guest keeps the home account in client_info and has an own object id', async () => {
    const { body } = await client.signIn('ines@tailspin.example');
    expect(claimsOf(body['id_token'])).toMatchObject({
      oid: fabrikam.users.guest,
      tid: fabrikam.tenantId,
      preferred_username: 'ines@tailspin.example',
    });
    const info = JSON.parse(Buffer.from(String(body['client_info']), 'base64url').toString()) as unknown;
    expect(info).toEqual({ uid: tailspin.users.ines, utid: tailspin.tenantId });
  });

  test('a stranger of the other tenant is refused (50020) and the code waits on', async () => {
    const code = await client.deviceCode();
    const userCode = code['user_code'] ?? '';
    expect(tenant.complete({ userCode, user: 'jonas@tailspin.example' })).toMatchObject({
      result: 'not_signed_in',
      error: 50020,
    });
    expect(tenant.complete({ userCode, user: 'nobody@fabrikam.example' })).toMatchObject({ error: 50034 });
    expect(errorOf(await client.poll(code['device_code'] ?? ''))).toEqual(['authorization_pending', 70016]);
  });

  test('both sign in at their own tenant side by side; a refresh token stays with its tenants', async () => {
    const elsewhere = createTenantClient(tenant, tenant.authorities[1]?.authority);
    const own = { client_id: tailspin.clientId };
    const [here, there] = await Promise.all([
      client.signIn(ada),
      elsewhere.signIn('jonas@tailspin.example', defaultScope, own),
    ]);
    expect(claimsOf(here.body['id_token'])['tid']).toBe(fabrikam.tenantId);
    expect(claimsOf(there.body['id_token'])['tid']).toBe(tailspin.tenantId);
    expect(errorOf(await elsewhere.refresh(here.body['refresh_token']))).toEqual([
      'unauthorized_client',
      700016,
    ]);
    await elsewhere.close();
  });

  test('a multi-tenant application works through organizations and in the other tenant', async () => {
    tenant.updateApplication({ clientId: tenant.clientId, change: { multiTenant: true } });
    const shared = createTenantClient(tenant, `${new URL(tenant.authority).origin}/organizations`);
    const jonas = await shared.signIn('jonas@tailspin.example');
    expect(claimsOf(jonas.body['id_token'])['tid']).toBe(tailspin.tenantId);
    expect((await shared.refresh(jonas.body['refresh_token'])).status).toBe(200);
    expect(errorOf(await client.refresh(jonas.body['refresh_token']))).toEqual(['invalid_grant', 50020]);
    tenant.updateApplication({ clientId: tenant.clientId, change: { multiTenant: false } });
    await shared.close();
  });
});

describe('client credentials', () => {
  const ask = (fields: Record<string, string>, headers?: Record<string, string>) =>
    client.post(
      `${tenant.authority}/oauth2/v2.0/token`,
      { grant_type: 'client_credentials', ...fields },
      headers,
    );

  test('the right secret gets an application token with roles', async () => {
    const { status, body } = await ask({
      client_id: tenant.clientId,
      client_secret: 'sample-application-secret',
      scope: 'https://graph.microsoft.com/.default',
    });
    expect(status).toBe(200);
    expect(Object.keys(body).toSorted()).toEqual([
      'access_token',
      'expires_in',
      'ext_expires_in',
      'token_type',
    ]);
    expect(claimsOf(body['access_token'])).toMatchObject({
      idtyp: 'app',
      azp: tenant.clientId,
      roles: ['GroupMember.Read.All', 'User.Read.All'],
    });
  });

  test('the secret may come in the Authorization header', async () => {
    const credentials = Buffer.from(`${tenant.clientId}:sample-application-secret`).toString('base64');
    const scope = `${tenant.graph}/.default`;
    const { status } = await ask({ scope }, { authorization: `Basic ${credentials}` });
    expect(status).toBe(200);
  });

  test('a wrong, a missing and a scope without .default', async () => {
    const scope = 'https://graph.microsoft.com/.default';
    const id = { client_id: tenant.clientId };
    const wrong = await ask({ ...id, scope, client_secret: 'wrong' });
    expect(wrong.status).toBe(401);
    expect(errorOf(wrong)).toEqual(['invalid_client', 7000215]);
    expect(errorOf(await ask({ ...id, scope }))).toEqual(['invalid_client', 7000218]);
    const named = await ask({ ...id, scope: 'User.Read', client_secret: 'sample-application-secret' });
    expect(errorOf(named)).toEqual(['invalid_scope', 1002012]);
  });
});

describe('malformed requests', () => {
  const token = (fields: Record<string, string>) =>
    client.post(`${tenant.authority}/oauth2/v2.0/token`, fields);

  test.each([
    [{}, 'invalid_request', 900144],
    [{ grant_type: 'device_code' }, 'invalid_request', 900144],
    [{ grant_type: 'password', client_id: fabrikam.clientId }, 'unsupported_grant_type', 70003],
    [{ grant_type: 'refresh_token', client_id: fabrikam.clientId }, 'invalid_request', 900144],
    [{ grant_type: 'authorization_code', client_id: fabrikam.clientId }, 'invalid_request', 900144],
    [{ grant_type: 'device_code', client_id: fabrikam.clientId }, 'invalid_request', 900144],
  ])('%j is %s', async (fields, error, code) => {
    expect(errorOf(await token(fields as Record<string, string>))).toEqual([error, code]);
  });

  test('JSON instead of a form, and GET', async () => {
    const url = `${tenant.authority}/oauth2/v2.0/token`;
    expect(errorOf(await client.postJson(url, { grant_type: 'device_code' }))).toEqual([
      'invalid_request',
      900144,
    ]);
    const get = await client.get(url);
    expect(get.status).toBe(405);
    expect(errorOf(get)).toEqual(['invalid_request', 900561]);
  });

  test('a body above 1 MiB', async () => {
    expect((await token({ grant_type: 'x'.repeat(1_100_000) })).status).toBe(413);
  });
});
