import { ConfidentialClientApplication, InteractionRequiredAuthError, ServerError } from '@azure/msal-node';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { fabrikam, tailspin } from '../../../main/demo/tenant/organisation.ts';
import { createFormBrowser, enterCode } from '../../support/verification-page.ts';
import { createMsal, plainNetworkModule, openTenant } from './tenant-client.ts';

const { tenant, client } = await openTenant();
const network = plainNetworkModule(tenant.caPem);
tenant.configure({ intervalSeconds: 1 });

afterEach(() => tenant.clearFaults());

afterAll(() => network.close());

const ada = 'ada@fabrikam.example';
type Msal = ReturnType<typeof createMsal>;

/** Signs in through the verification page, as a person would. */
async function signIn(msal: Msal, user = ada, scopes = ['User.Read', 'GroupMember.Read.All']) {
  const result = await msal.acquireTokenByDeviceCode({
    scopes,
    deviceCodeCallback: ({ verificationUri, userCode }) => {
      void enterCode(verificationUri, tenant.caPem, userCode, user);
    },
  });
  if (result?.account === undefined || result.account === null) throw new Error('no account');
  return { ...result, account: result.account };
}

describe('the unpatched MSAL', () => {
  test('signs in by device code on the wire order of the library', async () => {
    tenant.clearRequests();
    const msal = createMsal(tenant, network);
    const { account, accessToken } = await signIn(msal);
    expect(account).toMatchObject({
      username: ada,
      tenantId: tenant.tenantId,
      localAccountId: fabrikam.users.ada,
      homeAccountId: `${fabrikam.users.ada}.${fabrikam.tenantId}`,
    });
    const me = await client.graph('/me', accessToken);
    expect(me.body['id']).toBe(fabrikam.users.ada);
    const wire = tenant
      .requests()
      .filter(({ endpoint }) => endpoint !== 'verification' && endpoint !== 'graph');
    expect(wire.slice(0, 3).map(({ endpoint, status }) => [endpoint, status])).toEqual([
      ['discovery', 200],
      ['devicecode', 200],
      ['token', 400],
    ]);
    expect(wire.at(-1)).toMatchObject({
      endpoint: 'token',
      status: 200,
      values: { grant_type: 'device_code' },
    });
  });

  test('renews silently, and gets tokens for other resources with the same refresh token', async () => {
    const msal = createMsal(tenant, network);
    const { account, accessToken } = await signIn(msal);
    const cached = await msal.acquireTokenSilent({ account, scopes: ['User.Read'] });
    expect([cached.fromCache, cached.accessToken]).toEqual([true, accessToken]);
    const renewed = await msal.acquireTokenSilent({ account, scopes: ['User.Read'], forceRefresh: true });
    expect(renewed.accessToken).not.toBe(accessToken);
    const scope = 'https://ossrdbms-aad.database.windows.net/.default';
    const database = await msal.acquireTokenSilent({ account, scopes: [scope] });
    expect(database.fromCache).toBe(false);
    expect((await msal.acquireTokenSilent({ account, scopes: [scope] })).fromCache).toBe(true);
  });

  test('reports the AADSTS code of a dead refresh token', async () => {
    const msal = createMsal(tenant, network);
    const { account } = await signIn(msal);
    tenant.expireRefreshTokens({ user: ada });
    const error: unknown = await msal
      .acquireTokenSilent({ account, scopes: ['User.Read'], forceRefresh: true })
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ServerError);
    expect(error).toMatchObject({ errorCode: 'invalid_grant', errorNo: 700082 });
  });

  test('takes consent_required as a demand for interaction', async () => {
    const msal = createMsal(tenant, network);
    const { account } = await signIn(msal);
    const error: unknown = await msal
      .acquireTokenSilent({ account, scopes: ['Mail.Read'] })
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(InteractionRequiredAuthError);
    expect(error).toMatchObject({ subError: 'consent_required' });
  });

  test('answers a claims challenge of Graph with a new token', async () => {
    const msal = createMsal(tenant, network, { clientCapabilities: ['cp1'] });
    const { account, accessToken } = await signIn(msal);
    tenant.challenge({ user: ada });
    const challenged = await client.graph('/me', accessToken);
    const encoded = String(challenged.headers['www-authenticate']).match(/claims="([^"]+)"/)?.[1] ?? '';
    const claims = Buffer.from(encoded, 'base64').toString('utf8');
    const renewed = await msal.acquireTokenSilent({ account, scopes: ['User.Read'], claims });
    expect(renewed.fromCache).toBe(false);
    expect((await client.graph('/me', renewed.accessToken)).status).toBe(200);
  });

  test('signs in by browser: PKCE, form_post and a loopback redirect on any port', async () => {
    const msal = createMsal(tenant, network);
    const browser = createFormBrowser(tenant.caPem);
    const result = await msal.acquireTokenInteractive({
      scopes: ['User.Read'],
      openBrowser: async (url) => {
        await browser.open(url);
        const user = browser.buttons().find(({ text }) => text.includes(ada));
        if (user === undefined) throw new Error(browser.page().text);
        await browser.press(user);
        void browser.submit({});
      },
    });
    await browser.close();
    expect(result.account?.username).toBe(ada);
    expect((await client.graph('/me', result.accessToken)).status).toBe(200);
  });

  test('uses an application secret for group look-ups', async () => {
    const { host } = new URL(tenant.authority);
    const create = (clientSecret: string) =>
      new ConfidentialClientApplication({
        auth: {
          clientId: tenant.clientId,
          authority: tenant.authority,
          clientSecret,
          knownAuthorities: [host],
        },
        system: { networkClient: network },
      });
    const scopes = [`${tenant.graph}/.default`];
    const result = await create('sample-application-secret').acquireTokenByClientCredential({ scopes });
    const groups = await client.graph(
      `/users/${fabrikam.users.bruno}/transitiveMemberOf`,
      result?.accessToken,
    );
    expect(groups.body.value).toHaveLength(3);
    await expect(create('wrong').acquireTokenByClientCredential({ scopes })).rejects.toMatchObject({
      errorCode: 'invalid_client',
      errorNo: 7000215,
    });
  });

  test('serves two tenants side by side', async () => {
    const authority = tenant.authorities[1]?.authority ?? '';
    const here = createMsal(tenant, network);
    const there = createMsal(tenant, network, { authority, clientId: tailspin.clientId });
    const [first, second] = await Promise.all([signIn(here), signIn(there, 'jonas@tailspin.example')]);
    expect([first.account.tenantId, second.account.tenantId]).toEqual([fabrikam.tenantId, tailspin.tenantId]);
  });

  test('works with a domain as authority and through organizations', async () => {
    const { origin } = new URL(tenant.authority);
    const byDomain = await signIn(createMsal(tenant, network, { authority: `${origin}/fabrikam.example` }));
    expect(byDomain.account.tenantId).toBe(fabrikam.tenantId);
    tenant.updateApplication({ clientId: tenant.clientId, change: { multiTenant: true } });
    const shared = await signIn(createMsal(tenant, network, { authority: `${origin}/organizations` }));
    tenant.updateApplication({ clientId: tenant.clientId, change: { multiTenant: false } });
    expect(shared.account.tenantId).toBe(fabrikam.tenantId);
  });
});

describe('the weak places of MSAL that a network module has to mend are really there', () => {
  const start = (msal: Msal) =>
    msal.acquireTokenByDeviceCode({ scopes: ['User.Read'], deviceCodeCallback: () => {} });

  test('slow_down and declined end the flow without the AADSTS code', async () => {
    tenant.addFault({ endpoint: 'token', type: 'slow_down', times: 1 });
    await expect(start(createMsal(tenant, network))).rejects.toMatchObject({
      errorCode: 'post_request_failed',
    });
    tenant.addFault({ endpoint: 'token', type: 'error', code: 65004, times: 1 });
    await expect(start(createMsal(tenant, network))).rejects.toMatchObject({
      errorCode: 'post_request_failed',
    });
  });

  test('a 503 in JSON without error resolves as a success without an account', async () => {
    tenant.addFault({ endpoint: 'token', type: 'server_error', format: 'json_without_error', times: 1 });
    const result = await start(createMsal(tenant, network));
    expect(result?.accessToken).toBe('');
  });

  test('another user on refresh is passed on silently', async () => {
    const msal = createMsal(tenant, network);
    const { account } = await signIn(msal);
    tenant.addFault({ endpoint: 'token', type: 'another_user', user: 'chiara@fabrikam.example' });
    const result = await msal.acquireTokenSilent({ account, scopes: ['User.Read'], forceRefresh: true });
    expect(result.account?.localAccountId).toBe(fabrikam.users.chiara);
  });

  test('without an interval it polls without a pause', async () => {
    tenant.addFault({ endpoint: 'devicecode', type: 'omit', field: 'interval' });
    tenant.clearRequests();
    const request = { scopes: ['User.Read'], deviceCodeCallback: () => {}, cancel: false };
    const flow = createMsal(tenant, network)
      .acquireTokenByDeviceCode(request)
      .catch((error: unknown) => error);
    const polls = () => tenant.requests().filter(({ endpoint }) => endpoint === 'token').length;
    // With the usual 5 s between them, these would take a minute.
    await expect.poll(polls).toBeGreaterThan(10);
    request.cancel = true;
    expect(await flow).toBeInstanceOf(Error);
  });
});
