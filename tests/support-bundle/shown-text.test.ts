import { expect, test } from 'vitest';
import { createPlaceholders } from '../../main/support-bundle/placeholders.ts';
import { ownWords } from '../../main/support-bundle/shown-configuration.ts';
import { createTextFilter } from '../../main/support-bundle/shown-text.ts';

function filterFor(...known: Parameters<ReturnType<typeof createPlaceholders>['of']>[]) {
  const placeholders = createPlaceholders();
  for (const [kind, value] of known) placeholders.of(kind, value);
  return createTextFilter(placeholders, ownWords());
}

test('what is known by its name is told by its placeholder, wherever and however it is written', () => {
  const filter = filterFor(
    ['connection', 'sales'],
    ['host', 'db.corp.example'],
    ['user', 'Ada Lovelace'],
    ['user', 'ada@corp.example'],
    ['group', 'R&D (all)'],
    ['role', 'sales_owner'],
  );
  expect(filter('Connection sales leads to DB.corp.example:5432 as sales_owner.')).toBe(
    'Connection connection-1 leads to host-1:5432 as role-1.',
  );
  expect(filter('ada lovelace (ADA@corp.example) of R&D (all) on "sales"')).toBe(
    'user-1 (user-2) of group-1 on "connection-1"',
  );
  expect(filter('salesperson')).toBe('salesperson');
  expect(filter('connections.sales.upstream.host must be there')).toBe(
    'connections.connection-1.upstream.host must be there',
  );
});

test('what looks like a person, a place, a file or an id is not told, and equal things stay equal', () => {
  const filter = filterFor();
  expect(filter('getaddrinfo ENOTFOUND pg.corp.example, and pg.corp.example again')).toBe(
    'getaddrinfo ENOTFOUND host-1, and host-1 again',
  );
  expect(filter('connect ECONNREFUSED 10.1.2.3:5432 and fd00::12 after 1.5 s')).toBe(
    'connect ECONNREFUSED host-2:5432 and host-3 after 1.5 s',
  );
  expect(filter('mallory@evil.example is no account.')).toBe('user-1 is no account.');
  expect(filter('1B4E28BA-2fa1-4d3c-8f00-d3b7a1c0e5f2: no group')).toBe('id-1: no group');
  expect(filter('See https://portal.corp.example/x.')).toBe('See address-1.');
  expect(filter('cannot read /home/Ada Lovelace/key.pem (EACCES).')).not.toMatch(/Lovelace|key\.pem/);
  expect(filter(String.raw`C:\Users\ada\x.yaml and \\server\share`)).toBe('file-3 and file-4');
  expect(filter(`Access denied for user 'bob'@'%'; don't ask`)).not.toContain('bob');
  expect(filter('the role "hidden \\" one" of "strict"')).toBe('the role "text-3" of "strict"');
});

test('what helps stays: times, codes, versions, loopback, words, and places in the program itself', () => {
  const filter = filterFor();
  for (const text of [
    '2026-03-10T09:12:30.000Z info  Latchkey 0.1.0 is running (pid 4711).',
    'Listening on 127.0.0.1:6432 and [::1]:6432.',
    'AADSTS700082, ECONNRESET, ERR_TLS_CERT_ALTNAME_INVALID',
    'at node:internal/process/task_queues:105:5',
    'It asks for "strict" or "by-password" in tls.mode.',
  ])
    expect(filter(text)).toBe(text);
  expect(filter('at pipe (file:///home/ada/app/dist/main/index.js:12:34)')).toBe(
    'at pipe (dist/main/index.js:12:34)',
  );
});

test('no text that looks like a secret is told', () => {
  const filter = filterFor();
  const secrets = [
    'lk_3Jx9Kq2mZ8vW5nT7bY4cR6dF1gH0pLsA2eU9iO3xQ7wE5t',
    'lkh_aB3dE5fG7hJ9',
    'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl',
    '0.AXkA1b2c3d4e5f6g7h8',
    'F3K9QZ7L',
    'S3cret-pass',
    'JBSWY3DPEHPK3PXP2',
    '7K3M-9Q2X',
  ];
  for (const secret of secrets) {
    for (const text of [`it was ${secret}`, `token=${secret}`, `"${secret}"`, `(${secret}),`, `'${secret}'`])
      expect(filter(text), text).not.toContain(secret);
  }
});
