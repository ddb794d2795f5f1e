import { expect, test } from 'vitest';
import { createRecentLogins } from '../../main/access/recent-logins.ts';

const attempt = { connection: 'sales', database: 'sales', program: 'psql' };

test('the last logins are kept in the order of their coming, two hundred of them', () => {
  let changes = 0;
  const recent = createRecentLogins({ changed: () => (changes += 1), now: () => 0 });
  for (let n = 1; n <= 250; n += 1)
    recent.refused(
      { ...attempt, connection: n % 2 === 0 ? 'sales' : 'orders', role: `r${n}` },
      { code: 'token-wrong', message: `No ${n}.`, remedy: 'Copy another one.' },
    );
  expect([recent.seen(), changes, recent.list().length]).toEqual([250, 250, 200]);
  expect(recent.list('sales')).toHaveLength(100);
  expect(recent.list()[0]).toEqual({
    id: 250,
    at: '1970-01-01T00:00:00.000Z',
    ...attempt,
    role: 'r250',
    outcome: 'refused',
    problem: { code: 'token-wrong', message: 'No 250.', remedy: 'Copy another one.' },
  });
  expect(recent.list().at(-1)?.id).toBe(51);
});
