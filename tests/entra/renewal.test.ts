import { describe, expect } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { FetchLike } from '../../main/contract/http.ts';
import type { FaultInput } from '../../main/demo/tenant/faults.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { createMemoryCache } from './memory-cache.ts';
import { beginSignIn, it, settlesWithin, signInAs, tokenRequests } from './tenant-fixture.ts';

const ada = 'ada@fabrikam.example';
const databases = ['https://ossrdbms-aad.database.windows.net/.default'];

describe.concurrent('silent renewal', () => {
  it('asks the authority and brings back the same account', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory, cache } = setup.openDirectory(tenant);
    const account = await signInAs(tenant, directory, ada);
    expect(await directory.renew()).toEqual(account);
    expect(tokenRequests(tenant, 'refresh_token')).toHaveLength(1);
    expect(cache.writes).toBe(2);
  });

  it('serves a cached token without a request, also while the authority is away', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory, cache } = setup.openDirectory(tenant);
    await signInAs(tenant, directory, ada);
    tenant.addFault({ type: 'reset', endpoint: 'any' });
    const token = await directory.accessToken([`${tenant.graph}/User.Read`]);
    expect(await directory.graphToken()).toBe(token);
    expect(tokenRequests(tenant, 'refresh_token')).toHaveLength(0);
    expect(cache.writes).toBe(1);
  });

  it('renews a token that has less than five minutes left', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.configure({ accessTokenSeconds: { minimum: 299, maximum: 299 } });
    const { directory } = setup.openDirectory(tenant);
    await signInAs(tenant, directory, ada);
    await directory.accessToken([`${tenant.graph}/User.Read`]);
    expect(tokenRequests(tenant, 'refresh_token')).toHaveLength(1);
  });

  it('gets tokens for another resource with the same refresh token', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    await signInAs(tenant, directory, ada);
    const token = await directory.accessToken(databases);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      aud: string;
    };
    expect(claims.aud).toBe('https://ossrdbms-aad.database.windows.net');
    expect(await directory.accessToken(databases)).toBe(token);
  });

  it('a claims challenge bypasses the cache and reaches the authority together with cp1', async ({
    setup,
  }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    await signInAs(tenant, directory, ada);
    const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: '1' } } });
    const token = await directory.graphToken({ claims });
    const body = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
    expect(body).toMatchObject({ xms_cc: ['cp1'] });
    expect(tokenRequests(tenant, 'refresh_token')[0]?.fields).toContain('claims');
    expect(await directory.graphToken()).toBe(token);
  });

  it('300 at a time: every one gets a token, and none is told that there is no account', async ({
    setup,
  }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    await signInAs(tenant, directory, ada);
    const scopes = [[`${tenant.graph}/User.Read`], databases, [`${tenant.graph}/User.ReadBasic.All`]];
    const results = await Promise.allSettled(
      Array.from({ length: 300 }, (_, index) => directory.accessToken(scopes[index % 3] ?? [])),
    );
    expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(tokenRequests(tenant, 'refresh_token')).toHaveLength(1);
  });

  it('100 at a time with tokens that all have to be renewed, and a restart in between', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.configure({ accessTokenSeconds: { minimum: 60, maximum: 60 } });
    const cache = createMemoryCache();
    const first = setup.openDirectory(tenant, { cache }).directory;
    await signInAs(tenant, first, ada);
    await first.close();
    const { directory } = setup.openDirectory(tenant, { cache });
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, (_, index) =>
        index % 10 === 0 ? directory.renew() : directory.accessToken([`${tenant.graph}/User.Read`]),
      ),
    );
    expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(tokenRequests(tenant, 'refresh_token')).toHaveLength(100);
  });

  it.for([
    ['revoked by an administrator', 50173],
    ['unused for too long', 700082],
    ['older than allowed', 700081],
  ] as const)(
    'a refresh token that is %s (%i): sign-in-required, and nothing is left',
    async ([_why, number], { setup }) => {
      const tenant = await setup.startTenant();
      const { directory, cache } = setup.openDirectory(tenant);
      await signInAs(tenant, directory, ada);
      if (number === 50173) tenant.revoke({ user: ada });
      else tenant.expireRefreshTokens({ user: ada, code: number });
      await expect(directory.renew()).rejects.toMatchObject({
        code: 'sign-in-required',
        entra: { aadsts: number, error: 'invalid_grant', traceId: expect.any(String) as string },
      });
      expect(cache.bytes).toBeUndefined();
      await expect(directory.restore()).resolves.toBeUndefined();
      await expect(directory.graphToken()).rejects.toMatchObject({ code: 'sign-in-required' });
    },
  );

  it('a disabled user: account-disabled, and nothing is left', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory, cache } = setup.openDirectory(tenant);
    await signInAs(tenant, directory, ada);
    tenant.setUserEnabled({ user: ada, enabled: false });
    await expect(directory.renew()).rejects.toMatchObject({
      code: 'account-disabled',
      entra: { aadsts: 50057 },
    });
    expect(cache.bytes).toBeUndefined();
  });

  it('a deleted user: account-disabled', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    await signInAs(tenant, directory, ada);
    tenant.deleteUser({ user: ada });
    await expect(directory.renew()).rejects.toMatchObject({
      code: 'account-disabled',
      entra: { aadsts: 500341 },
    });
  });

  it.for([[53003], [50076], [50105]] as const)(
    'a policy against this renewal (%i): sign-in-required with the claims, but the sign-in is kept',
    async ([number], { setup }) => {
      const tenant = await setup.startTenant();
      const { directory, cache } = setup.openDirectory(tenant);
      await signInAs(tenant, directory, ada);
      tenant.addFault({ type: 'error', endpoint: 'token', code: number, claims: { x: 1 }, times: 1 });
      await expect(directory.renew()).rejects.toMatchObject({
        code: 'sign-in-required',
        entra: { aadsts: number, claims: '{"x":1}' },
      });
      expect(cache.clears).toBe(0);
      await expect(directory.renew()).resolves.toMatchObject({ objectId: fabrikam.users.ada });
    },
  );

  it.for([[50173], [50078], [70043], [7_654_321]] as const)(
    'a token for a database that is refused (%i) leaves the sign-in',
    async ([number], { setup }) => {
      const tenant = await setup.startTenant();
      const refusing: FetchLike = (url, init) =>
        String(init.body ?? '').includes('database.windows.net')
          ? Promise.resolve(Response.json({ error: 'invalid_grant', error_codes: [number] }, { status: 400 }))
          : setup.trustingFetch(tenant)(url, init);
      const { directory, cache } = setup.openDirectory(tenant, { fetch: refusing });
      const account = await signInAs(tenant, directory, ada);
      await expect(directory.databaseToken(databases, account)).rejects.toMatchObject({
        entra: { aadsts: number },
      });
      expect(cache.clears).toBe(0);
      expect(await directory.renew()).toEqual(account);
    },
  );

  it.for([
    [404, { error: 'not_found' }],
    [401, { error: 'unauthorized' }],
    [403, { error: 'access_denied', error_description: 'by the proxy' }],
    [400, { error: 'blocked' }],
  ] as const)(
    '%i %j is no answer of the authority, so the sign-in is kept',
    async ([status, body], { setup }) => {
      const tenant = await setup.startTenant();
      const trusting = setup.trustingFetch(tenant);
      let isInBetween = false;
      const { directory, cache } = setup.openDirectory(tenant, {
        fetch: (url, init) =>
          isInBetween ? Promise.resolve(Response.json(body, { status })) : trusting(url, init),
      });
      await signInAs(tenant, directory, ada);
      isInBetween = true;
      await expect(directory.renew()).rejects.toMatchObject({ code: 'authority-unreachable' });
      expect(cache.clears).toBe(0);
    },
  );

  it('without a refresh token the sign-in lives as long as its access token', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    tenant.addFault({ type: 'omit', endpoint: 'token', field: 'refresh_token' });
    const account = await signInAs(tenant, directory, ada);
    expect(await directory.renew()).toEqual(account);
    await expect(directory.graphToken()).resolves.toBeTruthy();
  });

  it('another user comes back: wrong-account, the sign-in has ended, nothing of either is left', async ({
    setup,
  }) => {
    const tenant = await setup.startTenant();
    const { directory, cache } = setup.openDirectory(tenant);
    await signInAs(tenant, directory, ada);
    const seen: string[] = [];
    const { write } = cache;
    cache.write = async (bytes) => {
      seen.push(new TextDecoder().decode(bytes));
      await write(bytes);
    };
    tenant.addFault({ type: 'another_user', endpoint: 'token', user: 'chiara@fabrikam.example' });
    await expect(directory.renew()).rejects.toMatchObject({ code: 'wrong-account' });
    expect(cache.bytes).toBeUndefined();
    expect(seen).toEqual([]);
    await expect(directory.graphToken()).rejects.toMatchObject({ code: 'sign-in-required' });
  });

  it('another user comes back for an access token: the same', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory, cache } = setup.openDirectory(tenant);
    await signInAs(tenant, directory, ada);
    tenant.addFault({ type: 'another_user', endpoint: 'token', user: 'chiara@fabrikam.example' });
    await expect(directory.accessToken(databases)).rejects.toMatchObject({ code: 'wrong-account' });
    expect(cache.bytes).toBeUndefined();
  });

  it.for([
    ['reset', { type: 'reset', endpoint: 'token' }],
    ['an HTML 503', { type: 'server_error', endpoint: 'token', format: 'html' }],
    [
      'a JSON 503 without an error',
      { type: 'server_error', endpoint: 'token', format: 'json_without_error' },
    ],
    ['429', { type: 'throttle', endpoint: 'token', retryAfter: 60 }],
  ] as [string, FaultInput][])('%s: unknown, so the sign-in is kept', async ([_title, fault], { setup }) => {
    const tenant = await setup.startTenant();
    let now = Date.now();
    const { directory, cache } = setup.openDirectory(tenant, { now: () => now });
    const account = await signInAs(tenant, directory, ada);
    const stored = cache.text();
    tenant.addFault(fault);
    await expect(directory.renew()).rejects.toMatchObject({ code: 'authority-unreachable' });
    expect(cache.text()).toBe(stored);
    tenant.clearFaults();
    // Nobody is asked before the minute is over.
    if (fault.type === 'throttle') {
      const asked = tokenRequests(tenant, 'refresh_token').length;
      await expect(directory.renew()).rejects.toMatchObject({
        code: 'authority-unreachable',
        remedy: expect.stringMatching(/^Try again in \d+ seconds \(after/) as string,
      });
      await expect(directory.databaseToken(databases, account)).rejects.toMatchObject({
        code: 'authority-unreachable',
      });
      expect(tokenRequests(tenant, 'refresh_token')).toHaveLength(asked);
      now += 63_000;
    }
    expect(await directory.renew()).toEqual(account);
  });

  it('one reset is tried again', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    const account = await signInAs(tenant, directory, ada);
    tenant.addFault({ type: 'reset', endpoint: 'token', times: 1 });
    expect(await directory.renew()).toEqual(account);
  });

  it('a renewal that cannot be stored still counts, and is logged without secrets', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory, cache, lines } = setup.openDirectory(tenant);
    const account = await signInAs(tenant, directory, ada);
    cache.write = async () => {
      throw new LatchkeyError('store-failed', 'The disk is full.');
    };
    expect(await directory.renew()).toEqual(account);
    expect(lines).toEqual(['the renewed tokens could not be stored: store-failed']);
  });
});

describe.concurrent('a tenant that has consented to User.Read only', () => {
  const onlyProfile = (clientId: string) => ({
    clientId,
    change: { consentedScopes: ['User.Read'], userConsentAllowed: false },
  });

  it('signs people in all the same and gives a token without names of groups', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.updateApplication(onlyProfile(tenant.clientId));
    const { directory, lines, cache } = setup.openDirectory(tenant);
    await signInAs(tenant, directory, ada);
    const token = await directory.graphToken();
    expect(await directory.graphToken()).toBe(token);
    // Asked once for the missing permission, not at each call.
    expect(tokenRequests(tenant, 'refresh_token').map(({ error }) => error)).toEqual([65001]);
    expect(lines.join()).toContain('GroupMember.Read.All');
    expect(cache.clears).toBe(0);
  });

  it('asks for them again after ten minutes', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.updateApplication(onlyProfile(tenant.clientId));
    let later = 0;
    const { directory } = setup.openDirectory(tenant, { now: () => Date.now() + later });
    await signInAs(tenant, directory, ada);
    await directory.graphToken();
    tenant.updateApplication({
      clientId: tenant.clientId,
      change: { consentedScopes: ['User.Read', 'GroupMember.Read.All'] },
    });
    later = 10 * 60_000;
    const token = await directory.graphToken();
    const { scp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      scp: string;
    };
    expect(scp).toContain('GroupMember.Read.All');
  });
});

describe.concurrent('the stored sign-in', () => {
  it('is restored without the network', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const cache = createMemoryCache();
    const account = await signInAs(tenant, setup.openDirectory(tenant, { cache }).directory, ada);
    tenant.addFault({ type: 'reset', endpoint: 'any' });
    tenant.clearRequests();
    expect(await setup.openDirectory(tenant, { cache }).directory.restore()).toEqual(account);
    expect(tenant.requests()).toEqual([]);
  });

  it('is renewed after a restart', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const cache = createMemoryCache();
    const account = await signInAs(tenant, setup.openDirectory(tenant, { cache }).directory, ada);
    expect(await setup.openDirectory(tenant, { cache }).directory.renew()).toEqual(account);
  });

  it('nothing stored: nobody, and sign-in-required', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    expect(await directory.restore()).toBeUndefined();
    await expect(directory.renew()).rejects.toMatchObject({ code: 'sign-in-required' });
    expect(tenant.requests()).toEqual([]);
  });

  it('damaged: removed, sign-in-required, and a new sign-in works', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const good = createMemoryCache();
    await signInAs(tenant, setup.openDirectory(tenant, { cache: good }).directory, ada);
    const text = good.text();
    const damaged = [
      '',
      'no json',
      '[]',
      '{}',
      text.slice(0, text.length / 2),
      text.replace('"RefreshToken"', '"RefreshTokem"'),
      text.replace(/"homeAccountId":"[^"]+"/, '"homeAccountId":"nobody"'),
      text.replace(/"tenantProfiles":\[[^\]]*\]/, '"tenantProfiles":["{"]'),
    ];
    for (const each of damaged) {
      expect(each).not.toBe(text);
      const cache = createMemoryCache(new TextEncoder().encode(each));
      const { directory } = setup.openDirectory(tenant, { cache });
      await expect(directory.renew(), each.slice(0, 40)).rejects.toMatchObject({ code: 'sign-in-required' });
      expect(cache.bytes).toBeUndefined();
      await expect(directory.restore()).resolves.toBeUndefined();
      const { code, done } = beginSignIn(directory);
      tenant.complete({ userCode: (await code).userCode, user: ada });
      await expect(done).resolves.toMatchObject({ objectId: fabrikam.users.ada });
    }
  });

  it('restore says that it was damaged, once', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const cache = createMemoryCache(new Uint8Array([0xff, 0xfe]));
    const { directory } = setup.openDirectory(tenant, { cache });
    await expect(directory.restore()).rejects.toMatchObject({ code: 'sign-in-required' });
    await expect(directory.restore()).resolves.toBeUndefined();
  });

  it('a seal that does not open is removed; a locked keychain is not', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const broken = createMemoryCache(new Uint8Array(4));
    broken.read = async () => {
      throw new LatchkeyError('sealed-unreadable', 'The seal is broken.');
    };
    await expect(setup.openDirectory(tenant, { cache: broken }).directory.restore()).rejects.toMatchObject({
      code: 'sign-in-required',
    });
    expect(broken.clears).toBe(1);
    const locked = createMemoryCache(new Uint8Array(4));
    locked.read = async () => {
      throw new LatchkeyError('seal-unavailable', 'The keychain is locked.');
    };
    await expect(setup.openDirectory(tenant, { cache: locked }).directory.restore()).rejects.toMatchObject({
      code: 'seal-unavailable',
    });
    expect(locked.clears).toBe(0);
  });

  it('of another application, tenant or authority is not used and is removed', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const good = createMemoryCache();
    await signInAs(tenant, setup.openDirectory(tenant, { cache: good }).directory, ada);
    for (const change of [{ applicationId: fabrikam.users.ada }, { tenant: 'fabrikam.example' }]) {
      const cache = createMemoryCache(good.bytes);
      expect(await setup.openDirectory(tenant, { cache, ...change }).directory.restore()).toBeUndefined();
      expect(cache.bytes).toBeUndefined();
    }
  });

  it('sign-out leaves nothing in store or memory', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory, cache } = setup.openDirectory(tenant);
    await signInAs(tenant, directory, ada);
    await directory.signOut();
    expect(cache.bytes).toBeUndefined();
    expect(await directory.restore()).toBeUndefined();
    await expect(directory.graphToken()).rejects.toMatchObject({ code: 'sign-in-required' });
    await expect(directory.renew()).rejects.toMatchObject({ code: 'sign-in-required' });
    expect(tokenRequests(tenant, 'refresh_token')).toHaveLength(0);
    await expect(signInAs(tenant, directory, ada)).resolves.toMatchObject({ objectId: fabrikam.users.ada });
  });

  it('sign-out during a renewal does not wait for it, and the renewal keeps nothing', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory, cache } = setup.openDirectory(tenant);
    await signInAs(tenant, directory, ada);
    tenant.addFault({ type: 'hang', endpoint: 'token' });
    const renewal = directory.renew();
    renewal.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await settlesWithin(500, Promise.allSettled([directory.signOut(), renewal]))).toBe(true);
    await expect(renewal).rejects.toMatchObject({ code: 'sign-in-required' });
    expect(cache.bytes).toBeUndefined();
  });

  it('after close everything is refused and the stored sign-in stays', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory, cache } = setup.openDirectory(tenant);
    await signInAs(tenant, directory, ada);
    await directory.close();
    await expect(directory.graphToken()).rejects.toMatchObject({ code: 'broker-not-running' });
    await expect(directory.restore()).rejects.toMatchObject({ code: 'broker-not-running' });
    await expect(beginSignIn(directory).done).rejects.toMatchObject({ code: 'broker-not-running' });
    expect(cache.bytes).toBeDefined();
  });
});
