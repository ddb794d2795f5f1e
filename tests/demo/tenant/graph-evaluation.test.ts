import { describe, expect, test } from 'vitest';
import { caeClaims, defaultScope, openTenant } from './tenant-client.ts';

const { tenant, client } = await openTenant();

const ada = 'ada@fabrikam.example';

/** The claims that a challenge asks for, or undefined where the answer is none. */
function challengeOf(headers: Record<string, string | string[] | undefined>): string | undefined {
  const header = String(headers['www-authenticate'] ?? '');
  const encoded = header.match(/error="insufficient_claims", claims="([^"]+)"/)?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
}

describe('continuous access evaluation', () => {
  test('a challenge is sent to a cp1 client and satisfied by a refresh', async () => {
    const { body } = await client.signIn(ada, defaultScope, { claims: caeClaims });
    expect((await client.graph('/me', body['access_token'])).status).toBe(200);
    tenant.challenge({ user: ada });
    const challenged = await client.graph('/me', body['access_token']);
    expect(challenged.status).toBe(401);
    const claims = JSON.parse(challengeOf(challenged.headers) ?? '{}') as Record<
      string,
      Record<string, unknown>
    >;
    expect(claims['access_token']?.['nbf']).toMatchObject({ essential: true });
    const fresh = await client.refresh(body['refresh_token'], { claims: caeClaims });
    expect((await client.graph('/me', fresh.body['access_token'])).status).toBe(200);
  });

  test('a client without cp1 goes on with its token', async () => {
    const { body } = await client.signIn(ada);
    tenant.revoke({ user: ada });
    tenant.setUserEnabled({ user: ada, enabled: false });
    expect((await client.graph('/me', body['access_token'])).status).toBe(200);
    tenant.setUserEnabled({ user: ada, enabled: true });
  });

  test('revocation: the token is challenged and the refresh token is dead', async () => {
    const { body } = await client.signIn(ada, defaultScope, { claims: caeClaims });
    tenant.revoke({ user: ada });
    expect(challengeOf((await client.graph('/me', body['access_token'])).headers)).toBeDefined();
    const refused = await client.refresh(body['refresh_token'], { claims: caeClaims });
    expect(refused.body['error_codes']).toEqual([50173]);
  });

  test('a disabled and a deleted account', async () => {
    tenant.putUser({ user: { userPrincipalName: 'zoe@fabrikam.example', displayName: 'Zoe' } });
    const capable = await client.signIn('zoe@fabrikam.example', defaultScope, { claims: caeClaims });
    const plain = await client.signIn('zoe@fabrikam.example');
    tenant.setUserEnabled({ user: 'zoe@fabrikam.example', enabled: false });
    expect(challengeOf((await client.graph('/me', capable.body['access_token'])).headers)).toBeDefined();
    tenant.deleteUser({ user: 'zoe@fabrikam.example' });
    expect((await client.graph('/me', capable.body['access_token'])).status).toBe(401);
    expect((await client.graph('/me', plain.body['access_token'])).status).toBe(404);
  });
});
