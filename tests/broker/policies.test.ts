import { expect, test } from 'vitest';
import { policiesOf } from '../../main/broker/policies.ts';
import { loadedFrom } from '../../main/config/load.ts';

test('what counts for a lock and for logins that wait comes with whoever has set it', () => {
  const organisation = { text: 'session: { onLock: cut }', origin: '/etc/latchkey/organisation.yaml' };
  const person = 'providers: []\nhold: { mysql: 5s }';
  expect(policiesOf(loadedFrom({ person, organisation }, 'x'))).toEqual({
    onLock: { value: 'cut', origin: 'organisation' },
    holds: [
      { protocol: 'postgresql', value: '45s', origin: 'built-in' },
      { protocol: 'mysql', value: '5s', origin: 'person' },
      { protocol: 'sqlserver', value: '12s', origin: 'built-in' },
    ],
  });
});
