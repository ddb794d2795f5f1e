import fc from 'fast-check';
import { createTokens } from '../../main/access/tokens.ts';
import { count, type Target } from './target.ts';
import { binding } from './token-binding.ts';

const sizes = { quick: 20_000, full: 1_000_000 };

/**
 * Tokens on clocks that jump: the wall clock both ways, the monotonic one forward only and not at all in a suspend.
 * A token must be good until either has passed its end, and never again afterwards.
 */
export const virtualClock: Target = {
  name: 'virtual-clock',
  bound:
    '1,000,000 steps of a virtual clock with jumps and suspends: no token accepted after its end, none refused before',
  async run(size) {
    const wrong = { late: 0, early: 0 };
    let steps = 0;
    const step = fc.record({
      wall: fc.integer({ min: -600_000, max: 600_000 }),
      monotonic: fc.oneof(fc.constant(0), fc.nat(600_000)),
    });
    while (steps < sizes[size]) {
      let wall = 1_700_000_000_000;
      let monotonic = 5_000;
      const tokens = createTokens(
        { salt: Buffer.alloc(16), iterations: 1 },
        { wall: () => wall, monotonic: () => monotonic },
      );
      const [lifetime = 1] = fc.sample(fc.integer({ min: 1, max: 3_600 }), 1);
      const { text, token } = await tokens.issue(binding, lifetime);
      const monotonicEnd = monotonic + lifetime * 1000;
      const attempt = {
        connection: 'sales',
        clientUser: 'readonly',
        proof: { kind: 'password' as const, password: text },
      };
      let isOver = false;
      for (const jump of fc.sample(step, 1_000)) {
        wall += jump.wall;
        monotonic += jump.monotonic;
        isOver ||= wall >= token.expiresAt || monotonic >= monotonicEnd;
        const { ok } = tokens.verify(attempt);
        if (ok && isOver) wrong.late += 1;
        if (!ok && !isOver) wrong.early += 1;
        steps += 1;
      }
    }
    return {
      figure: `${count(steps)} steps, ${wrong.late} accepted after the end, ${wrong.early} refused before it`,
      pass: wrong.late === 0 && wrong.early === 0,
    };
  },
};
