import { describe, expect } from 'vitest';
import type { LocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import { fabrikam, tailspin } from '../../main/demo/tenant/organisation.ts';
import { createFetch } from '../../main/base/http.ts';
import { createMemoryCache } from './memory-cache.ts';
import { beginSignIn, it, settlesWithin, signInAs, tokenRequests } from './tenant-fixture.ts';

const ada = 'ada@fabrikam.example';

/** Milliseconds between the polls. */
function pollGaps(tenant: LocalTenant): number[] {
  const times = tokenRequests(tenant, 'device_code').map(({ time }) => Date.parse(time));
  return times.slice(1).map((time, index) => time - (times[index] ?? 0));
}

describe.concurrent('sign-in by device code', () => {
  it('shows code, page and expiry, and then knows who it was', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory, cache, lines } = setup.openDirectory(tenant);
    const { code, done } = beginSignIn(directory);
    const shown = await code;
    expect(shown.userCode).toMatch(/^[A-Z]{9}$/);
    expect(shown.verificationUri).toBe(tenant.verificationUri);
    expect(shown.expiresAt - Date.now()).toBeGreaterThan(890_000);
    expect(Object.keys(shown)).not.toContain('deviceCode');
    tenant.complete({ userCode: shown.userCode, user: ada });
    const account = {
      provider: 'work',
      tenantId: fabrikam.tenantId,
      objectId: fabrikam.users.ada,
      username: ada,
      displayName: 'Ada Marsh',
    };
    expect(await done).toEqual(account);
    expect(await directory.restore()).toEqual(account);
    expect(cache.writes).toBe(1);
    expect(lines).toEqual([]);
    const [request] = tenant.requests().filter(({ endpoint }) => endpoint === 'devicecode');
    expect(request?.values['scope']?.split(' ').toSorted()).toEqual(
      [`${tenant.graph}/User.Read`, 'offline_access', 'openid', 'profile'].toSorted(),
    );
  });

  it('polls at the pace of the authority while nobody enters the code', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.configure({ enforceInterval: true });
    const { directory } = setup.openDirectory(tenant);
    const { code, done } = beginSignIn(directory);
    const { userCode } = await code;
    await new Promise((resolve) => setTimeout(resolve, 2500));
    tenant.complete({ userCode, user: ada });
    await done;
    for (const gap of pollGaps(tenant)) expect(gap).toBeGreaterThanOrEqual(1000);
    expect(tokenRequests(tenant, 'device_code').map(({ error }) => error)).not.toContain(90055);
  });

  it('slow_down: five seconds more from then on, and still a success', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.addFault({ type: 'slow_down', endpoint: 'token', times: 1 });
    const { directory } = setup.openDirectory(tenant);
    await expect(signInAs(tenant, directory, ada)).resolves.toMatchObject({ objectId: fabrikam.users.ada });
    expect(pollGaps(tenant)).toHaveLength(1);
    expect(pollGaps(tenant)[0]).toBeGreaterThanOrEqual(5950);
  });

  it('declined: says so with the number and trace id, and keeps nothing', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory, cache } = setup.openDirectory(tenant);
    const { code, done } = beginSignIn(directory);
    tenant.decline({ userCode: (await code).userCode });
    await expect(done).rejects.toMatchObject({
      code: 'sign-in-declined',
      entra: {
        aadsts: 65004,
        error: 'authorization_declined',
        traceId: expect.stringMatching(/^[\da-f-]{36}$/) as string,
      },
    });
    expect(cache.writes).toBe(0);
  });

  it('expired at the authority (70020): code-expired', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    const { code, done } = beginSignIn(directory);
    tenant.expire({ userCode: (await code).userCode });
    await expect(done).rejects.toMatchObject({ code: 'code-expired', entra: { aadsts: 70020 } });
  });

  it('expired by our own clock: code-expired at that moment, even when the next poll is far', async ({
    setup,
  }) => {
    const tenant = await setup.startTenant();
    tenant.configure({ deviceCodeSeconds: 2, intervalSeconds: 30 });
    const { directory } = setup.openDirectory(tenant);
    const { code, done } = beginSignIn(directory);
    const { expiresAt } = await code;
    expect(await settlesWithin(expiresAt - Date.now() - 20, done)).toBe(false);
    expect(await settlesWithin(200, done)).toBe(true);
    await expect(done).rejects.toMatchObject({ code: 'code-expired' });
  });

  it('an outage until the code expires is named in the error', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.configure({ deviceCodeSeconds: 2 });
    tenant.addFault({ type: 'server_error', endpoint: 'token', status: 503 });
    const { directory } = setup.openDirectory(tenant);
    await expect(beginSignIn(directory).done).rejects.toMatchObject({
      code: 'code-expired',
      message: expect.stringContaining('HTTP 503') as string,
    });
  });

  it('bad_verification_code (70018): a new code is needed', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.addFault({ type: 'error', endpoint: 'token', code: 70018 });
    const { directory } = setup.openDirectory(tenant);
    await expect(beginSignIn(directory).done).rejects.toMatchObject({
      code: 'code-expired',
      entra: { aadsts: 70018 },
    });
  });

  it('invalid_grant while polling keeps number, suberror, claims and ids', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const claims = { access_token: { capolids: { essential: true } } };
    tenant.addFault({ type: 'error', endpoint: 'token', code: 53003, claims });
    const { directory } = setup.openDirectory(tenant);
    await expect(beginSignIn(directory).done).rejects.toMatchObject({
      code: 'sign-in-blocked',
      remedy: expect.stringContaining('browser') as string,
      entra: {
        aadsts: 53003,
        error: 'invalid_grant',
        suberror: 'message_only',
        claims: JSON.stringify(claims),
        traceId: expect.any(String) as string,
        correlationId: expect.any(String) as string,
      },
    });
  });

  it.for([
    [50105, 'sign-in-refused'],
    [530036, 'sign-in-blocked'],
    [53000, 'sign-in-blocked'],
    [7000218, 'sign-in-refused'],
    [50020, 'wrong-tenant'],
    [65001, 'sign-in-refused'],
  ] as const)('%i while polling: %s', async ([number, code], { setup }) => {
    const tenant = await setup.startTenant();
    tenant.addFault({ type: 'error', endpoint: 'token', code: number });
    const { directory } = setup.openDirectory(tenant);
    await expect(beginSignIn(directory).done).rejects.toMatchObject({ code, entra: { aadsts: number } });
  });

  it('an unknown application (700016 from devicecode): no code is shown and nothing polled', async ({
    setup,
  }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant, { applicationId: fabrikam.users.ada });
    const { code, done } = beginSignIn(directory);
    await expect(done).rejects.toMatchObject({ code: 'application-unknown', entra: { aadsts: 700016 } });
    await expect(code).rejects.toMatchObject({ code: 'application-unknown' });
    expect(tokenRequests(tenant, 'device_code')).toHaveLength(0);
  });

  it.for([fabrikam.users.ada, 'nobody.example'])('an unknown tenant (90002): %s', async (name, { setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant, { tenant: name });
    await expect(beginSignIn(directory).done).rejects.toMatchObject({
      code: 'tenant-unknown',
      entra: { aadsts: 90002 },
    });
  });

  it('no interval: 5 s, not 400 requests a second', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.addFault({ type: 'omit', endpoint: 'devicecode', field: 'interval' });
    const { directory } = setup.openDirectory(tenant);
    const { code, done, cancel } = beginSignIn(directory);
    await code;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(tokenRequests(tenant, 'device_code')).toHaveLength(1);
    cancel();
    await expect(done).rejects.toMatchObject({ code: 'sign-in-cancelled' });
  });

  it('no expires_in: 900 s', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.addFault({ type: 'omit', endpoint: 'devicecode', field: 'expires_in' });
    const { directory } = setup.openDirectory(tenant);
    const { code, cancel, done } = beginSignIn(directory);
    expect((await code).expiresAt - Date.now()).toBeLessThanOrEqual(900_000);
    expect((await code).expiresAt - Date.now()).toBeGreaterThan(890_000);
    cancel();
    await expect(done).rejects.toMatchObject({ code: 'sign-in-cancelled' });
  });

  it.for([
    ['a reset connection', { type: 'reset' }],
    ['an HTML 503', { type: 'server_error', status: 503, format: 'html' }],
    ['a JSON 503', { type: 'server_error', status: 503, format: 'json' }],
    ['a JSON 503 without an error', { type: 'server_error', status: 503, format: 'json_without_error' }],
    ['429', { type: 'throttle' }],
    ['truncated JSON', { type: 'truncate' }],
  ] as const)('%s while polling is only a pause', async ([_title, fault], { setup }) => {
    const tenant = await setup.startTenant();
    tenant.addFault({ ...fault, endpoint: 'token', times: 2 });
    const { directory, cache, lines } = setup.openDirectory(tenant);
    const { code, done } = beginSignIn(directory);
    const { userCode } = await code;
    // The fault strikes while the code is not yet used: a truncated success would use it up.
    while (tokenRequests(tenant, 'device_code').length < 2)
      await new Promise((resolve) => setTimeout(resolve, 50));
    tenant.complete({ userCode, user: ada });
    await expect(done).resolves.toMatchObject({ objectId: fabrikam.users.ada });
    expect(tokenRequests(tenant, 'device_code')).toHaveLength(3);
    expect(cache.writes).toBe(1);
    expect(lines).toHaveLength(2);
  });

  it('429 with Retry-After while polling is waited out', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.addFault({ type: 'throttle', endpoint: 'token', retryAfter: 3, times: 1 });
    const { directory } = setup.openDirectory(tenant);
    await expect(signInAs(tenant, directory, ada)).resolves.toMatchObject({ objectId: fabrikam.users.ada });
    expect(pollGaps(tenant)).toHaveLength(1);
    expect(pollGaps(tenant)[0]).toBeGreaterThanOrEqual(2950);
  });

  it.for([
    ['reset', { type: 'reset' }],
    ['an HTML 503', { type: 'server_error', format: 'html' }],
    ['429 with Retry-After', { type: 'throttle', retryAfter: 1 }],
  ] as const)('one %s at the request for a code is tried again', async ([_title, fault], { setup }) => {
    const tenant = await setup.startTenant();
    tenant.addFault({ ...fault, endpoint: 'devicecode', times: 1 });
    const { directory } = setup.openDirectory(tenant);
    await expect(signInAs(tenant, directory, ada)).resolves.toMatchObject({ objectId: fabrikam.users.ada });
  });

  it('a lasting fault there is authority-unreachable', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.addFault({ type: 'server_error', endpoint: 'devicecode', format: 'json_without_error' });
    const { directory } = setup.openDirectory(tenant);
    await expect(beginSignIn(directory).done).rejects.toMatchObject({
      code: 'authority-unreachable',
      message: expect.stringContaining('HTTP 503') as string,
    });
    expect(tenant.requests().filter(({ endpoint }) => endpoint === 'devicecode')).toHaveLength(3);
  });

  it('429 that asks for minutes is not waited for but named', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.addFault({ type: 'throttle', endpoint: 'devicecode', retryAfter: 120 });
    const { directory } = setup.openDirectory(tenant);
    await expect(beginSignIn(directory).done).rejects.toMatchObject({
      code: 'authority-unreachable',
      remedy: expect.stringMatching(/in 2 minutes \(after \d\d:\d\d\)/) as string,
    });
  });

  it('nobody listens: authority-unreachable with the reason', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    await tenant.close();
    await expect(beginSignIn(directory).done).rejects.toMatchObject({
      code: 'authority-unreachable',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it('a certificate that is not trusted: authority-unreachable, and what to do about proxies', async ({
    setup,
  }) => {
    const tenant = await setup.startTenant();
    const { fetch, close } = createFetch();
    setup.onClose(close);
    const { directory } = setup.openDirectory(tenant, { fetch });
    await expect(beginSignIn(directory).done).rejects.toMatchObject({
      code: 'authority-unreachable',
      message: expect.stringContaining('certificate') as string,
    });
  });

  it('a user with multifactor authentication goes through it on the page', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    await expect(signInAs(tenant, directory, 'bruno@fabrikam.example')).resolves.toMatchObject({
      objectId: fabrikam.users.bruno,
    });
  });

  it('a tenant by its domain, and a guest with the id of this tenant', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant, { tenant: 'Fabrikam.example' });
    await expect(signInAs(tenant, directory, 'ines@tailspin.example')).resolves.toMatchObject({
      tenantId: fabrikam.tenantId,
      objectId: fabrikam.users.guest,
    });
  });

  it('one at a time: the second is sign-in-busy, and the first goes on', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    const first = beginSignIn(directory);
    await expect(beginSignIn(directory).done).rejects.toMatchObject({ code: 'sign-in-busy' });
    tenant.complete({ userCode: (await first.code).userCode, user: ada });
    await expect(first.done).resolves.toMatchObject({ objectId: fabrikam.users.ada });
    const third = beginSignIn(directory);
    await third.code;
    third.cancel();
    await expect(third.done).rejects.toMatchObject({ code: 'sign-in-cancelled' });
  });

  it('another account than the expected one: wrong-account, and the one before stays', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory, cache } = setup.openDirectory(tenant);
    const before = await signInAs(tenant, directory, ada);
    const stored = cache.text();
    await expect(
      signInAs(tenant, directory, 'chiara@fabrikam.example', { expectedAccount: before }),
    ).rejects.toMatchObject({ code: 'wrong-account' });
    expect(cache.text()).toBe(stored);
    expect(await directory.restore()).toEqual(before);
  });

  it('an account of another tenant than the expected one: wrong-tenant', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory, cache } = setup.openDirectory(tenant);
    const expectedAccount = { tenantId: tailspin.tenantId, objectId: fabrikam.users.ada };
    await expect(signInAs(tenant, directory, ada, { expectedAccount })).rejects.toMatchObject({
      code: 'wrong-tenant',
    });
    expect(cache.writes).toBe(0);
  });

  it('a new sign-in replaces the one before and none of its tokens stay', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory, cache } = setup.openDirectory(tenant);
    await signInAs(tenant, directory, ada);
    await signInAs(tenant, directory, 'chiara@fabrikam.example');
    expect(cache.text()).not.toContain(fabrikam.users.ada);
    expect(await directory.restore()).toMatchObject({ objectId: fabrikam.users.chiara });
  });

  it('a store that cannot be written: the error is passed on and nobody is signed in', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const cache = createMemoryCache();
    cache.write = async () => {
      throw new Error('disk full');
    };
    const { directory } = setup.openDirectory(tenant, { cache });
    await expect(signInAs(tenant, directory, ada)).rejects.toThrow('disk full');
    await expect(directory.restore()).resolves.toBeUndefined();
  });
});
