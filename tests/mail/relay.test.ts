import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clouds, isVerificationPage } from '../../main/entra/clouds.ts';
import { relayLink } from '../../main/mail/mail.ts';
import { accessibilityViolations, keepScreenshot } from '../support/pages.ts';
import { describeWith, parts } from '../support/parts.ts';
import {
  type Opened,
  type RelayBrowser,
  relayFile,
  type RelayServer,
  relaySource,
  serveRelay,
  startRelayBrowser,
} from './relay-browser.ts';

const code = 'CPQ2RW8H4';
const page = 'https://microsoft.com/devicelogin';
const inTenMinutes = (): number => Date.now() + 600_000;

const between = (start: string, end: string): string => relaySource.split(start)[1]?.split(end)[0] ?? '';
const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;

interface ListedPage {
  host: string;
  path: string;
}
const listed = JSON.parse(
  between('<script type="application/json" id="verification-pages">', '</script>'),
) as ListedPage[];

describe('the file of the redirect service', () => {
  it('names style and script by their hashes', () => {
    const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(relaySource)?.[1] ?? '';
    expect(policy).toContain(`style-src '${hashOf(between('<style>', '</style>'))}'`);
    expect(policy).toContain(`script-src '${hashOf(between('<script>', '</script>'))}'`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  });

  it('has no second style or script, no handler in the markup and no address that it would load', () => {
    const markup = relaySource.replaceAll(/<(style|script)\b[^>]*>[\s\S]*?<\/\1>/g, '');
    expect(relaySource.match(/<style/g)).toHaveLength(1);
    expect(relaySource.match(/<script/g)).toHaveLength(2);
    expect(markup).not.toMatch(/\son\w+=|\bsrc=|\bstyle=/);
    expect(markup.match(/href="(?!data:)/g)).toBeNull();
  });

  it('knows the verification pages of main/entra/clouds.ts, all of them and no others', () => {
    const own = new Set(
      Object.values(clouds).flatMap(({ verificationPages }) =>
        verificationPages.map(({ host, path }) => `${host} ${path}`),
      ),
    );
    expect(listed.map(({ host, path }) => `${host} ${path}`).toSorted()).toEqual([...own].toSorted());
  });
});

describeWith([parts.pageEngine], 'the redirect service in Chromium', () => {
  let server: RelayServer;
  let browser: RelayBrowser;
  beforeAll(async () => {
    server = await serveRelay();
    browser = await startRelayBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const link = (changes: Partial<Parameters<typeof relayLink>[1]> = {}, origin = server.origin): string =>
    relayLink(`${origin}/relay.html`, {
      code,
      page,
      host: 'db-host-1',
      expiresAt: inTenMinutes(),
      ...changes,
    });

  async function open(address: string, use: (opened: Opened) => Promise<void>, options = {}): Promise<void> {
    const opened = await browser.open(address, options);
    try {
      await use(opened);
    } finally {
      await opened.context.close();
    }
  }
  const heading = (opened: Opened): Promise<string | null> =>
    opened.page.locator('section:visible h1').textContent();

  it('shows the code, who asked, until when, and a warning', async () => {
    await open(link(), async (opened) => {
      expect(await heading(opened)).toBe('Your sign-in code');
      expect(await opened.page.locator('#code').textContent()).toBe(code);
      const text = await opened.page.locator('#ready').innerText();
      expect(text).toContain('Latchkey on db-host-1 asked for it.');
      expect(text).toContain('Enter it only if you asked for it on db-host-1 just now');
      expect(text).toMatch(/Valid until \d\d:\d\d, (9|10) minutes left\./);
      expect(opened.complaints).toEqual([]);
    });
  });

  it('spells the code for screen readers and hides the boxes from them', async () => {
    await open(link({ code: 'AB1-0O' }), async ({ page: tab }) => {
      const tree = await tab.locator('#ready').ariaSnapshot();
      expect(tree).toContain('letter A, letter B, digit 1, hyphen, digit 0, letter O.');
      expect(tree).not.toContain('AB1-0O');
      expect(await tab.locator('#code .digit').allTextContents()).toEqual(['1', '0']);
    });
  });

  it('takes the code out of address bar and history, and a reload shows none', async () => {
    await open(link(), async (opened) => {
      const { page: tab, context } = opened;
      expect(tab.url()).toBe(`${server.origin}/relay.html`);
      const session = await context.newCDPSession(tab);
      const { entries } = await session.send('Page.getNavigationHistory');
      expect(entries.map(({ url }) => url)).toEqual(['about:blank', `${server.origin}/relay.html`]);
      await tab.reload();
      expect(await heading(opened)).toBe('No sign-in code here');
      expect(await tab.content()).not.toContain(code);
    });
  });

  it('sends the code nowhere and asks for nothing but itself', async () => {
    await open(link(), async (opened) => {
      await opened.page.locator('#copy').click();
      await opened.page.waitForTimeout(300);
      expect(opened.requests.filter((url) => !url.startsWith('data:'))).toEqual([
        expect.stringMatching(new RegExp(`^${server.origin}/relay\\.html(#|$)`)) as string,
      ]);
      expect(opened.context.pages()).toHaveLength(1);
    });
    expect(server.received()).toContain('GET /relay.html HTTP/1.1');
    expect(server.received()).not.toContain(code);
    expect(server.received()).not.toContain('devicelogin');
  });

  it('stores nothing', async () => {
    await open(link(), async ({ page: tab, context }) => {
      await tab.locator('#copy').click();
      const kept = await tab.evaluate(async () => ({
        local: localStorage.length,
        session: sessionStorage.length,
        databases: (await indexedDB.databases()).length,
        cookie: document.cookie,
        name: window.name,
        state: history.state as unknown,
      }));
      expect(kept).toEqual({ local: 0, session: 0, databases: 0, cookie: '', name: '', state: null });
      expect(await context.storageState()).toEqual({ cookies: [], origins: [] });
    });
  });

  it.each(['https or loopback', 'a plain http host', 'a file'])('copies the code on %s', async (kind) => {
    const addresses: Record<string, string> = {
      'https or loopback': link(),
      'a plain http host': link({}, `http://relay.test:${server.port}`),
      'a file': relayLink(pathToFileURL(relayFile).href, {
        code,
        page,
        host: 'db-host-1',
        expiresAt: inTenMinutes(),
      }),
    };
    await open(addresses[kind] ?? '', async ({ page: tab, context, complaints }) => {
      expect(await tab.locator('#code').textContent()).toBe(code);
      expect(tab.url()).not.toContain(code);
      expect(await tab.evaluate(() => window.isSecureContext)).toBe(kind !== 'a plain http host');
      await tab.locator('#copy').click();
      await tab.getByRole('status').getByText('The code is copied.').waitFor();
      await context.grantPermissions(['clipboard-read']);
      const reader = await context.newPage();
      await reader.goto(`${server.origin}/relay.html`);
      expect(await reader.evaluate(() => navigator.clipboard.readText())).toBe(code);
      expect(complaints).toEqual([]);
    });
  });

  it('goes on only when the link is followed, in a tab that knows nothing of this one', async () => {
    await open(link(), async ({ page: tab, context }) => {
      const go = tab.getByRole('link', { name: 'Go on to microsoft.com' });
      const arrived = context.waitForEvent('page');
      const asked = context.waitForEvent('request', (sent) => sent.url().startsWith('https:'));
      await go.click();
      const [next, request] = await Promise.all([arrived, asked]);
      await next.waitForLoadState();
      expect(next.url()).toBe(page);
      expect(await request.headerValue('referer')).toBeNull();
      expect(await next.evaluate(() => window.opener as unknown)).toBeNull();
      expect(await tab.locator('#code').textContent()).toBe(code);
    });
  });

  const allowed = [
    ...listed.map(({ host, path }) => `https://${host}${path}`),
    'https://login.microsoftonline.com',
    'https://login.microsoftonline.com/common/oauth2/deviceauth',
    'https://microsoft.com/devicelogin/',
  ];
  const refused = [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)//microsoft.com/devicelogin',
    'data:text/html,<h1>microsoft.com</h1>',
    'http://microsoft.com/devicelogin',
    'ftp://microsoft.com/devicelogin',
    'blob:https://microsoft.com/devicelogin',
    '//microsoft.com/devicelogin',
    'microsoft.com/devicelogin',
    'https:/microsoft.com/devicelogin',
    'https://microsoft.com.evil.example/devicelogin',
    'https://evil.example/microsoft.com/devicelogin',
    'https://evilmicrosoft.com/devicelogin',
    'https://login.microsoftonline.com.evil.example/',
    'https://login-microsoftonline.com/',
    'https://login.microsoftonline.co/',
    'https://microsoft.com@evil.example/devicelogin',
    'https://user:secret@microsoft.com/devicelogin',
    'https://user@microsoft.com/devicelogin',
    'https://microsoft.com:8443/devicelogin',
    'https://microsoft.com:443/devicelogin',
    'https://microsoft.com./devicelogin',
    'https://microsoft.com/',
    'https://microsoft.com/deviceloginevil',
    'https://microsoft.com/devicelogin/../evil',
    'https://microsoft.com/devicelogin/%2e%2e/evil',
    'https://www.microsoft.com/store',
    'https://microsoft.com/devicelogin?next=evil',
    'https://microsoft.com/devicelogin#evil',
    'https://microsoft.com\\devicelogin',
    'https://MICROSOFT.com/devicelogin',
    'https://microѕoft.com/devicelogin',
    'https://ｍicrosoft.com/devicelogin',
    'https://xn--microoft-bgk.com/devicelogin',
    'https://microsoft。com/devicelogin',
    'https://micro\u00ADsoft.com/devicelogin',
    ' https://microsoft.com/devicelogin',
    'https://microsoft.com/device\nlogin',
    'https://mic\trosoft.com/devicelogin',
    'https://[::1]/devicelogin',
    'https://aka.ms/devicelogin',
    '',
  ];

  it('opens every allowed verification page and no other', async () => {
    await open(`${server.origin}/relay.html`, async ({ page: tab, requests }) => {
      for (const address of allowed) {
        expect(await outcome(tab, address), address).toEqual({ shown: 'ready', href: new URL(address).href });
        expect(isVerificationPage(address, listed), address).toBe(true);
      }
      for (const address of refused) {
        expect(await outcome(tab, address), JSON.stringify(address)).toEqual({
          shown: 'refused',
          href: null,
        });
      }
      expect(requests.filter((url) => !url.startsWith(server.origin))).toEqual([]);
    });
  });

  const outcome = (tab: Page, address: string) =>
    follow(tab, new URLSearchParams({ code, page: address }).toString());

  /** What the page makes of a link that is opened in the same tab, which changes nothing but the fragment. */
  function follow(tab: Page, fragment: string): Promise<{ shown: string | undefined; href: string | null }> {
    return tab.evaluate(async (next) => {
      const changed = new Promise((resolve) => {
        addEventListener('hashchange', resolve, { once: true });
      });
      location.hash = next;
      await changed;
      return {
        shown: [...document.querySelectorAll('section')].find(({ hidden }) => !hidden)?.id,
        href: document.querySelector('#go')?.getAttribute('href') ?? null,
      };
    }, fragment);
  }

  const damaged = [
    ['lower case', `code=${code.toLowerCase()}&page=${page}`],
    ['too short', `code=ABC12&page=${page}`],
    ['too long', `code=${'A'.repeat(21)}&page=${page}`],
    ['markup', `code=${encodeURIComponent('<img src=x onerror=alert(1)>')}&page=${page}`],
    ['full-width letters', `code=${encodeURIComponent('ＡＢＣＤＥＦＧＨ')}&page=${page}`],
    ['Cyrillic letters', `code=${encodeURIComponent('АВСЕНОРТ')}&page=${page}`],
    ['two hyphens', `code=ABCD--EFGH&page=${page}`],
    ['a hyphen at the end', `code=ABCDEFG-&page=${page}`],
    ['no code', `page=${page}`],
    ['no page', `code=${code}`],
    ['two codes', `code=${code}&code=ABCDEFGHJ&page=${page}`],
    ['two pages', `code=${code}&page=${page}&page=https://evil.example/`],
    ['an unknown name', `code=${code}&page=${page}&next=https://evil.example/`],
    ['a sentence as the host', `code=${code}&page=${page}&host=${encodeURIComponent('your bank, call 555')}`],
    ['markup as the host', `code=${code}&page=${page}&host=${encodeURIComponent('<b>x</b>')}`],
    ['a wrong time', `code=${code}&page=${page}&until=99999999999999`],
    ['broken escapes', '%E0%A4%A'],
    ['prototype names', `code=${code}&page=${page}&__proto__=1`],
  ];

  it('refuses links that are not made as its own are, and shows nothing of them', async () => {
    await open(`${server.origin}/relay.html`, async (opened) => {
      for (const [what, fragment] of damaged) {
        expect((await follow(opened.page, fragment ?? '')).shown, what).toBe('refused');
        expect(await opened.page.locator('#code').textContent(), what).toBe('');
        expect(opened.page.url(), what).toBe(`${server.origin}/relay.html`);
        expect(await opened.page.content(), what).not.toContain(code);
      }
      expect(opened.complaints).toEqual([]);
    });
  });

  it('shows the next link opened in the same tab, and refuses after a good one without a trace of it', async () => {
    await open(link(), async (opened) => {
      await opened.page.goto(link({ code: 'SECOND22' }));
      expect(await opened.page.locator('#code').textContent()).toBe('SECOND22');
      await opened.page.goto(link({ page: 'https://evil.example/' }));
      expect(await heading(opened)).toBe('This link was refused');
      expect(await opened.page.locator('body').innerText()).not.toContain('SECOND22');
      expect(opened.page.url()).not.toContain('evil');
    });
  });

  it('shows no code that has expired, nor any longer once it has', async () => {
    await open(link({ expiresAt: Date.now() - 1_000 }), async (opened) => {
      expect(await heading(opened)).toBe('This code has expired');
      expect(await opened.page.locator('#code').textContent()).toBe('');
    });
    await open(`${server.origin}/relay.html`, async (opened) => {
      await opened.page.clock.install({ time: Date.now() });
      await opened.page.goto(link({ expiresAt: Date.now() + 60_000 }));
      expect(await heading(opened)).toBe('Your sign-in code');
      await opened.page.clock.runFor(70_000);
      expect(await heading(opened)).toBe('This code has expired');
      expect(await opened.page.content()).not.toContain(code);
    });
  });

  it('shows no code inside a frame of another page', async () => {
    const outer = await serveRelay(`<!doctype html><title>t</title><iframe src="${link()}"></iframe>`);
    try {
      await open(`${outer.origin}/`, async ({ page: tab }) => {
        const frame = tab.frameLocator('iframe');
        await frame.getByText('only works in a tab of its own').waitFor();
        expect(await frame.locator('#code').textContent()).toBe('');
      });
    } finally {
      await outer.close();
    }
  });

  it('opens hosts that the deployment has added, whole ones only', async () => {
    const hosts =
      'login.corp.example:8443 *.example evil.example/path EVIL.example https://other.example a@b.example';
    const changed = await serveRelay(
      relaySource.replace(
        '<html lang="en" data-extra-hosts="">',
        `<html lang="en" data-extra-hosts="${hosts}">`,
      ),
    );
    const shown = async (address: string): Promise<string | null> => {
      let id: string | null = null;
      await open(link({ page: address }, changed.origin), async ({ page: tab, complaints }) => {
        id = await tab.locator('section:visible').getAttribute('id');
        expect(complaints).toEqual([]);
      });
      return id;
    };
    try {
      expect(await shown('https://login.corp.example:8443/device')).toBe('ready');
      expect(await shown(page)).toBe('ready');
      const stillRefused = ['login.corp.example', 'x.example', 'evil.example', 'other.example', 'b.example'];
      for (const host of stillRefused) expect(await shown(`https://${host}/`), host).toBe('refused');
    } finally {
      await changed.close();
    }
  });

  it('works with the keyboard alone, and focus can be seen', async () => {
    await open(link(), async ({ page: tab }) => {
      await tab.keyboard.press('Tab');
      expect(await tab.evaluate(() => document.activeElement?.id)).toBe('copy');
      const outline = await tab.locator('#copy').evaluate((button) => getComputedStyle(button).outlineWidth);
      expect(outline).toBe('3px');
      await tab.keyboard.press('Enter');
      await tab.getByRole('status').getByText('The code is copied.').waitFor();
      await tab.keyboard.press('Tab');
      expect(await tab.evaluate(() => document.activeElement?.id)).toBe('go');
    });
  });

  it.each([
    ['200 % zoom of a laptop', { width: 640, height: 400 }],
    ['400 % zoom or a small phone', { width: 320, height: 480 }],
  ])('needs no sideways scrolling at %s', async (name, viewport) => {
    await open(
      link({ code: 'WDJBMJHT22', host: 'a-very-long-host-name-that-goes-on-and-on.corp.contoso.example' }),
      async ({ page: tab }) => {
        const widths = await tab.evaluate(() => [
          document.documentElement.scrollWidth,
          document.documentElement.clientWidth,
        ]);
        expect(widths[0]).toBe(widths[1]);
        await keepScreenshot(tab, `relay-${viewport.width}`);
        expect(name).not.toBe('');
      },
      { viewport },
    );
  });

  const states: [string, () => string][] = [
    ['ready', () => link()],
    ['empty', () => `${server.origin}/relay.html`],
    ['expired', () => link({ expiresAt: Date.now() - 1_000 })],
    ['refused', () => link({ page: 'https://evil.example/' })],
  ];
  it.each(
    states.flatMap(([state, address]) =>
      (['light', 'dark'] as const).map((colorScheme) => ({ state, address, colorScheme })),
    ),
  )('has no accessibility violations: $state, $colorScheme', async ({ state, address, colorScheme }) => {
    await open(
      address(),
      async ({ page: tab }) => {
        expect(await tab.locator('section:visible').getAttribute('id')).toBe(state);
        await keepScreenshot(tab, `relay-${state}-${colorScheme}`);
        const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
        expect(await accessibilityViolations(tab, rules)).toEqual([]);
      },
      { colorScheme },
    );
  });
});
