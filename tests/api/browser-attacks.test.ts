import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWith, parts } from '../support/parts.ts';
import { soon } from '../support/latchkey.ts';
import { startTap, type Tap } from './tap.ts';
import { startApiWorld, type ApiWorld } from './api-world.ts';

/** Runs in the page of the attacker; answers with whatever it could read. */
type Attack = (target: { api: string; bearer: string }) => Promise<string> | string;

/**
 * What a web page may try against a loopback server. The page has even got hold of the bearer token, and uses it
 * wherever the browser lets it: the guard must not stand on that secret alone.
 */
const attacks: Record<string, Attack> = {
  image: ({ api }) =>
    new Promise<string>((resolve) => {
      const image = new Image();
      image.onload = () => resolve('an image');
      image.onerror = () => resolve('');
      image.src = `${api}/v1/state`;
    }),
  script: ({ api }) =>
    new Promise<string>((resolve) => {
      const script = document.createElement('script');
      script.onload = () => resolve('a script');
      script.onerror = () => resolve('');
      script.src = `${api}/v1/state`;
      document.head.append(script);
    }),
  'style sheet': ({ api }) =>
    new Promise<string>((resolve) => {
      const link = document.createElement('link');
      link.rel = 'stylesheet';
      link.onload = () => resolve([...document.styleSheets].map(({ href }) => href).join());
      link.onerror = () => resolve('');
      link.href = `${api}/v1/state`;
      document.head.append(link);
    }),
  prefetch: async ({ api }) => {
    const link = document.createElement('link');
    link.rel = 'prefetch';
    link.href = `${api}/v1/state`;
    const done = new Promise((resolve) => {
      link.onload = resolve;
      link.onerror = resolve;
    });
    document.head.append(link);
    await done;
    return '';
  },
  frame: ({ api }) =>
    new Promise<string>((resolve) => {
      const frame = document.createElement('iframe');
      frame.onload = () => {
        let text = '';
        try {
          text = frame.contentDocument?.body.textContent ?? '';
        } catch {
          text = '';
        }
        resolve(text);
      };
      frame.src = `${api}/v1/state`;
      document.body.append(frame);
    }),
  'form as plain text': ({ api }) =>
    new Promise<string>((resolve) => {
      const frame = document.createElement('iframe');
      frame.name = 'answer';
      const form = document.createElement('form');
      form.method = 'post';
      form.action = `${api}/v1/tokens/revoke`;
      form.enctype = 'text/plain';
      form.target = 'answer';
      const field = document.createElement('input');
      // Makes the body {"all":true,"x":"="}.
      field.name = '{"all":true,"x":"';
      field.value = '"}';
      form.append(field);
      document.body.append(frame, form);
      frame.onload = () => frame.contentWindow && setTimeout(() => resolve(''), 200);
      form.submit();
    }),
  'fetch without CORS': async ({ api }) => {
    const answer = await fetch(`${api}/v1/sign-out`, { method: 'POST', mode: 'no-cors', body: '{}' });
    return answer.text();
  },
  beacon: async ({ api }) => {
    navigator.sendBeacon(`${api}/v1/sign-out`, '{}');
    await new Promise((resolve) => setTimeout(resolve, 300));
    return '';
  },
  'fetch with the bearer token': async ({ api, bearer }) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
    return fetch(`${api}/v1/sign-out`, { method: 'POST', headers, body: '{}' }).then(
      (answer) => answer.text(),
      () => '',
    );
  },
  'read with the bearer token': async ({ api, bearer }) =>
    fetch(`${api}/v1/state`, { headers: { authorization: `Bearer ${bearer}` } }).then(
      (answer) => answer.text(),
      () => '',
    ),
  'web socket': ({ api }) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`${api.replace('http', 'ws')}/v1/state`);
      socket.onmessage = ({ data }) => resolve(String(data));
      socket.onopen = () => resolve('a web socket');
      socket.onerror = () => resolve('');
    }),
  'event source': ({ api }) =>
    new Promise<string>((resolve) => {
      const source = new EventSource(`${api}/v1/state`);
      const end = (text: string): void => {
        source.close();
        resolve(text);
      };
      source.onopen = () => end('an event source');
      source.onerror = () => end('');
    }),
};

/** From a page whose name the attacker has let point to this computer: for the browser all of it is one site. */
const rebound: Record<string, Attack> = {
  'rebound read': async ({ bearer }) =>
    (await fetch('/v1/state', { headers: { authorization: `Bearer ${bearer}` } })).text(),
  'rebound action': async ({ bearer }) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
    return (await fetch('/v1/sign-out', { method: 'POST', headers, body: '{}' })).text();
  },
};

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

  it.each(Object.entries(attacks))('%s from another site does nothing', async (_name, attack) => {
    const page = await openPage(`http://evil.test:${(site.address() as AddressInfo).port}/`);
    const target = { api: `http://127.0.0.1:${api.port}`, bearer: api.bearer };
    await expectNothing(await page.evaluate(attack, target));
    await page.close();
  });

  it.each(Object.entries(rebound))('%s does nothing', async (_name, attack) => {
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
