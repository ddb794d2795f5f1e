import { expect, test } from 'vitest';
import { mariadbParts } from '../support/mariadb.ts';
import { describeWith, parts } from '../support/parts.ts';
import type { Target } from './target.ts';
import { targets } from './targets.ts';

const needed = [parts.postgres, parts.pgbench, parts.chromium, mariadbParts.server];

/** What `npm run verify` does at full size, small: the mechanisms hold, and no target has rusted. */
export function testTargets(which: (target: Target) => boolean): void {
  describeWith(needed, 'the targets of the security model, at small size', () => {
    test.each(targets.filter(which).map((target) => [target.name, target] as const))(
      '%s',
      { timeout: 300_000 },
      async (_name, target) => {
        const { figure, pass } = await target.run('quick');
        process.stdout.write(`${target.name}: ${figure}\n`);
        expect(pass, `${figure}; the bound is: ${target.bound}`).toBe(true);
      },
    );
  });
}
