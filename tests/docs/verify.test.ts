import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { targets } from '../verify/targets.ts';

const page = readFileSync(new URL('../../docs/VERIFY.md', import.meta.url), 'utf8');

it('VERIFY.md names every target with its bound, in the order in which they run', () => {
  const rows = [...page.matchAll(/^\| `([\w-]+)` \| (.+) \|$/gm)].map(([, name, bound]) => ({ name, bound }));
  expect(rows).toEqual(targets.map(({ name, bound }) => ({ name, bound })));
});
