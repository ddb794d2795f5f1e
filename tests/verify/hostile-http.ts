import { ownWords, refusalStatuses, startAttackBrowser } from '../api/attack-browser.ts';
import { startApiWorld } from '../api/api-world.ts';
import { crossSiteAttacks, reboundAttacks } from '../api/attacks.ts';
import { sendHostile } from '../api/hostile-requests.ts';
import { count, within, type Target } from './target.ts';

const sizes = { quick: 1_000, full: 20_000 };

/** Whether a request has acted is read from all that it could have changed: state, stored secrets, records. */
export const hostileHttp: Target = {
  name: 'hostile-http',
  bound: 'of 20,000 hostile requests and all attacks from Chromium none reaches a handler',
  async run(size) {
    const api = await startApiWorld();
    try {
      const before = await api.footprint();
      const { wrong } = await sendHostile(api, sizes[size], Date.now() % 1e6);
      const attacker = await startAttackBrowser(api);
      const through: string[] = [];
      const attacks = [
        ...Object.keys(crossSiteAttacks).map((name) => [name, attacker.crossSite] as const),
        ...Object.keys(reboundAttacks).map((name) => [name, attacker.rebound] as const),
      ];
      for (const [name, attack] of attacks) {
        const seen = await attack(name);
        const arrived = await within(15_000, () => attacker.statuses.length > 0);
        const refused = attacker.statuses.every((status) => refusalStatuses.includes(status));
        if (!arrived || !refused || ownWords.test(seen)) through.push(name);
      }
      await attacker.close();
      const unchanged = (await api.footprint()) === before;
      return {
        figure:
          `${count(sizes[size])} requests, ${wrong.length} not refused; ${attacks.length} attacks, ` +
          `${through.length} got through; ${unchanged ? 'nothing' : 'something'} has changed`,
        pass: wrong.length === 0 && through.length === 0 && unchanged,
      };
    } finally {
      await api.close();
    }
  },
};
