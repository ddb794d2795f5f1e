import { describe, expect } from 'vitest';
import type { LatchkeyError } from '../../main/contract/errors.ts';
import type { LocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { createDirectory } from '../../main/entra/graph/graph.ts';
import { endsSession } from '../../main/session/ending.ts';
import type { FetchLike } from '../../main/contract/http.ts';
import { beginBrowserSignIn, createSystemBrowser, signInOnPage, visit } from './system-browser.ts';
import { beginSignIn, it, signInAs, tokenRequests, type Setup } from './tenant-fixture.ts';

const ada = 'ada@fabrikam.example';

interface Challenge {
  access_token: { nbf?: { essential: boolean; value: string }; xms_cc?: unknown; capolids?: unknown };
}

/** Ada signed in, with Graph behind, and a record of the claims that go to the authority in request bodies. */
async function start(setup: Setup) {
  const tenant = await setup.startTenant();
  const trusting = setup.trustingFetch(tenant);
  const sent: { path: string; claims: Challenge }[] = [];
  const fetch: FetchLike = (url, init) => {
    const claims = new URLSearchParams(String(init.body ?? '')).get('claims');
    if (claims !== null) sent.push({ path: new URL(url).pathname, claims: JSON.parse(claims) as Challenge });
    return trusting(url, init);
  };
  const { directory, cache } = setup.openDirectory(tenant, { fetch });
  const graph = createDirectory({ origin: tenant.graph, fetch, accessToken: directory.graphToken });
  await signInAs(tenant, directory, ada);
  return { tenant, directory, cache, graph, sent };
}

const caught = async (promise: Promise<unknown>) =>
  (await promise.then(
    () => undefined,
    (error: unknown) => error,
  )) as LatchkeyError;

/** The challenge in what Graph refused, and that it ends the session. */
function challengeIn(error: LatchkeyError): string {
  expect(error.code).toBe('sign-in-required');
  expect(endsSession.has(error.code)).toBe(true);
  const { claims } = error.entra ?? {};
  if (claims === undefined) throw new Error('no claims for the next sign-in');
  return claims;
}

function graphStatuses(tenant: LocalTenant) {
  return tenant
    .requests()
    .filter(({ endpoint }) => endpoint === 'graph')
    .map(({ status }) => status);
}

describe.concurrent("Graph's claims challenge (continuous access evaluation)", () => {
  it('is met silently where the refresh token still stands', async ({ setup }) => {
    const { tenant, graph, sent } = await start(setup);
    tenant.challenge({ user: ada });
    sent.splice(0);
    expect((await graph.groups()).groups).toHaveLength(4);
    expect(graphStatuses(tenant)).toEqual([401, 200]);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.claims.access_token.nbf).toMatchObject({ essential: true });
    expect(sent[0]?.claims.access_token.xms_cc).toEqual({ values: ['cp1'] });
  });

  it('is handed to the next sign-in where it does not: by device code', async ({ setup }) => {
    const { tenant, directory, cache, graph, sent } = await start(setup);
    tenant.revoke({ user: ada });
    const refusal = await caught(graph.groups());
    expect(refusal.entra).toMatchObject({ aadsts: 50173 });
    const claims = challengeIn(refusal);
    expect(cache.bytes).toBeUndefined();
    sent.splice(0);
    const { code, done } = beginSignIn(directory, { claims });
    tenant.complete({ userCode: (await code).userCode, user: ada });
    await done;
    const { nbf } = (JSON.parse(claims) as Challenge).access_token;
    expect(nbf?.essential).toBe(true);
    expect(sent.map(({ path }) => path.split('/').at(-1))).toEqual(
      expect.arrayContaining(['devicecode', 'token']),
    );
    for (const each of sent) expect(each.claims.access_token).toMatchObject({ nbf });
    expect((await graph.groups()).groups).toHaveLength(4);
    expect(graphStatuses(tenant)).toEqual([401, 200]);
  });

  it('and through the browser', async ({ setup }) => {
    const { tenant, directory, graph, sent } = await start(setup);
    tenant.revoke({ user: ada });
    const claims = challengeIn(await caught(graph.groups()));
    sent.splice(0);
    const browser = createSystemBrowser(setup, tenant);
    const { url, done } = beginBrowserSignIn(directory, { claims, loginHint: ada });
    const asked = JSON.parse(new URL(await url).searchParams.get('claims') ?? '') as Challenge;
    const { nbf } = (JSON.parse(claims) as Challenge).access_token;
    expect(asked.access_token).toMatchObject({ nbf, xms_cc: { values: ['cp1'] } });
    await visit(await signInOnPage(browser, await url, ada));
    await done;
    expect(sent.map(({ path }) => path.split('/').at(-1))).toEqual(['token']);
    expect(sent[0]?.claims.access_token).toMatchObject({ nbf });
    expect((await graph.groups()).groups).toHaveLength(4);
    expect(graphStatuses(tenant)).toEqual([401, 200]);
  });

  it('of an account that was disabled meanwhile: no sign-in would help', async ({ setup }) => {
    const { tenant, graph } = await start(setup);
    tenant.setUserEnabled({ user: ada, enabled: false });
    const refusal = await caught(graph.groups());
    expect(refusal).toMatchObject({ code: 'account-disabled', entra: { aadsts: 50057 } });
    expect(endsSession.has(refusal.code)).toBe(true);
  });
});

describe.concurrent("the authority's own challenge", () => {
  it('a policy that asks for MFA from now on: the claims, and a sign-in with them', async ({ setup }) => {
    const { tenant, directory, cache } = await start(setup);
    const { id } = tenant.putPolicy({ policy: { displayName: 'MFA', effect: 'require_mfa' } });
    const refusal = await caught(directory.renew());
    expect(refusal).toMatchObject({ code: 'sign-in-required', entra: { aadsts: 50076 } });
    const claims = challengeIn(refusal);
    expect(claims).toContain(id);
    expect(cache.bytes).toBeDefined();
    const browser = createSystemBrowser(setup, tenant);
    const { url, done } = beginBrowserSignIn(directory, { claims });
    expect(new URL(await url).searchParams.get('claims')).toContain(id);
    await browser.open(await url);
    expect(await browser.press(ada)).toBeUndefined();
    await visit((await browser.press('Approve')) ?? '');
    await expect(done).resolves.toMatchObject({ objectId: fabrikam.users.ada });
    await expect(directory.renew()).resolves.toMatchObject({ objectId: fabrikam.users.ada });
    expect(tokenRequests(tenant, 'refresh_token').map(({ status }) => status)).toEqual([400, 200]);
  });

  it('wins over the one that was passed on', async ({ setup }) => {
    const { tenant, directory } = await start(setup);
    tenant.addFault({ type: 'error', endpoint: 'token', code: 50076, claims: { theirs: 1 }, times: 1 });
    const refusal = await caught(directory.graphToken({ claims: '{"access_token":{}}' }));
    expect(challengeIn(refusal)).toBe('{"theirs":1}');
  });
});

describe.concurrent('granted scopes', () => {
  it('are those of the present token for Graph, and none while nobody is signed in', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    expect(await directory.grantedScopes()).toBeUndefined();
    await signInAs(tenant, directory, ada);
    tenant.clearRequests();
    expect((await directory.grantedScopes())?.toSorted()).toEqual([
      'GroupMember.Read.All',
      'User.Read',
      'User.ReadBasic.All',
    ]);
    await directory.accessToken(['https://database.windows.net/.default']);
    expect(await directory.grantedScopes()).toHaveLength(3);
    expect(tenant.requests().filter(({ endpoint }) => endpoint !== 'discovery')).toHaveLength(1);
    await directory.signOut();
    expect(await directory.grantedScopes()).toBeUndefined();
  });

  it('follow the consent with the next renewal, in both directions', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const consent = (consentedScopes: string[]) =>
      tenant.updateApplication({
        clientId: tenant.clientId,
        change: { consentedScopes, userConsentAllowed: false },
      });
    consent(['User.Read']);
    const { directory } = setup.openDirectory(tenant);
    await signInAs(tenant, directory, ada);
    expect(await directory.grantedScopes()).toEqual(['User.Read']);
    consent(['User.Read', 'User.ReadBasic.All']);
    await directory.renew();
    expect((await directory.grantedScopes())?.toSorted()).toEqual(['User.Read', 'User.ReadBasic.All']);
    consent(['User.Read']);
    await directory.renew();
    expect(await directory.grantedScopes()).toEqual(['User.Read']);
  });
});
