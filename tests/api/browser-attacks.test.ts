import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWith, parts } from '../support/parts.ts';
import { soon } from '../support/latchkey.ts';
import { startTap, type Tap } from './tap.ts';
import { crossSiteAttacks, pageHelpers, reboundAttacks } from './attacks.ts';
import { startApiWorld, type ApiWorld } from './api-world.ts';

const markup = (title: string): string =>
  `<!doctype html><link rel="icon" href="data:,"><title>${title}</title><body>`;

describeWith([parts.postgres, parts.chromium], 'attacks from Chromium', () => {
  let api: ApiWorld;
  let browser: Browser;
  let context: BrowserContext;
  let site: Server;
  let before: string;
  let tap: Tap;

  beforeAll(async () => {
    api = await startApiWorld();
    tap = await startTap(api.port);
    const mapped = ['127.0.0.1', 'evil.test'].map((name) => `MAP ${name}:${api.port} 127.0.0.1:${tap.port}`);
    browser = await chromium.launch({
      executablePath: parts.chromium.path ?? '',
      args: [
        '--no-sandbox',
        `--host-resolver-rules=${mapped.join(', ')}, MAP evil.test 127.0.0.1`,
        // What new browsers put in the way of such pages is not there in older ones.
        '--disable-features=LocalNetworkAccessChecks,PrivateNetworkAccessSendPreflights',
      ],
    });
    context = await browser.newContext();
    await context.addInitScript(pageHelpers);
    site = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end(markup('Free kittens'));
    }).listen(0, '127.0.0.1');
    await once(site, 'listening');
    before = await api.footprint();
  });
  beforeEach(() => void tap.statuses.splice(0));
  afterAll(async () => {
    await browser?.close();
    site?.close();
    tap?.close();
    await api?.close();
  });

  async function openPage(address: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(address);
    return page;
  }

  /** The attack has arrived, was turned away each time, has read nothing and changed nothing. */
  async function expectNothing(seen: string): Promise<void> {
    expect(seen).not.toMatch(/fabrikam|signIn|revision/);
    await expect.poll(() => tap.statuses.length, soon).toBeGreaterThan(0);
    expect(tap.statuses.filter((status) => ![401, 403, 405, 415, 421].includes(status))).toEqual([]);
    expect(await api.footprint()).toBe(before);
  }

  it.each(Object.entries(crossSiteAttacks))('%s from another site does nothing', async (_name, attack) => {
    const page = await openPage(`http://evil.test:${(site.address() as AddressInfo).port}/`);
    const target = { api: `http://127.0.0.1:${api.port}`, bearer: api.bearer };
    await expectNothing(await page.evaluate(attack, target));
    await page.close();
  });

  it.each(Object.entries(reboundAttacks))('%s does nothing', async (_name, attack) => {
    const origin = `http://evil.test:${api.port}`;
    // The first visit goes to the attacker's own server; after that the name leads here.
    await context.route(`${origin}/`, (route) =>
      route.fulfill({ contentType: 'text/html', body: markup('Free puppies') }),
    );
    const open = await openPage(`${origin}/`);
    const text = await open.evaluate(attack, { api: origin, bearer: api.bearer });
    expect(JSON.parse(text)).toMatchObject({ problem: { code: 'request-refused' } });
    await expectNothing(text);
    expect(new Set(tap.statuses)).toEqual(new Set([421]));
    await open.close();
  });

  it('opening the address, by its right name or another, shows nothing', async () => {
    const page = await context.newPage();
    for (const [host, status] of [
      ['evil.test', 421],
      ['127.0.0.1', 401],
    ] as const) {
      const answer = await page.goto(`http://${host}:${api.port}/v1/state`);
      expect(answer?.status()).toBe(status);
      expect(await page.content()).not.toContain('fabrikam');
    }
    expect(await api.footprint()).toBe(before);
  });

  it('gateways hang up on a browser, and lose no word to it', async () => {
    const page = await openPage(`http://evil.test:${(site.address() as AddressInfo).port}/`);
    const port = (await api.latchkey.state()).connections[0]?.port;
    const read = await page.evaluate(
      (url) =>
        fetch(url, { method: 'POST', mode: 'no-cors', body: 'x' }).then(
          () => 'read',
          () => 'nothing',
        ),
      `http://127.0.0.1:${port}/`,
    );
    expect(read).toBe('nothing');
  });
});
