import { expect, test } from 'vitest';
import { changePolicies } from '../../main/config/edit-policies.ts';
import { parseConfiguration } from '../../main/config/load.ts';

const text = `# ours
providers: [] # none yet
session: {deadline: 8h} # a working day
hold:
  mysql: 6s # impatient
`;

test('what a locked screen ends is written, and all else stays as it is', () => {
  const changed = changePolicies(text, { onLock: 'cut' }, 'x');
  expect(parseConfiguration(changed, 'x').session).toMatchObject({ deadline: '8h', onLock: 'cut' });
  for (const kept of ['# ours', '# none yet', '# a working day', 'mysql: 6s # impatient'])
    expect(changed).toContain(kept);
  expect(parseConfiguration(changePolicies(changed, { onLock: 'keep' }, 'x'), 'x').session.onLock).toBe(
    'keep',
  );
});

test('the time that a login waits is written for its protocol alone', () => {
  const changed = changePolicies(text, { hold: { postgresql: 30, mysql: 5 } }, 'x');
  expect(parseConfiguration(changed, 'x').hold).toMatchObject({
    postgresql: '30s',
    mysql: '5s',
    sqlserver: '12s',
  });
  expect(changed).not.toContain('sqlserver');
  expect(changed).toContain('# impatient');
});

test('an empty file takes them too', () => {
  const changed = changePolicies('providers: []\n', { onLock: 'sign-out', hold: { sqlserver: 20 } }, 'x');
  expect(parseConfiguration(changed, 'x')).toMatchObject({
    session: { onLock: 'sign-out' },
    hold: { sqlserver: '20s' },
  });
});
