import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Page, chromium } from 'playwright-core';
import { parts } from '../support/parts.ts';
import type { ApiWorld } from './api-world.ts';
import { crossSiteAttacks, pageHelpers, reboundAttacks, type Attack } from './attacks.ts';
import { startTap } from './tap.ts';

const markup = (title: string): string =>
  `<!doctype html><link rel="icon" href="data:,"><title>${title}</title><body>`;

/** Chromium on a page of an attacker, whose every request to the API passes a tap. */
export type AttackBrowser = Awaited<ReturnType<typeof startAttackBrowser>>;

export async function startAttackBrowser(api: ApiWorld) {
  const tap = await startTap(api.port);
  const mapped = ['127.0.0.1', 'evil.test'].map((name) => `MAP ${name}:${api.port} 127.0.0.1:${tap.port}`);
  const browser = await chromium.launch({
    executablePath: parts.chromium.path ?? '',
    args: [
      '--no-sandbox',
      `--host-resolver-rules=${mapped.join(', ')}, MAP evil.test 127.0.0.1`,
      // What new browsers put in the way of such pages is not there in older ones.
      '--disable-features=LocalNetworkAccessChecks,PrivateNetworkAccessSendPreflights',
    ],
  });
  const context = await browser.newContext();
  await context.addInitScript(pageHelpers);
  const site = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(markup('Free kittens'));
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  const siteAddress = `http://evil.test:${(site.address() as AddressInfo).port}/`;
  const reboundOrigin = `http://evil.test:${api.port}`;

  async function openPage(address = siteAddress): Promise<Page> {
    const page = await context.newPage();
    await page.goto(address);
    return page;
  }

  async function attackFrom(page: Page, attack: Attack, target: string): Promise<string> {
    tap.statuses.splice(0);
    const seen = await page.evaluate(attack, { api: target, bearer: api.bearer });
    await page.close();
    return seen;
  }

  return {
    /** Status codes of what the attack that ran last was answered. */
    statuses: tap.statuses,
    openPage,
    newPage: () => context.newPage(),
    /** @returns what the attacker's page could read. */
    crossSite: async (name: string): Promise<string> => {
      const attack = crossSiteAttacks[name];
      if (attack === undefined) throw new RangeError(`no attack "${name}"`);
      return attackFrom(await openPage(), attack, `http://127.0.0.1:${api.port}`);
    },
    rebound: async (name: string): Promise<string> => {
      const attack = reboundAttacks[name];
      if (attack === undefined) throw new RangeError(`no attack "${name}"`);
      // The first visit goes to the attacker's own server; after that the name leads here.
      await context.route(`${reboundOrigin}/`, (route) =>
        route.fulfill({ contentType: 'text/html', body: markup('Free puppies') }),
      );
      return attackFrom(await openPage(`${reboundOrigin}/`), attack, reboundOrigin);
    },
    async close(): Promise<void> {
      await browser.close();
      site.close();
      tap.close();
    },
  };
}

/** Statuses of refusals; every other answer to an attack is one too many. */
export const refusalStatuses: readonly number[] = [401, 403, 405, 415, 421];
/** What a page must never read. */
export const ownWords = /fabrikam|signIn|revision/;
