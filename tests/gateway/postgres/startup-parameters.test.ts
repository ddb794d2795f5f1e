import { expect, test } from 'vitest';
import { Refused } from '../../../main/gateway/refused.ts';
import { checkStartup } from '../../../main/gateway/postgres/startup-parameters.ts';
import type { ListenerSettings } from '../../../main/gateway/ports.ts';

const settings: ListenerSettings = {
  connection: 'sales',
  protocol: 'postgresql',
  host: '127.0.0.1',
  port: 15432,
  clientAuth: 'scram-sha-256',
  databases: ['sales', 'sales_db'],
  maxSessions: 1,
  upstream: { host: 'db', port: 5432, tls: { mode: 'verify' }, allowedMethods: [], connectTimeoutMs: 1000 },
};
const check = (sent: Record<string, string>) => checkStartup(new Map(Object.entries(sent)), settings);
const sqlStateOf = (sent: Record<string, string>): string => {
  try {
    check(sent);
  } catch (error) {
    if (error instanceof Refused) return error.refusal.sqlState;
    throw error;
  }
  return 'allowed';
};

test('any of the listener’s databases, none, or the user’s own name means the connection', () => {
  for (const database of ['sales', 'sales_db', '', 'ann'])
    expect(check({ user: 'ann', database }).database).toBe('sales');
  expect(check({ user: 'ann' }).database).toBe('sales');
  expect(sqlStateOf({ user: 'ann', database: 'Sales' })).toBe('3D000');
});

test('settings pass as they were sent, whatever the case of their names; user and database do not', () => {
  const { parameters, program } = check({
    user: 'ann',
    database: 'sales',
    DateStyle: 'ISO',
    TIMEZONE: 'UTC',
    options: '-c geqo=off',
    application_name: 'x'.repeat(100),
    replication: 'off',
  });
  expect(Object.fromEntries(parameters)).toEqual({
    DateStyle: 'ISO',
    TIMEZONE: 'UTC',
    options: '-c geqo=off',
    application_name: 'x'.repeat(100),
  });
  expect(program).toBe('x'.repeat(64));
});

test('what is not on the list is refused by name', () => {
  for (const name of ['session_authorization', 'role', 'User', 'DATABASE', 'is_superuser', ''])
    expect(sqlStateOf({ user: 'ann', [name]: 'x' }), name).toBe('42704');
  for (const value of ['true', 'on', 'database', '1', 'yes'])
    expect(sqlStateOf({ user: 'ann', Replication: value })).toBe('0A000');
  expect(sqlStateOf({ user: '' })).toBe('28000');
  expect(() => check({ user: 'ann', 'bad\u001b[31m': '' })).toThrow('"bad [31m"');
});
