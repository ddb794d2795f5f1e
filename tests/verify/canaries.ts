import { huntSecrets, startForHunt } from '../broker/secret-hunt.ts';
import { createLatchkey, startWorld } from '../support/latchkey.ts';
import type { Target } from './target.ts';

/** Small and full are the same: it is one story. */
export const canaries: Target = {
  name: 'canaries',
  bound:
    '13 canary secrets through a whole story: none found in logs, dumps, command lines, environments, files',
  async run() {
    const world = await startWorld();
    const latchkey = await createLatchkey(world, { started: false });
    try {
      const key = await startForHunt(latchkey);
      const { canaries: secrets, places, found } = await huntSecrets(latchkey, world, key);
      return {
        figure: `${new Set(secrets.values()).size} secrets looked for in ${places.size} places, ${found.length} found${
          found.length > 0 ? ` (${found.join(', ')})` : ''
        }`,
        pass: found.length === 0 && secrets.size === 13,
      };
    } finally {
      await latchkey.close();
      await world.close();
    }
  },
};
