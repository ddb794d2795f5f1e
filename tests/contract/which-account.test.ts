import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { toProblem } from '../../main/contract/errors.ts';
import type { Account } from '../../main/contract/state.ts';
import { notSignedIn, oneAccount, wordOf } from '../../main/contract/which-account.ts';
import { checkRoom } from '../../main/session/beside.ts';
import type { Person } from '../../main/session/person.ts';

const account: Account = {
  objectId: '1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2',
  tenantId: '2c5f39cb-3fb2-4e4d-9f11-e4c8b2d1f603',
  provider: 'contoso',
  username: "maeve.o'brien@contoso.example",
  displayName: "Maeve O'Brien",
};
const quoted = '"maeve.o\'brien@contoso.example"';
const remedyOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return toProblem(error).remedy ?? '';
  }
  throw new Error('nothing was thrown');
};

it.each([
  ['ada@contoso.example', 'ada@contoso.example'],
  [account.username, quoted],
  ['ada_fabrikam.example#EXT#@contoso.example', '"ada_fabrikam.example#EXT#@contoso.example"'],
  ['~ada@contoso.example', '"~ada@contoso.example"'],
  ['Zoë@contoso.example', '"Zoë@contoso.example"'],
  ['ada; rm -rf .', '"ada; rm -rf ."'],
  ...['a!b', 'a^b', 'a%b', 'a$b', 'a`b', 'a"b', 'a\\b', 'a\nb', 'a“b', '--help'].map((name) => [
    name,
    '<sign-in name>',
  ]),
])('the sign-in name %j in a command that is shown: %s', (name, word) => {
  expect(wordOf(name)).toBe(word);
});

it.skipIf(process.platform === 'win32')('a shell reads such a word back', () => {
  const names = [
    account.username,
    'ada_fabrikam.example#EXT#@contoso.example',
    '~ada',
    'a b',
    "'*?;&|<>(){}[]",
  ];
  const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${names.map(wordOf).join(' ')}`]);
  expect(printed.toString().split('\0').slice(0, -1)).toEqual(names);
});

it('every remedy that names an account is a command as it stands', () => {
  const other = { ...account, username: 'ada@contoso.example', objectId: account.tenantId };
  expect(notSignedIn(account.username).remedy).toBe(
    `Sign in from the Latchkey window, or run: latchkey login ${quoted}`,
  );
  expect(remedyOf(() => oneAccount([{ account: other }], { as: account.username }))).toContain(
    `Run: latchkey login ${quoted}; signed in: ada`,
  );
  expect(remedyOf(() => oneAccount([{ account: other }], { chosen: account }))).toContain(
    `Run: latchkey login ${quoted}; or take another`,
  );
  const alone = {
    person: { live: { account, provider: 'contoso' } } as Person,
    provider: { exclusive: 'refuse' },
  } as const;
  expect(remedyOf(() => checkRoom({ name: 'fabrikam' }, [alone], { most: 8 }))).toBe(
    `Sign that account out first: latchkey logout --as ${quoted}`,
  );
});
