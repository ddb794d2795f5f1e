import { describe, expect } from 'vitest';
import type { FaultInput } from '../../main/demo/tenant/faults.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import type { FetchLike } from '../../main/contract/http.ts';
import { createMemoryCache } from './memory-cache.ts';
import { beginSignIn, it, settlesWithin, signInAs, tokenRequests } from './tenant-fixture.ts';

const ada = 'ada@fabrikam.example';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Cancels; the sign-in has to end at once, with `sign-in-cancelled`. */
async function cancelAtOnce({ cancel, done }: ReturnType<typeof beginSignIn>): Promise<void> {
  cancel();
  expect(await settlesWithin(500, done)).toBe(true);
  await expect(done).rejects.toMatchObject({ code: 'sign-in-cancelled' });
}

describe.concurrent('cancelling a sign-in', () => {
  const phases: [string, FaultInput][] = [
    ['while discovery hangs', { type: 'hang', endpoint: 'discovery' }],
    ['while the request for a code hangs', { type: 'hang', endpoint: 'devicecode' }],
    ['while it waits to try that request again', { type: 'throttle', endpoint: 'devicecode', retryAfter: 9 }],
    ['while a poll hangs', { type: 'hang', endpoint: 'token' }],
    ['between two polls', { type: 'latency', endpoint: 'keys', milliseconds: 1 }],
    ['while it slows down', { type: 'slow_down', endpoint: 'token' }],
    ['while it waits for Retry-After', { type: 'throttle', endpoint: 'token', retryAfter: 60 }],
  ];

  it.for(phases)('%s: at once, and nothing is sent afterwards', async ([_title, fault], { setup }) => {
    const tenant = await setup.startTenant();
    tenant.addFault(fault);
    let ahead = 0;
    const { directory, cache } = setup.openDirectory(tenant, { now: () => Date.now() + ahead });
    const attempt = beginSignIn(directory);
    await pause(600);
    await cancelAtOnce(attempt);
    await pause(100);
    const sent = tenant.requests().length;
    await pause(1500);
    expect(tenant.requests()).toHaveLength(sent);
    expect(cache.writes + cache.clears).toBe(0);
    tenant.clearFaults();
    // Past the pause that the authority has asked for.
    ahead = 70_000;
    await expect(signInAs(tenant, directory, ada)).resolves.toMatchObject({ objectId: fabrikam.users.ada });
  });

  it('before it starts: nothing is sent', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    const { done } = beginSignIn(directory, { signal: AbortSignal.abort() });
    await expect(done).rejects.toMatchObject({ code: 'sign-in-cancelled' });
    expect(tenant.requests()).toHaveLength(0);
  });

  it('a success that is on its way already signs nobody in', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.addFault({ type: 'latency', endpoint: 'token', milliseconds: 700 });
    const { directory, cache } = setup.openDirectory(tenant);
    const attempt = beginSignIn(directory);
    tenant.complete({ userCode: (await attempt.code).userCode, user: ada });
    await pause(300);
    await cancelAtOnce(attempt);
    await pause(1000);
    expect(cache.bytes).toBeUndefined();
    await expect(directory.restore()).resolves.toBeUndefined();
    await expect(directory.accessToken([`${tenant.graph}/User.Read`])).rejects.toMatchObject({
      code: 'sign-in-required',
    });
  });

  it('ends at once over a fetch that does not care about signals', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const inner = setup.trustingFetch(tenant);
    const deaf: FetchLike = (url, { signal: _unheard, ...init }) => inner(url, init);
    tenant.addFault({ type: 'latency', endpoint: 'token', milliseconds: 700 });
    const { directory, cache } = setup.openDirectory(tenant, { fetch: deaf });
    const attempt = beginSignIn(directory);
    tenant.complete({ userCode: (await attempt.code).userCode, user: ada });
    await pause(200);
    await cancelAtOnce(attempt);
    await pause(1000);
    expect(tokenRequests(tenant, 'device_code').map(({ status }) => status)).toEqual([200]);
    expect(cache.writes).toBe(0);
  });

  it('while the tokens are being written: they are taken back, and who was there before stays', async ({
    setup,
  }) => {
    const tenant = await setup.startTenant();
    const cache = createMemoryCache();
    const { directory } = setup.openDirectory(tenant, { cache });
    const before = await signInAs(tenant, directory, ada);
    const stored = cache.text();
    const { write } = cache;
    const controller = new AbortController();
    cache.write = async (bytes) => {
      controller.abort();
      await write(bytes);
    };
    await expect(
      signInAs(tenant, directory, 'chiara@fabrikam.example', { signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'sign-in-cancelled' });
    expect(cache.text()).toBe(stored);
    expect(await directory.restore()).toEqual(before);
  });

  it('closing the directory and signing out end a sign-in as well', async ({ setup }) => {
    const tenant = await setup.startTenant();
    for (const end of ['signOut', 'close'] as const) {
      const { directory, cache } = setup.openDirectory(tenant);
      const { code, done } = beginSignIn(directory);
      await code;
      const ended = directory[end]();
      expect(await settlesWithin(500, Promise.allSettled([ended, done]))).toBe(true);
      await expect(done).rejects.toMatchObject({ code: 'sign-in-cancelled' });
      await ended;
      expect(cache.writes).toBe(0);
    }
  });
});
