import { randomBytes } from 'node:crypto';
import { deeds } from '../administration/deeds.ts';
import { ada, startAdministered, type AdministeredWorld } from '../administration/world.ts';
import { startWorld, storePasswords } from '../support/latchkey.ts';
import { count, type Target } from './target.ts';

const sizes = { quick: 1, full: 50 };

/** Nobody signed in; a sign-in that a restart has brought back; somebody signed in who has a second factor. */
export const bearerAlone: Target = {
  name: 'bearer-alone',
  bound: "whoever has the API's bearer alone changes no provider, chain, account, secret or factor",
  async run(size) {
    const world = await startWorld();
    const administered = await startAdministered(world);
    const { latchkey, enrol } = administered;
    try {
      await latchkey.serve.start();
      await storePasswords(latchkey, world);
      const setUp = randomBytes(16).toString('hex');
      const done = [
        await tryAll(administered, sizes[size], [{}, { code: '123456' }, { phone: true }, { setUp }]),
      ];
      await latchkey.signIn(ada);
      await latchkey.serve.stop();
      await latchkey.serve.start();
      await latchkey.until(({ signIn }) => signIn.kind === 'signed-in');
      done.push(await tryAll(administered, sizes[size], [{}, { code: '123456' }, { phone: true }]));
      await latchkey.signOut();
      await latchkey.signIn(ada);
      await enrol();
      done.push(await tryAll(administered, sizes[size], [{}, { phone: true }]));
      const sum = (name: 'tried' | 'let' | 'changed'): number =>
        done.reduce((all, each) => all + each[name], 0);
      return {
        figure: `${count(sum('tried'))} attempts at ${deeds.length} deeds, ${sum('let')} let through, ${sum('changed')} changes found`,
        pass: sum('let') === 0 && sum('changed') === 0,
      };
    } finally {
      await administered.close();
      await world.close();
    }
  },
};

/** Tries each deed with each of these proofs. */
async function tryAll(
  { post, footprint }: AdministeredWorld,
  rounds: number,
  proofs: object[],
): Promise<{ tried: number; let: number; changed: number }> {
  const before = await footprint();
  const tally = { tried: 0, let: 0, changed: 0 };
  for (let round = 0; round < rounds; round += 1) {
    for (const [path, body] of deeds) {
      for (const proof of proofs) {
        tally.tried += 1;
        const isLet = await post(path, { ...body, ...proof }).then(
          () => true,
          () => false,
        );
        if (isLet) tally.let += 1;
      }
    }
  }
  if ((await footprint()) !== before) tally.changed += 1;
  return tally;
}
