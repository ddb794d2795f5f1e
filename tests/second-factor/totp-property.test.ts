import { rm } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeAt, stepAt } from '../../main/second-factor/totp-code.ts';
import { codeOf, enrol, useFastFolders } from './totp-fixture.ts';
import { alice, noon, openTotp, stepMs } from './totp-home.ts';

const newFolder = useFastFolders();

type Action =
  | { kind: 'jump'; ms: number }
  | { kind: 'code'; off: number; times: number }
  | { kind: 'same code again' }
  | { kind: 'recovery'; index: number }
  | { kind: 'wrong' }
  | { kind: 'restart' };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant('jump' as const), ms: fc.integer({ min: -3 * stepMs, max: 10 * stepMs }) }),
  fc.record({ kind: fc.constant('jump' as const), ms: fc.integer({ min: -1e10, max: 1e10 }) }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('code' as const),
      off: fc.integer({ min: -2, max: 2 }),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  fc.constant({ kind: 'same code again' as const }),
  fc.record({ kind: fc.constant('recovery' as const), index: fc.nat(9) }),
  fc.constant({ kind: 'wrong' as const }),
  fc.constant({ kind: 'restart' as const }),
);

// Thousands of writes that wait for the disk.
test(
  'over any jumps of the clock, restarts and submissions nothing is accepted twice',
  { timeout: 240_000 },
  async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 30 }), async (actions) => {
        let home = openTotp(await newFolder());
        const { key, recovery } = await enrol(home);
        const used = new Set<number | string>([stepAt(noon)]);
        let lastCode = codeOf(key, home);

        async function submit(code: string, times: number): Promise<void> {
          const at = stepAt(home.time);
          const verdicts = await Promise.all(
            Array.from({ length: times }, () => home.totp.verify(alice, code)),
          );
          const good = verdicts.filter(({ kind }) => kind === 'accepted');
          expect(good.length).toBeLessThanOrEqual(1);
          if (good.length === 0) return;
          accepted += 1;
          // Which step it was: the latest about now that has this code.
          const step = [at + 1, at, at - 1].find((step) => codeAt(key, step) === code);
          expect(used).not.toContain(step ?? code);
          used.add(step ?? code);
        }

        for (const one of actions) {
          switch (one.kind) {
            case 'jump':
              home.time = Math.max(stepMs, home.time + one.ms);
              break;
            case 'code':
              lastCode = codeAt(key, Math.max(0, stepAt(home.time) + one.off));
              await submit(lastCode, one.times);
              break;
            case 'same code again':
              await submit(lastCode, 1);
              break;
            case 'recovery':
              await submit(recovery[one.index] ?? '', 2);
              break;
            case 'wrong':
              await submit('000000', 1);
              break;
            case 'restart':
              home = openTotp(home.folder, home.time);
          }
        }
        await rm(home.folder, { recursive: true, force: true });
      }),
      { numRuns: 100 },
    );
    expect(accepted).toBeGreaterThan(30);
    process.stdout.write(
      `TOTP, random sequences: ${accepted} acceptances, none of a step or code used before\n`,
    );
  },
);
