import type { Target } from './target.ts';
import { type Gateway, type World, mariadbWorld, postgresWorld, sqlServerWorld } from './pipelined-worlds.ts';

const sizes = { quick: 1, full: 20 };
const statements = 20;
const oneWayMs = 15;

type Ending = 'cut' | 'quit';

/** One session that has statements waiting is ended; resolves with the number of rows that are written all the same. */
async function oneEnding(world: World, ending: Ending, tag: number): Promise<number> {
  const gateway: Gateway = await world.gateway();
  try {
    const opened = gateway.gatekeeper.nextOpened();
    await world.begin(gateway, tag, statements);
    // Until all of them have come through the network.
    await new Promise((resolve) => setTimeout(resolve, 4 * oneWayMs));
    const sessionId = await opened;
    if (ending === 'cut') {
      gateway.host.cut([sessionId], 'Your access has ended.');
      await gateway.gatekeeper.nextEnd(sessionId);
    } else await gateway.host.close();
    // What still runs may yet be committed.
    return (await world.committed(tag)) ?? statements;
  } finally {
    await gateway.host.close();
  }
}

/**
 * A client sends 20 statements at once over a network with a latency, and is cut while the first runs. A server whose
 * connection only gets a FIN goes on with what lies in its buffer.
 */
export const pipelinedCut: Target = {
  name: 'pipelined-cut',
  bound: `a cut or the end of Latchkey with ${statements} pipelined statements under way, ${oneWayMs} ms one way: 0 committed, in all three protocols`,
  async run(size) {
    const figures: string[] = [];
    let sum = 0;
    let tag = 0;
    for (const start of [
      () => postgresWorld('tls', oneWayMs),
      () => postgresWorld('socket', oneWayMs),
      () => mariadbWorld(oneWayMs),
      () => sqlServerWorld(oneWayMs),
    ]) {
      const world = await start();
      try {
        for (const ending of ['cut', 'quit'] as const) {
          let committed = 0;
          for (let round = 0; round < sizes[size]; round += 1)
            committed += await oneEnding(world, ending, (tag += 1));
          figures.push(`${world.name} ${ending} ${committed}`);
          sum += committed;
        }
      } finally {
        await world.close();
      }
    }
    return { figure: `committed of ${sizes[size]} × ${statements}: ${figures.join(', ')}`, pass: sum === 0 };
  },
};
