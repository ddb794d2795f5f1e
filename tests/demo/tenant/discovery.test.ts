import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose';
import { Agent, fetch as undiciFetch } from 'undici';
import { describe, expect, test } from 'vitest';
import { tailspin } from '../../../main/demo/tenant/organisation.ts';
import { openTenant } from './tenant-client.ts';

const { tenant, client } = await openTenant();
const origin = new URL(tenant.authority).origin;

const configurationOf = (segment: string) =>
  client.get(`${origin}/${segment}/v2.0/.well-known/openid-configuration`);

describe('openid-configuration', () => {
  test('a GUID and a verified domain of one tenant lead to the same addresses', async () => {
    const byId = await configurationOf(tenant.tenantId);
    const byDomain = await configurationOf('FABRIKAM.example');
    expect(byId.status).toBe(200);
    expect(byDomain.body).toEqual(byId.body);
    expect(byId.body).toMatchObject({
      issuer: `${origin}/${tenant.tenantId}/v2.0`,
      token_endpoint: `${origin}/${tenant.tenantId}/oauth2/v2.0/token`,
      device_authorization_endpoint: `${origin}/${tenant.tenantId}/oauth2/v2.0/devicecode`,
      subject_types_supported: ['pairwise'],
    });
  });

  test.each(['common', 'organizations'])('%s has an issuer with a gap for the tenant', async (segment) => {
    const { body } = await configurationOf(segment);
    expect(body['issuer']).toBe(`${origin}/{tenantid}/v2.0`);
    expect(body['token_endpoint']).toBe(`${origin}/${segment}/oauth2/v2.0/token`);
  });

  test('the second tenant has addresses of its own', async () => {
    const { body } = await configurationOf('tailspin.example');
    expect(body['issuer']).toBe(`${origin}/${tailspin.tenantId}/v2.0`);
  });

  test('an unknown tenant is answered with AADSTS90002', async () => {
    const { status, body } = await configurationOf('11111111-2222-4333-8444-555555555555');
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: 'invalid_tenant', error_codes: [90002] });
    expect(body['error_description']).toMatch(
      /^AADSTS90002: Tenant '11111111-2222-4333-8444-555555555555' not found/,
    );
  });
});

describe('instance discovery', () => {
  test('names this host, with its port, as the only alias', async () => {
    const asked = encodeURIComponent(`${tenant.authority}/oauth2/v2.0/authorize`);
    const url = `${origin}/common/discovery/instance?api-version=1.1&authorization_endpoint=${asked}`;
    const { status, body } = await client.get(url);
    const { host } = new URL(origin);
    expect(status).toBe(200);
    expect(body['tenant_discovery_endpoint']).toBe(
      `${tenant.authority}/v2.0/.well-known/openid-configuration`,
    );
    expect(body['metadata']).toEqual([{ preferred_network: host, preferred_cache: host, aliases: [host] }]);
  });

  test('asks for its parameter', async () => {
    const { body } = await client.get(`${origin}/common/discovery/instance`);
    expect(body).toMatchObject({ error_codes: [900144] });
  });
});

describe('signing keys', () => {
  test('a rotated key signs new tokens; old tokens verify until the old key is dropped', async () => {
    const { body: configuration } = await configurationOf(tenant.tenantId);
    const dispatcher = new Agent({ connect: { ca: tenant.caPem } });
    const verify = (token: unknown) => {
      const jwks = createRemoteJWKSet(new URL(String(configuration['jwks_uri'])), {
        [customFetch]: (url, { signal }) =>
          undiciFetch(url, { dispatcher, signal }) as unknown as Promise<Response>,
      });
      return jwtVerify(String(token), jwks, {
        issuer: `${tenant.authority}/v2.0`,
        audience: tenant.clientId,
      });
    };
    const before = (await client.signIn('ada@fabrikam.example')).body['id_token'];
    const first = await verify(before);
    const { kid } = await tenant.rotateKeys();
    const after = (await client.signIn('ada@fabrikam.example')).body['id_token'];
    expect(first.protectedHeader).toMatchObject({ alg: 'RS256', typ: 'JWT' });
    expect((await verify(after)).protectedHeader.kid).toBe(kid);
    expect(first.protectedHeader.kid).not.toBe(kid);
    await verify(before);
    await tenant.rotateKeys({ dropOld: true });
    await expect(verify(before)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    await dispatcher.close();
  });
});

describe('paths', () => {
  test('an unknown path is 404, a wrong method 405', async () => {
    expect((await client.get(`${origin}/nowhere/at/all`)).status).toBe(404);
    const wrong = await client.get(`${tenant.authority}/oauth2/v2.0/devicecode`);
    expect(wrong.status).toBe(405);
    expect(wrong.headers['allow']).toBe('POST');
  });
});
