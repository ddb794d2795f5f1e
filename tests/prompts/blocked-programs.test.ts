import { expect, test } from 'vitest';
import { createBlockedPrograms } from '../../main/prompts/blocked-programs.ts';

const demandOf = (path?: string) => ({
  connection: 'sales',
  database: 'sales',
  role: 'r',
  program: '',
  address: 'unix',
  holdMs: 1000,
  process: { pid: 1, program: 'python3', ...(path === undefined ? {} : { path }) },
});

test('a blocked program is refused for an hour, whatever it asks for, and no other is', () => {
  let now = 0;
  const blocked = createBlockedPrograms({ now: () => now });
  blocked.block(demandOf('/usr/bin/python3'));
  const refused = () =>
    blocked.check({ ...demandOf('/usr/bin/python3'), connection: 'orders', role: 'other' });
  expect(refused).toThrow('This program has been blocked.');
  expect(() => blocked.check(demandOf('/usr/bin/psql'))).not.toThrow();
  expect(() => blocked.check(demandOf())).not.toThrow();
  now = 3_599_999;
  expect(refused).toThrow();
  now = 3_600_000;
  expect(refused).not.toThrow();
});

test('what would not be recognised cannot be blocked, and the list has an end', () => {
  const blocked = createBlockedPrograms({ now: () => 0 });
  expect(() => blocked.block(demandOf())).toThrow('The system does not tell which program this is.');
  for (let n = 0; n < 101; n += 1) blocked.block(demandOf(`/bin/p${n}`));
  expect(() => blocked.check(demandOf('/bin/p0'))).not.toThrow();
  expect(() => blocked.check(demandOf('/bin/p1'))).toThrow();
  expect(() => blocked.check(demandOf('/bin/p100'))).toThrow();
});
