import { expect, test } from 'vitest';
import { Refused } from '../../../main/gateway/refused.ts';
import { checkStartup } from '../../../main/gateway/postgres/startup-parameters.ts';
import {
  type StartupParameters,
  encodeStartupPacket,
  parseStartupPacket,
} from '../../../main/gateway/postgres/startup.ts';
import type { ListenerSettings } from '../../../main/gateway/ports.ts';

const long = `b${'ä'.repeat(31)}`;
const settings: ListenerSettings = {
  connection: 'sales',
  protocol: 'postgresql',
  host: '127.0.0.1',
  port: 15432,
  clientAuth: 'scram-sha-256',
  databases: ['sales', 'sales_db', 'Über db', long],
  maxSessions: 1,
  upstream: { host: 'db', port: 5432, tls: { mode: 'verify' }, allowedMethods: [], connectTimeoutMs: 1000 },
};
const check = (sent: Record<string, string>) => checkStartup(Object.entries(sent), settings);
const sqlStateOf = (sent: Record<string, string>): string => {
  try {
    check(sent);
  } catch (error) {
    if (error instanceof Refused) return error.refusal.sqlState;
    throw error;
  }
  return 'allowed';
};
/** What a client sends that writes its texts in another encoding. */
const inBytes = (sent: Record<string, Buffer>): StartupParameters => {
  const zero = Buffer.alloc(1);
  const pairs = Object.entries(sent).flatMap(([name, value]) => [Buffer.from(`${name}\0`), value, zero]);
  const packet = parseStartupPacket(Buffer.concat([Buffer.from([0, 3, 0, 0]), ...pairs, zero]));
  return packet.kind === 'startup' ? packet.parameters : [];
};

test('any of the listener’s databases, none, or the user’s own name means the connection', () => {
  for (const database of ['sales', '', 'ann'])
    expect(check({ user: 'ann', database }).database).toBe('sales');
  expect(check({ user: 'ann', database: 'sales_db' }).database).toBe('sales_db');
  expect(check({ user: 'ann' }).database).toBe('sales');
  for (const database of ['Sales', ' sales', 'sales ', '"sales"'])
    expect(sqlStateOf({ user: 'ann', database }), database).toBe('3D000');
});

test('the server decides about other names where the listener has any database', () => {
  const named = (database: string, change: Partial<ListenerSettings>) =>
    checkStartup(Object.entries({ user: 'ann', database }), { ...settings, ...change }).database;
  expect(named('other', { otherDatabases: 'any' })).toBe('other');
  expect(named('ann', { otherDatabases: 'any' })).toBe('sales');
  expect(named('é'.repeat(31), { otherDatabases: 'any' })).toBe('é'.repeat(31));
  // It would be cut by the server only, and be another one than rules were asked about.
  expect(() => named('é'.repeat(32), { otherDatabases: 'any' })).toThrow('no database "éé');
  for (const database of ['other', 'postgres', 'template1'])
    expect(() => named(database, { otherDatabases: 'listed' })).toThrow(`no database "${database}"`);
  expect(check({ user: 'sales_db', database: 'sales_db' }).database).toBe('sales_db');
});

test('a longer name is cut where the server cuts it, by bytes', () => {
  expect(check({ user: 'ann', database: `${long}äx` }).database).toBe(long);
  expect(sqlStateOf({ user: 'ann', database: long.slice(0, -1) })).toBe('3D000');
});

test.each([
  ['LATIN1', Buffer.from('Über db', 'latin1'), Buffer.from('renée@x', 'latin1'), 'renée@x'],
  ['iso-8859-1', Buffer.from('Über db', 'latin1'), Buffer.from('renée@x', 'latin1'), 'renée@x'],
  ['WIN1250', Buffer.from('Über db', 'latin1'), Buffer.from([0x9a, 0x40, 0x78]), 'š@x'],
  ['GBK', Buffer.from('Über db'), Buffer.from([0xd5, 0xc5, 0x40, 0x78]), '张@x'],
  ['UTF8', Buffer.from('Über db'), Buffer.from('renée@x'), 'renée@x'],
  // What a terminal in UTF-8 sends, whatever the variable says.
  ['LATIN1', Buffer.from('Über db'), Buffer.from('renée@x'), 'renée@x'],
])('names are read in the encoding of the client: %s', (encoding, database, user, expected) => {
  const sent = inBytes({ client_encoding: Buffer.from(encoding), user, database });
  expect(checkStartup(sent, settings)).toMatchObject({ user: expected, database: 'Über db' });
});

test('settings pass byte for byte, in their order and as often as they were sent; user and database do not', () => {
  const bytes = Buffer.from([0x61, 0xe9, 0xff, 0x80, 0x62]);
  const sent = inBytes({
    user: Buffer.from('ann'),
    DateStyle: Buffer.from('ISO'),
    'app.tenant': bytes,
    role: Buffer.from('reader'),
    replication: Buffer.from('off'),
    application_name: Buffer.from('x'.repeat(100)),
  });
  const repeated: StartupParameters = [...sent, ['DateStyle', 'German'], ['user', 'bob']];
  const { user, parameters, program } = checkStartup(repeated, settings);
  expect(user).toBe('bob');
  expect(program).toBe('x'.repeat(64));
  expect(parameters.map(([name]) => name)).toEqual([
    'DateStyle',
    'app.tenant',
    'role',
    'application_name',
    'DateStyle',
  ]);
  const again = encodeStartupPacket({ kind: 'startup', minor: 0, parameters, protocolOptions: [] });
  expect(again.includes(Buffer.concat([Buffer.from('app.tenant\0'), bytes, Buffer.alloc(1)]))).toBe(true);
});

test('replication is read as the server reads it, and never passes as a setting', () => {
  const kindOf = (value: string, name = 'replication') => {
    const client = check({ user: 'ann', database: 'replication', [name]: value });
    expect(client.parameters).toEqual([]);
    return client.replication;
  };
  for (const value of ['true', 'TRUE', 'tr', 'on', '1', 'yes', 'y']) expect(kindOf(value)).toBe('physical');
  expect(kindOf('on', 'Replication')).toBe('physical');
  expect(check({ user: 'ann', database: 'sales_db', replication: 'database' })).toMatchObject({
    replication: 'logical',
    database: 'sales_db',
  });
  for (const value of ['false', 'off', 'of', 'no', 'n', '0', 'F'])
    expect(check({ user: 'ann', replication: value }).replication).toBeUndefined();
  for (const value of ['', 'o', 'Database', 'maybe', '2'])
    expect(sqlStateOf({ user: 'ann', replication: value }), value).toBe('22023');
  // A logical one is of one database.
  expect(sqlStateOf({ user: 'ann', database: 'replication', replication: 'database' })).toBe('3D000');
  expect(sqlStateOf({ user: '' })).toBe('28000');
});
