import { describe, expect } from 'vitest';
import type { FaultInput } from '../../main/demo/tenant/faults.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { createMemoryCache } from './memory-cache.ts';
import {
  beginBrowserSignIn,
  createSystemBrowser,
  isOpen,
  redirectOf,
  signInOnPage,
  visit,
} from './system-browser.ts';
import { it, settlesWithin, signInAs, tokenRequests } from './tenant-fixture.ts';

const ada = 'ada@fabrikam.example';
/** For what happens at once, on a machine that is busy with something else. */
const soon = { timeout: 15_000, interval: 50 };
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Cancels; the sign-in has to end at once, with `sign-in-cancelled`. */
async function cancelAtOnce({ cancel, done }: ReturnType<typeof beginBrowserSignIn>): Promise<void> {
  cancel();
  expect(await settlesWithin(500, done)).toBe(true);
  await expect(done).rejects.toMatchObject({ code: 'sign-in-cancelled' });
}

describe.concurrent('cancelling a sign-in through the browser', () => {
  it('before it starts: nothing is sent, and no browser opened', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    const { url, done } = beginBrowserSignIn(directory, { signal: AbortSignal.abort() });
    await expect(done).rejects.toMatchObject({ code: 'sign-in-cancelled' });
    await expect(url).rejects.toMatchObject({ code: 'sign-in-cancelled' });
    expect(tenant.requests()).toHaveLength(0);
  });

  it('while discovery hangs: at once, and no browser is opened afterwards', async ({ setup }) => {
    const tenant = await setup.startTenant();
    tenant.addFault({ type: 'hang', endpoint: 'discovery' });
    const { directory } = setup.openDirectory(tenant);
    const attempt = beginBrowserSignIn(directory);
    await pause(200);
    await cancelAtOnce(attempt);
    tenant.clearFaults();
    await pause(200);
    await expect(attempt.url).rejects.toMatchObject({ code: 'sign-in-cancelled' });
  });

  it('while the browser is out: the port is closed, and a late answer signs nobody in', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const browser = createSystemBrowser(setup, tenant);
    const { directory, cache } = setup.openDirectory(tenant);
    const attempt = beginBrowserSignIn(directory);
    const address = await attempt.url;
    expect(await isOpen(redirectOf(address))).toBe(true);
    await cancelAtOnce(attempt);
    expect(await isOpen(redirectOf(address))).toBe(false);
    await expect(visit(await signInOnPage(browser, address, ada))).rejects.toThrow('ECONNREFUSED');
    await pause(200);
    expect(cache.writes).toBe(0);
    expect(tokenRequests(tenant, 'authorization_code')).toHaveLength(0);
    await expect(directory.restore()).resolves.toBeUndefined();
  });

  it('while the browser is being opened', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    const opening = Promise.withResolvers<string>();
    const attempt = beginBrowserSignIn(directory, {
      openBrowser: (url) => {
        opening.resolve(url);
        return new Promise((_resolve, reject) => setTimeout(reject, 300, new Error('too late')));
      },
    });
    const address = await opening.promise;
    await cancelAtOnce(attempt);
    expect(await isOpen(redirectOf(address))).toBe(false);
    // The opener's own failure comes after the end and has nobody to go to.
    await pause(400);
  });

  const phases: [string, FaultInput][] = [
    ['while the code is being redeemed', { type: 'hang', endpoint: 'token', times: 1 }],
    [
      'while the tokens are on their way',
      { type: 'latency', endpoint: 'token', times: 1, milliseconds: 5000 },
    ],
    ['while it waits to try that again', { type: 'throttle', endpoint: 'token', times: 1, retryAfter: 9 }],
  ];

  // The tests run beside each other: what polls has to belong to its own.
  it.for(phases)('%s: at once, and the browser is told', async ([_title, fault], { setup, expect }) => {
    const tenant = await setup.startTenant();
    const browser = createSystemBrowser(setup, tenant);
    let ahead = 0;
    const { directory, cache } = setup.openDirectory(tenant, { now: () => Date.now() + ahead });
    const attempt = beginBrowserSignIn(directory);
    const address = await attempt.url;
    tenant.addFault(fault);
    const page = visit(await signInOnPage(browser, address, ada));
    // The request has come: its fault has been used up.
    await expect.poll(() => tenant.faults(), soon).toEqual([]);
    expect(await settlesWithin(1, page)).toBe(false);
    await cancelAtOnce(attempt);
    expect((await page).text).toContain('The sign-in was cancelled.');
    expect(await isOpen(redirectOf(address))).toBe(false);
    await expect.poll(() => tokenRequests(tenant, 'authorization_code'), soon).toHaveLength(1);
    expect(cache.writes + cache.clears).toBe(0);
    // Past the pause that the authority has asked for.
    ahead = 15_000;
    await expect(signInAs(tenant, directory, ada)).resolves.toMatchObject({ objectId: fabrikam.users.ada });
  });

  it('while a renewal keeps it from writing the tokens: it does not wait for that', async ({
    setup,
    expect,
  }) => {
    const tenant = await setup.startTenant();
    const browser = createSystemBrowser(setup, tenant);
    const { directory, cache } = setup.openDirectory(tenant);
    const before = await signInAs(tenant, directory, ada);
    const stored = cache.text();
    tenant.addFault({ type: 'hang', endpoint: 'token', grantType: 'refresh_token' });
    const renewal = directory.renew().catch(() => undefined);
    const attempt = beginBrowserSignIn(directory);
    const page = visit(await signInOnPage(browser, await attempt.url, ada));
    await expect
      .poll(() => tokenRequests(tenant, 'authorization_code').map(({ status }) => status), soon)
      .toEqual([200]);
    await page;
    await cancelAtOnce(attempt);
    expect(cache.text()).toBe(stored);
    expect(await settlesWithin(1, renewal)).toBe(false);
    await directory.close();
    await renewal;
    expect(cache.text()).toBe(stored);
    expect(before.objectId).toBe(fabrikam.users.ada);
  });

  it('while the tokens are being written: they are taken back', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const browser = createSystemBrowser(setup, tenant);
    const cache = createMemoryCache();
    const { directory } = setup.openDirectory(tenant, { cache });
    const before = await signInAs(tenant, directory, ada);
    const stored = cache.text();
    const { write } = cache;
    const attempt = beginBrowserSignIn(directory);
    cache.write = async (bytes) => {
      attempt.cancel();
      await write(bytes);
    };
    await visit(await signInOnPage(browser, await attempt.url, 'chiara@'));
    await expect(attempt.done).rejects.toMatchObject({ code: 'sign-in-cancelled' });
    expect(cache.text()).toBe(stored);
    expect(await directory.restore()).toEqual(before);
  });

  it.for(['signOut', 'close'] as const)('%s of the directory ends it as well', async (end, { setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    const { url, done } = beginBrowserSignIn(directory);
    const address = await url;
    const ended = directory[end]();
    expect(await settlesWithin(500, Promise.allSettled([ended, done]))).toBe(true);
    await expect(done).rejects.toMatchObject({ code: 'sign-in-cancelled' });
    expect(await isOpen(redirectOf(address))).toBe(false);
  });
});

describe.concurrent('a sign-in through the browser that nobody finishes', () => {
  it('ends after its time, and the port is closed', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory, cache } = setup.openDirectory(tenant);
    const { url, done } = beginBrowserSignIn(directory, { timeoutMs: 400 });
    const address = await url;
    expect(await settlesWithin(300, done)).toBe(false);
    expect(await settlesWithin(400, done)).toBe(true);
    await expect(done).rejects.toMatchObject({
      code: 'sign-in-expired',
      remedy: expect.stringContaining('http://localhost') as string,
    });
    expect(await isOpen(redirectOf(address))).toBe(false);
    expect(cache.writes).toBe(0);
  });

  it('ends where no browser opens, with what to do instead', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const { directory } = setup.openDirectory(tenant);
    let address = '';
    const refuse = (error: Error) => async (url: string) => {
      address = url;
      throw error;
    };
    const raw = beginBrowserSignIn(directory, { openBrowser: refuse(new Error('spawn xdg-open ENOENT')) });
    await expect(raw.done).rejects.toMatchObject({
      code: 'command-failed',
      remedy: expect.stringContaining('device code') as string,
    });
    expect(await isOpen(redirectOf(address))).toBe(false);
    const own = new LatchkeyError('request-refused', 'That page is not allowed.');
    const refused = beginBrowserSignIn(directory, { openBrowser: refuse(own) });
    await expect(refused.done).rejects.toBe(own);
  });
});
