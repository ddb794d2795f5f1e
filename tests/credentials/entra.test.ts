import { describe, expect } from 'vitest';
import { cloudNames } from '../../main/contract/clouds.ts';
import type { Credentials } from '../../main/credentials/credentials.ts';
import { entraResource } from '../../main/credentials/entra.ts';
import { startLocalTenant, type LocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import { fabrikam, sampleOrganisation } from '../../main/demo/tenant/organisation.ts';
import { createFetch } from '../../main/base/http.ts';
import type { Provider } from '../../main/session/provider-port.ts';
import { createTenantProvider } from '../support/tenant-provider.ts';
import { it, session, type World } from './world.ts';

const ossrdbms = 'https://ossrdbms-aad.database.windows.net';

interface SignedIn {
  tenant: LocalTenant;
  provider: Provider;
  credentials: Credentials;
  /** Token requests for a database that the tenant has answered. */
  databaseRequests(): number;
}

/** Ada signed in with MSAL at a local tenant over HTTPS, and the credentials as the broker would put them together. */
async function signIn(world: World, consented = true): Promise<SignedIn> {
  const directory = sampleOrganisation();
  const application = directory.tenants[0]?.applications?.[0];
  if (application === undefined) throw new Error('no application');
  if (!consented) application.consentedScopes = ['User.Read', 'GroupMember.Read.All'];
  const tenant = await startLocalTenant({ directory });
  world.onClose(tenant.close);
  tenant.configure({ intervalSeconds: 1 });
  const { fetch, close } = createFetch({ caPem: tenant.caPem });
  world.onClose(close);
  const log = (line: string) => void world.lines.push(line);
  const provider = createTenantProvider(tenant, { fetch, log });
  world.onClose(provider.close);
  const { account, keep } = await provider.signIn('device-code', {
    onCode: ({ userCode }) => tenant.complete({ userCode, user: 'ada@fabrikam.example' }),
    onBrowser: () => undefined,
    onAsked: () => undefined,
    signal: new AbortController().signal,
  });
  await keep(account);
  const credentials = world.open({
    entraToken: async (scopes) => provider.accessToken?.(scopes, account),
    cloudOf: () => 'local',
  });
  const databaseRequests = () =>
    tenant.requests().filter(({ values }) => values['scope']?.includes('database.windows.net')).length;
  return { tenant, provider, credentials, databaseRequests };
}

function claimsOf(token = ''): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
}

describe.concurrent('an access token of Entra ID', () => {
  it('is for the database, of the person who is signed in', async ({ world }) => {
    const { tenant, credentials } = await signIn(world);
    const resources = { postgresql: ossrdbms, sqlserver: 'https://database.windows.net' };
    for (const [entra, aud] of Object.entries(resources)) {
      // The word has been checked against the protocol of its connection by then.
      const rule = { ...world.rule({ entra: 'postgresql' }), password: { entra, user: 'role' as const } };
      const { accessToken, password, user } = await world.acquire(credentials, rule);
      expect(claimsOf(accessToken)).toMatchObject({
        aud,
        tid: tenant.tenantId,
        preferred_username: 'ada@fabrikam.example',
        scp: 'user_impersonation',
      });
      expect([password, user]).toEqual([undefined, undefined]);
      world.keepSecret(accessToken ?? '');
    }
    const asPerson = world.rule({ entra: 'postgresql', user: 'person' });
    expect((await world.acquire(credentials, asPerson)).user).toBe('ada@fabrikam.example');
    const byScope = world.rule({ entra: `${ossrdbms}/.default` });
    expect(claimsOf((await world.acquire(credentials, byScope)).accessToken)['aud']).toBe(ossrdbms);
  });

  it('is asked for once by a crowd of logins, and kept for the next', async ({ world }) => {
    const { credentials, databaseRequests } = await signIn(world);
    const rule = world.rule({ entra: 'postgresql' });
    const all = await Promise.all(Array.from({ length: 50 }, () => world.acquire(credentials, rule)));
    expect(new Set(all.map(({ accessToken }) => accessToken)).size).toBe(1);
    await Promise.all(all.map(({ release }) => release()));
    await world.acquire(credentials, rule);
    expect(databaseRequests()).toBe(1);
  });

  it('that nobody has consented to names what the administrator clicks', async ({ world }) => {
    const { credentials, provider } = await signIn(world, false);
    const { code, text } = await world.failure(credentials, world.rule({ entra: 'postgresql' }));
    expect(code).toBe('credential-failed');
    expect(text).toMatch(
      /nobody has consented to Latchkey's use of Azure OSSRDBMS Database\..* API permissions .* user_impersonation.*Grant admin consent/,
    );
    // The sign-in itself stands.
    await expect(provider.renew(fabrikam.users.ada)).resolves.toMatchObject({
      username: 'ada@fabrikam.example',
    });
  });

  it('that a policy refuses names the policy, and the sign-in stands', async ({ world }) => {
    const { tenant, credentials, provider } = await signIn(world);
    const policyId = '00000000-0000-4000-8000-00000000f001';
    tenant.putPolicy({
      policy: { id: policyId, displayName: 'MFA', flows: ['refresh_token'], effect: 'require_mfa' },
    });
    const { code, text } = await world.failure(credentials, world.rule({ entra: 'postgresql' }));
    expect(code).toBe('credential-failed');
    expect(text).toMatch(
      /Entra ID gives no token for Azure OSSRDBMS Database\. The tenant asks for multifactor/,
    );
    expect(text).toContain(`Conditional Access policy ${policyId}`);
    expect(text).toMatch(/Sign in again .*latchkey login --again/);
    tenant.removePolicy({ policyId });
    await expect(provider.renew(fabrikam.users.ada)).resolves.toMatchObject({
      username: 'ada@fabrikam.example',
    });
    await world.acquire(credentials, world.rule({ entra: 'postgresql' }));
  });

  it('for a resource that the tenant does not know', async ({ world }) => {
    const { credentials } = await signIn(world);
    const rule = world.rule({ entra: 'https://db.elsewhere.example/.default' });
    expect((await world.failure(credentials, rule)).text).toMatch(
      /the tenant does not know the resource https:\/\/db\.elsewhere\.example\. Check "entra" of the rule/,
    );
  });

  it('cannot be had while Entra ID is away, and not after sign-out', async ({ world }) => {
    const { tenant, credentials, provider } = await signIn(world);
    const rule = world.rule({ entra: 'postgresql' });
    tenant.addFault({ type: 'reset', endpoint: 'token', times: 3 });
    expect((await world.failure(credentials, rule)).text).toMatch(/cannot be reached/);
    await world.acquire(credentials, rule);
    await provider.signOut();
    expect((await world.failure(credentials, rule)).text).toMatch(/Nobody is signed in/);
  });

  it('of a revoked sign-in', async ({ world }) => {
    const { tenant, credentials } = await signIn(world);
    tenant.revoke({ user: 'ada@fabrikam.example' });
    const { text } = await world.failure(credentials, world.rule({ entra: 'postgresql' }));
    expect(text).toMatch(/The sign-in was revoked.*latchkey login --again/);
  });

  it('does not exist for local accounts, and has an end', async ({ world }) => {
    const rule = world.rule({ entra: 'postgresql' });
    const none = world.open({ entraToken: async () => undefined });
    expect((await world.failure(none, rule)).text).toMatch(/has a local account/);
    const old = world.open({ entraToken: async () => ({ text: 'old-canary', expiresAt: Date.now() - 1 }) });
    expect((await world.failure(old, rule)).text).toMatch(/has already expired.*clock/);
    const broken = world.open({ entraToken: () => Promise.reject(new Error('error-canary')) });
    expect((await world.failure(broken, rule)).text).toMatch(/an error it did not expect/);
    world.keepSecret('canary');
  });

  it('is not shared between two sessions', async ({ world }) => {
    const asked: string[] = [];
    const credentials = world.open({
      entraToken: async (_scopes, { id }) => {
        asked.push(id);
        await new Promise((resolve) => setTimeout(resolve, 50));
        return { text: `token-of-${id}`, expiresAt: Date.now() + 60_000 };
      },
    });
    const rule = world.rule({ entra: 'postgresql' });
    const tokens = await Promise.all(
      ['a', 'b', 'a'].map((id) =>
        credentials.acquire({ connection: 'sales', rule, session: { ...session, id } }),
      ),
    );
    expect(tokens.map(({ accessToken }) => accessToken)).toEqual(['token-of-a', 'token-of-b', 'token-of-a']);
    expect(asked.toSorted()).toEqual(['a', 'b']);
  });

  it('waits for a dead provider no longer than until Latchkey closes', async ({ world }) => {
    const credentials = world.open({ entraToken: () => new Promise(() => undefined) });
    const failing = world.failure(credentials, world.rule({ entra: 'postgresql' }));
    await credentials.close();
    expect((await failing).text).toMatch(/Latchkey is closing/);
  });
});

describe('the scope', () => {
  it('follows the cloud of the provider', () => {
    const scopes = cloudNames.map((cloud) => [
      entraResource('mysql', cloud).scope,
      entraResource('sqlserver', cloud).scope,
    ]);
    const global = [`${ossrdbms}/.default`, 'https://database.windows.net/.default'];
    const government = [
      'https://ossrdbms-aad.database.usgovcloudapi.net/.default',
      'https://database.usgovcloudapi.net/.default',
    ];
    expect(scopes).toEqual([
      global,
      government,
      government,
      [
        'https://ossrdbms-aad.database.chinacloudapi.cn/.default',
        'https://database.chinacloudapi.cn/.default',
      ],
      global,
    ]);
    expect(entraResource('https://x.example/y/.default', 'china')).toEqual({
      scope: 'https://x.example/y/.default',
      name: 'https://x.example/y',
    });
  });
});
