import { expect, test } from 'vitest';
import { sessionLimits } from '../../main/access/limits.ts';
import type { RuleSettings } from '../../main/config/schema.ts';

const times = { days: 'mon-fri', hours: '08:00-18:00', zone: 'UTC' };
const rule: RuleSettings = { group: '', role: 'app', mfa: 'never', readOnly: false, times };
const closes = Date.UTC(2026, 10, 30, 18);

test.each([
  ['a login inside of the window', closes - 1000, closes],
  ['a login that has taken until the window was closed', closes, closes],
  ['one that has taken longer', closes + 5000, closes + 5000],
])('%s ends with it', (_what, at, ends) => {
  expect(sessionLimits(rule, 'sales', at).last).toMatchObject({ reason: 'outside-times', at: ends });
  const short = sessionLimits({ ...rule, maxDuration: '1s' }, 'sales', at).last;
  expect(short?.at).toBe(Math.min(ends, at + 1000));
});
