import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, parts } from '../support/parts.ts';
import { soon } from '../support/latchkey.ts';
import { crossSiteAttacks, reboundAttacks } from './attacks.ts';
import { ownWords, refusalStatuses, startAttackBrowser, type AttackBrowser } from './attack-browser.ts';
import { startApiWorld, type ApiWorld } from './api-world.ts';

describeWith([parts.postgres, parts.chromium], 'attacks from Chromium', () => {
  let api: ApiWorld;
  let attacker: AttackBrowser;
  let before: string;

  beforeAll(async () => {
    api = await startApiWorld();
    attacker = await startAttackBrowser(api);
    before = await api.footprint();
  });
  afterAll(async () => {
    await attacker?.close();
    await api?.close();
  });

  /** The attack has arrived, was turned away each time, has read nothing and changed nothing. */
  async function expectNothing(seen: string): Promise<void> {
    const { statuses } = attacker;
    expect(seen).not.toMatch(ownWords);
    await expect.poll(() => statuses.length, soon).toBeGreaterThan(0);
    expect(statuses.filter((status) => !refusalStatuses.includes(status))).toEqual([]);
    expect(await api.footprint()).toBe(before);
  }

  it.each(Object.keys(crossSiteAttacks))('%s from another site does nothing', async (name) => {
    await expectNothing(await attacker.crossSite(name));
  });

  it.each(Object.keys(reboundAttacks))('%s does nothing', async (name) => {
    const text = await attacker.rebound(name);
    expect(JSON.parse(text)).toMatchObject({ problem: { code: 'request-refused' } });
    await expectNothing(text);
    expect(new Set(attacker.statuses)).toEqual(new Set([421]));
  });

  it('opening the address, by its right name or another, shows nothing', async () => {
    const page = await attacker.newPage();
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
    const page = await attacker.openPage();
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
