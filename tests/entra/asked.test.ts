import { describe, expect } from 'vitest';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { wasAsked } from '../../main/entra/browser-sign-in.ts';
import { beginBrowserSignIn, createSystemBrowser, signInOnPage, visit } from './system-browser.ts';
import { it, type Setup } from './tenant-fixture.ts';

const ada = 'ada@fabrikam.example';

/** A browser in which Ada has signed in ten minutes ago. */
async function browserOfAda(setup: Setup) {
  const tenant = await setup.startTenant();
  const browser = createSystemBrowser(setup, tenant);
  const { directory } = setup.openDirectory(tenant);
  const earlier = beginBrowserSignIn(directory);
  await visit(await signInOnPage(browser, await earlier.url, ada));
  await earlier.done;
  tenant.shiftClock({ seconds: 600 });
  return { tenant, browser, directory };
}

describe.concurrent('whether a browser sign-in has really asked', () => {
  it('not where the session of the browser answers, with a name or by picking the account', async ({
    setup,
  }) => {
    const { browser, directory } = await browserOfAda(setup);
    let asked = 0;
    const onAsked = (): void => void (asked += 1);
    const hinted = beginBrowserSignIn(directory, { loginHint: ada, onAsked });
    await visit((await browser.open(await hinted.url)) ?? '');
    await expect(hinted.done).resolves.toMatchObject({ objectId: fabrikam.users.ada });
    const picked = beginBrowserSignIn(directory, { onAsked });
    await visit(await signInOnPage(browser, await picked.url, ada));
    await expect(picked.done).resolves.toMatchObject({ objectId: fabrikam.users.ada });
    expect(asked).toBe(0);
  });

  it('where it is to ask anew: the page asks, and the token says when', async ({ setup }) => {
    const { browser, directory } = await browserOfAda(setup);
    let asked = 0;
    const { url, done } = beginBrowserSignIn(directory, {
      loginHint: ada,
      anew: true,
      onAsked: () => (asked += 1),
    });
    const { searchParams } = new URL(await url);
    expect(searchParams.get('prompt')).toBe('login');
    expect(searchParams.get('max_age')).toBe('0');
    expect(await browser.open(await url)).toBeUndefined();
    await visit((await browser.press(ada)) ?? '');
    await done;
    expect(asked).toBe(1);
  });

  it('not where the wish has been taken out of the address on its way to the browser', async ({ setup }) => {
    const { browser, directory } = await browserOfAda(setup);
    let asked = 0;
    const { url, done } = beginBrowserSignIn(directory, {
      loginHint: ada,
      anew: true,
      onAsked: () => (asked += 1),
    });
    const address = new URL(await url);
    address.searchParams.delete('prompt');
    address.searchParams.delete('max_age');
    await visit((await browser.open(address.href)) ?? '');
    await done;
    expect(asked).toBe(0);
  });

  it('also in a browser that nobody had signed in with', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const browser = createSystemBrowser(setup, tenant);
    const { directory } = setup.openDirectory(tenant);
    let asked = 0;
    const { url, done } = beginBrowserSignIn(directory, { onAsked: () => (asked += 1) });
    await visit(await signInOnPage(browser, await url, ada));
    await done;
    expect(asked).toBe(1);
  });

  it.for([
    [{ auth_time: 1000, iat: 1003 }, true],
    [{ auth_time: 1000, iat: 1100 }, true],
    [{ auth_time: 1000, iat: 1106 }, false],
    [{ auth_time: '1000', iat: 1000 }, false],
    [{ iat: 1000 }, false],
    [{ auth_time: 1000 }, false],
    [undefined, false],
  ] as const)('%j after 100 seconds: %s', ([claims, expected]) => {
    expect(wasAsked(claims, 100_000)).toBe(expected);
  });
});
