import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiDescription } from '../../main/api/description.ts';
import { createLatchkey, startWorld, type Latchkey, type World } from '../support/latchkey.ts';

export interface ApiWorld {
  world: World;
  latchkey: Latchkey;
  port: number;
  socketPath: string;
  bearer: string;
  /**
   * Everything that a request could have changed, as one text: the state but for its clock, the stored passwords, and
   * the records of the audit that say that something was done.
   */
  footprint(): Promise<string>;
  close(): Promise<void>;
}

/** A broker with somebody signed in, a token and a database role, so that every action would show. */
export async function startApiWorld(): Promise<ApiWorld> {
  const world = await startWorld();
  const latchkey = await createLatchkey(world, {
    configure(found) {
      found.session.refreshGroups = '1h';
    },
  });
  await latchkey.signIn('ada@fabrikam.example');
  await latchkey.token('sales');
  const file = await readFile(join(latchkey.home, 'run', 'api.json'), 'utf8');
  const { url, socket = '', bearer } = JSON.parse(file) as ApiDescription;
  return {
    world,
    latchkey,
    port: Number(new URL(url).port),
    socketPath: socket,
    bearer,
    async footprint() {
      const state = await latchkey.state();
      const secrets = await (await latchkey.client()).get('/v1/secrets');
      const acts = (await latchkey.audit()).filter(
        ({ event }) => event !== 'request-refused' && event !== 'refusals-suppressed',
      );
      return JSON.stringify({ state, secrets, acts }, undefined, 1);
    },
    async close() {
      await latchkey.close();
      await world.close();
    },
  };
}
