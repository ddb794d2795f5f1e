import { randomBytes } from 'node:crypto';
import { newTokenText } from '../../main/access/token-text.ts';
import { createTokens } from '../../main/access/tokens.ts';
import { connect } from '../support/latchkey.ts';
import { ada, startProduct } from './product.ts';
import { count, inLanes, type Target } from './target.ts';
import { binding } from './token-binding.ts';

const sizes = { quick: { checked: 20_000, asked: 100 }, full: { checked: 1_000_000, asked: 5_000 } };
/** As many as somebody with ten tools open has. */
const liveTokens = 10;

/**
 * Guesses against what checks them (all proofs that a client can send in place of the token itself), and fewer of
 * them at the gateway, which holds each answer back, with a valid user among the guessers.
 */
export const guesses: Target = {
  name: 'guesses',
  bound: '1,000,000 guesses: no hit, the valid user never locked out',
  async run(size) {
    const { checked, asked } = sizes[size];
    const checkedHits = await guessAtVerifier(checked);
    const { hits, refused, logins } = await guessAtGateway(asked);
    return {
      figure:
        `${count(checked)} guesses checked, ${checkedHits} hits; ${count(asked)} at the gateway, ${hits} hits; ` +
        `the valid user logged in ${logins} times meanwhile and was refused ${refused} times`,
      pass: checkedHits === 0 && hits === 0 && refused === 0 && logins > 0,
    };
  },
};

async function guessAtVerifier(total: number): Promise<number> {
  const tokens = createTokens(
    { salt: randomBytes(16), iterations: 1 },
    { wall: Date.now, monotonic: () => performance.now() },
  );
  for (let issued = 0; issued < liveTokens; issued += 1) await tokens.issue(binding, 900);
  let hits = 0;
  for (let done = 0; done < total; done += 1) {
    const proof =
      done % 3 === 0
        ? { kind: 'password' as const, password: newTokenText() }
        : done % 3 === 1
          ? { kind: 'caching-sha2' as const, scramble: randomBytes(20), response: randomBytes(32) }
          : { kind: 'mysql-native' as const, scramble: randomBytes(20), response: randomBytes(20) };
    if (tokens.verify({ connection: 'sales', clientUser: 'readonly', proof }).ok) hits += 1;
  }
  return hits;
}

async function guessAtGateway(total: number): Promise<{ hits: number; refused: number; logins: number }> {
  const product = await startProduct(false);
  try {
    await product.latchkey.signIn(ada);
    const token = await product.latchkey.token('sales');
    let hits = 0;
    const over = new AbortController();
    let logins = 0;
    let refused = 0;
    const valid = (async () => {
      while (!over.signal.aborted) {
        const client = await connect(token).catch(() => undefined);
        if (client === undefined) {
          refused += 1;
          continue;
        }
        logins += 1;
        await client.end();
      }
    })();
    await inLanes(total, 100, async () => {
      const client = await connect(token, { password: newTokenText() }).catch(() => undefined);
      if (client === undefined) return;
      hits += 1;
      await client.end();
    });
    over.abort();
    await valid;
    return { hits, refused, logins };
  } finally {
    await product.close();
  }
}
