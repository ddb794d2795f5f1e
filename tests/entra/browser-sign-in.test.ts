import { describe, expect } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { fabrikam, tailspin } from '../../main/demo/tenant/organisation.ts';
import { blocked } from '../../main/session/blocked.ts';
import { createMemoryCache } from './memory-cache.ts';
import {
  beginBrowserSignIn,
  createSystemBrowser,
  isOpen,
  redirectOf,
  signInOnPage,
  stateOf,
  visit,
} from './system-browser.ts';
import { beginSignIn, it, kept, signInAs, tokenRequests, type Setup } from './tenant-fixture.ts';

const ada = 'ada@fabrikam.example';

async function start(setup: Setup) {
  const tenant = await setup.startTenant();
  const browser = createSystemBrowser(setup, tenant);
  return { tenant, browser, ...setup.openDirectory(tenant) };
}

/** The address with one parameter changed, as somebody who sees it could change it. */
function changed(url: string, name: string, value: string): string {
  const copy = new URL(url);
  copy.searchParams.set(name, value);
  return copy.href;
}

describe.concurrent('sign-in through the browser', () => {
  it('goes to the authority and back, and then knows who it was', async ({ setup }) => {
    const { tenant, browser, directory, cache, lines } = await start(setup);
    const { url, done } = beginBrowserSignIn(directory);
    const address = new URL(await url);
    expect(address.origin).toBe(new URL(tenant.authority).origin);
    const { searchParams } = address;
    expect(searchParams.get('redirect_uri')).toMatch(/^http:\/\/localhost:\d+$/);
    expect(searchParams.get('response_mode')).toBe('query');
    expect(searchParams.get('code_challenge_method')).toBe('S256');
    expect(searchParams.get('code_challenge')).toMatch(/^[\w-]{43}$/);
    expect(searchParams.get('state')).toMatch(/^[\w-]{43}$/);
    expect(searchParams.get('nonce')).toMatch(/^[\w-]{22}$/);
    expect(searchParams.get('prompt')).toBe('select_account');
    const page = await visit(await signInOnPage(browser, address.href, ada));
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
    expect(page.status).toBe(200);
    expect(page.text).toContain('You have signed in');
    expect(page.text).toContain(`Ada Marsh (${ada})`);
    expect(page.headers).toMatchObject({
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; .*frame-ancestors 'none'/,
      ) as string,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      connection: 'close',
    });
    expect(await isOpen(redirectOf(address.href))).toBe(false);
    const [redeemed] = tokenRequests(tenant, 'authorization_code');
    expect(redeemed?.fields).toEqual(expect.arrayContaining(['code_verifier', 'redirect_uri', 'claims']));
    await expect(directory.renew()).resolves.toEqual(account);
  });

  it('with a second factor on the way, and hostile names shown as text', async ({ setup }) => {
    const { browser, directory, tenant } = await start(setup);
    tenant.putPolicy({ policy: { displayName: 'MFA', effect: 'require_mfa' } });
    const { url, done } = beginBrowserSignIn(directory);
    await browser.open(await url);
    expect(await browser.press('farid@')).toBeUndefined();
    const location = await browser.press('Approve');
    const { text } = await visit(location ?? '');
    await expect(done).resolves.toMatchObject({ objectId: fabrikam.users.farid });
    expect(text).toContain('&lt;b&gt;Farid&lt;/b&gt; &amp; &quot;Sons&quot;');
    expect(text).not.toContain('<b>');
    expect(text).not.toContain('\u202E');
  });

  it('with a name to fill in: the page has it, and no account has to be picked', async ({ setup }) => {
    const { browser, directory } = await start(setup);
    const { url, done, cancel } = beginBrowserSignIn(directory, { loginHint: ada });
    expect(new URL(await url).searchParams.has('prompt')).toBe(false);
    await browser.open(await url);
    expect(browser.markup()).toContain(`value="${ada}"`);
    cancel();
    await expect(done).rejects.toMatchObject({ code: 'sign-in-cancelled' });
  });

  it('without waiting for whoever opens the browser', async ({ setup }) => {
    const { browser, directory } = await start(setup);
    const opened = Promise.withResolvers<string>();
    const done = directory
      .signInWithBrowser({
        signal: new AbortController().signal,
        openBrowser: (url) => {
          opened.resolve(url);
          return new Promise(() => undefined);
        },
      })
      .then(kept);
    await visit(await signInOnPage(browser, await opened.promise, ada));
    await expect(done).resolves.toMatchObject({ objectId: fabrikam.users.ada });
  });

  it('one fault of the token endpoint is no end', async ({ setup }) => {
    const { tenant, browser, directory } = await start(setup);
    tenant.addFault({ type: 'server_error', endpoint: 'token', times: 1 });
    const { url, done } = beginBrowserSignIn(directory);
    await visit(await signInOnPage(browser, await url, ada));
    await expect(done).resolves.toMatchObject({ objectId: fabrikam.users.ada });
  });

  it('public client flows may be off', async ({ setup }) => {
    const { tenant, browser, directory } = await start(setup);
    tenant.updateApplication({ clientId: tenant.clientId, change: { publicClientFlows: false } });
    const code = beginSignIn(directory);
    tenant.complete({ userCode: (await code.code).userCode, user: ada });
    const refusal: unknown = await code.done.catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'sign-in-refused', entra: { aadsts: 7000218 } });
    expect(blocked(refusal as LatchkeyError)).toBe(true);
    const { url, done } = beginBrowserSignIn(directory);
    await visit(await signInOnPage(browser, await url, ada));
    await expect(done).resolves.toMatchObject({ objectId: fabrikam.users.ada });
  });

  it('one at a time, whichever way', async ({ setup }) => {
    const { directory, tenant } = await start(setup);
    const first = beginBrowserSignIn(directory);
    await first.url;
    await expect(beginSignIn(directory).done).rejects.toMatchObject({ code: 'sign-in-busy' });
    await expect(beginBrowserSignIn(directory).done).rejects.toMatchObject({ code: 'sign-in-busy' });
    first.cancel();
    await expect(first.done).rejects.toMatchObject({ code: 'sign-in-cancelled' });
    await expect(signInAs(tenant, directory, ada)).resolves.toMatchObject({ objectId: fabrikam.users.ada });
  });
});

describe.concurrent('who comes back', () => {
  it('another account than the expected one: wrong-account, and the one before stays', async ({ setup }) => {
    const { tenant, browser, directory, cache } = await start(setup);
    const before = await signInAs(tenant, directory, ada);
    const stored = cache.text();
    const { url, done } = beginBrowserSignIn(directory, { expectedAccount: before });
    const { text } = await visit(await signInOnPage(browser, await url, 'chiara@'));
    await expect(done).rejects.toMatchObject({ code: 'wrong-account' });
    expect(text).toContain('You are not signed in');
    expect(cache.text()).toBe(stored);
    expect(await directory.restore()).toEqual(before);
  });

  it('an account of another tenant than the expected one: wrong-tenant', async ({ setup }) => {
    const { browser, directory, cache } = await start(setup);
    const expectedAccount = { tenantId: tailspin.tenantId, objectId: fabrikam.users.ada };
    const { url, done } = beginBrowserSignIn(directory, { expectedAccount });
    await visit(await signInOnPage(browser, await url, ada));
    await expect(done).rejects.toMatchObject({ code: 'wrong-tenant' });
    expect(cache.writes).toBe(0);
  });

  it("a code from another tenant's page: refused by the authority, nothing kept", async ({ setup }) => {
    const { tenant, browser, directory, cache } = await start(setup);
    tenant.putApplication({
      tenantId: tailspin.tenantId,
      application: { clientId: tenant.clientId, displayName: 'Twin', consentedScopes: ['User.Read'] },
    });
    const { url, done } = beginBrowserSignIn(directory);
    const elsewhere = (await url).replace(tenant.tenantId, tailspin.tenantId);
    await visit(await signInOnPage(browser, elsewhere, 'jonas@tailspin.example'));
    await expect(done).rejects.toMatchObject({ code: 'sign-in-refused', entra: { aadsts: 70000 } });
    expect(cache.writes).toBe(0);
  });

  it('a store that cannot be written: nobody is signed in, and the page has not said so', async ({
    setup,
  }) => {
    const { tenant, browser } = await start(setup);
    const cache = createMemoryCache();
    cache.write = async () => {
      throw new LatchkeyError('store-failed', 'The disk is <full>.', { remedy: 'Make room.' });
    };
    const { directory } = setup.openDirectory(tenant, { cache });
    const { url, done } = beginBrowserSignIn(directory);
    const { text } = await visit(await signInOnPage(browser, await url, ada));
    await expect(done).rejects.toMatchObject({ code: 'store-failed' });
    expect(text).not.toContain('is signed in');
    await expect(directory.restore()).resolves.toBeUndefined();
  });
});

describe.concurrent('what is changed on the way', () => {
  it('another code challenge (PKCE): the authority refuses our verifier', async ({ setup }) => {
    const { tenant, browser, directory, cache } = await start(setup);
    const { url, done } = beginBrowserSignIn(directory);
    const theirs = changed(await url, 'code_challenge', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM');
    const { text } = await visit(await signInOnPage(browser, theirs, ada));
    await expect(done).rejects.toMatchObject({ code: 'sign-in-refused', entra: { aadsts: 501481 } });
    expect(text).toContain('does not belong to this sign-in');
    expect(tokenRequests(tenant, 'authorization_code')).toHaveLength(1);
    expect(cache.writes).toBe(0);
  });

  it('another nonce: the id_token is not taken', async ({ setup }) => {
    const { browser, directory, cache } = await start(setup);
    const { url, done } = beginBrowserSignIn(directory);
    await visit(await signInOnPage(browser, changed(await url, 'nonce', 'theirs'), ada));
    await expect(done).rejects.toMatchObject({
      code: 'authority-invalid',
      message: expect.stringContaining('nonce_mismatch') as string,
    });
    expect(cache.writes).toBe(0);
  });

  it('another state: an error page, and the sign-in goes on', async ({ setup }) => {
    const { tenant, browser, directory } = await start(setup);
    const { url, done } = beginBrowserSignIn(directory);
    const address = await url;
    const theirs = await signInOnPage(browser, changed(address, 'state', 'theirs'), 'chiara@');
    expect((await visit(theirs)).status).toBe(400);
    expect(tokenRequests(tenant, 'authorization_code')).toHaveLength(0);
    await visit(await signInOnPage(browser, address, ada));
    await expect(done).resolves.toMatchObject({ objectId: fabrikam.users.ada });
  });

  it('form_post instead of the query: not taken, and the sign-in goes on', async ({ setup }) => {
    const { browser, directory } = await start(setup);
    const { url, done } = beginBrowserSignIn(directory);
    const address = await url;
    await browser.open(changed(address, 'response_mode', 'form_post'));
    await browser.press(ada);
    const fields = [...browser.markup().matchAll(/name="(\w+)"\s+value="([^"]*)"/g)];
    const body = new URLSearchParams(fields.map(([, name = '', value = '']) => [name, value])).toString();
    expect(body).toContain(`state=${stateOf(address)}`);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const { status } = await visit(redirectOf(address), { method: 'POST', headers, body });
    expect(status).toBe(405);
    await visit(await signInOnPage(browser, address, ada));
    await expect(done).resolves.toMatchObject({ objectId: fabrikam.users.ada });
  });
});

describe.concurrent('errors of the authorize endpoint', () => {
  it('cancelled on the page: sign-in-declined', async ({ setup }) => {
    const { browser, directory, cache } = await start(setup);
    const { url, done } = beginBrowserSignIn(directory);
    const { text } = await visit(await signInOnPage(browser, await url, 'Cancel'));
    await expect(done).rejects.toMatchObject({
      code: 'sign-in-declined',
      entra: {
        aadsts: 65004,
        error: 'access_denied',
        traceId: expect.stringMatching(/^[\da-f-]{36}$/) as string,
        correlationId: expect.stringMatching(/^[\da-f-]{36}$/) as string,
      },
    });
    expect(text).toContain('You are not signed in');
    expect(cache.writes).toBe(0);
    expect(await isOpen(redirectOf(await url))).toBe(false);
  });

  it.for([
    ['block', 53003],
    ['block_flow', 530036],
    ['require_compliant_device', 53000],
  ] as const)(
    'a policy (%s): sign-in-blocked, in words for a browser',
    async ([effect, number], { setup }) => {
      const { tenant, browser, directory } = await start(setup);
      tenant.putPolicy({ policy: { displayName: 'P', effect, flows: ['authorization_code'] } });
      const { url, done } = beginBrowserSignIn(directory);
      await visit(await signInOnPage(browser, await url, ada));
      const error = (await done.catch((thrown: unknown) => thrown)) as LatchkeyError;
      expect(error).toMatchObject({ code: 'sign-in-blocked', entra: { aadsts: number } });
      expect(`${error.message} ${error.remedy}`).not.toMatch(/device code|through the browser instead/);
    },
  );

  it('consent that nobody may give: what to do about it', async ({ setup }) => {
    const { tenant, browser, directory } = await start(setup);
    tenant.revokeConsent({ clientId: tenant.clientId });
    tenant.updateApplication({ clientId: tenant.clientId, change: { userConsentAllowed: false } });
    const { url, done } = beginBrowserSignIn(directory);
    await visit(await signInOnPage(browser, await url, ada));
    await expect(done).rejects.toMatchObject({
      code: 'sign-in-refused',
      remedy: expect.stringContaining('Grant admin consent') as string,
      entra: { aadsts: 65001, error: 'consent_required' },
    });
  });

  it('text of the answer is never shown', async ({ setup }) => {
    const { directory } = await start(setup);
    const { url, done } = beginBrowserSignIn(directory);
    const answer = new URL(redirectOf(await url));
    answer.search = new URLSearchParams({
      state: stateOf(await url),
      error: '<img src=x>',
      error_description: 'AADSTS999999: <script>alert(1)</script> call 0900',
    }).toString();
    const { text } = await visit(answer.href);
    await expect(done).rejects.toMatchObject({ code: 'sign-in-refused', entra: { aadsts: 999999 } });
    expect(text).toContain('AADSTS999999');
    expect(text).not.toMatch(/<img|<script|0900/);
  });
});

describe.concurrent('the other way after a refusal', () => {
  it('device codes are blocked: never tried again by itself, and the browser is let in', async ({
    setup,
  }) => {
    const { tenant, browser, directory } = await start(setup);
    tenant.putPolicy({ policy: { displayName: 'No codes', effect: 'block', flows: ['device_code'] } });
    const { code, done } = beginSignIn(directory);
    tenant.complete({ userCode: (await code).userCode, user: ada });
    const refusal = (await done.catch((error: unknown) => error)) as LatchkeyError;
    expect(refusal).toMatchObject({ code: 'sign-in-blocked', entra: { aadsts: 53003 } });
    expect(refusal.remedy).toMatch(/through the browser instead/);
    expect(blocked(refusal)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(tenant.requests().filter(({ endpoint }) => endpoint === 'devicecode')).toHaveLength(1);
    const second = beginBrowserSignIn(directory);
    await visit(await signInOnPage(browser, await second.url, ada));
    await expect(second.done).resolves.toMatchObject({ objectId: fabrikam.users.ada });
  });
});
