import { expect, test } from 'vitest';
import { withPerson } from '../../main/gateway/mysql/person-attributes.ts';
import { parseAttributes } from '../../main/gateway/mysql/handshake-response.ts';
import { lengthEncodedBytes } from '../../main/gateway/mysql/wire.ts';
import { personLabel, printableUnicode } from '../../main/gateway/person.ts';
import { sessionSettings } from '../../main/gateway/postgres/startup-parameters.ts';
import type { StartupParameters } from '../../main/gateway/postgres/startup.ts';

const ada = { name: 'ada@fabrikam.example', session: '1b4e28ba', isNamed: true };

test('a label has person and session in front, and the client’s own name in what is left', () => {
  expect(personLabel(ada, 'psql', 63)).toBe('latchkey:ada@fabrikam.example:1b4e28ba psql');
  expect(personLabel(ada, '', 63)).toBe('latchkey:ada@fabrikam.example:1b4e28ba');
  const cut = personLabel(ada, 'x'.repeat(200), 63);
  expect(cut).toBe(`latchkey:ada@fabrikam.example:1b4e28ba ${'x'.repeat(24)}`);
  const long = { ...ada, name: `${'a'.repeat(64)}@fabrikam.example` };
  expect(personLabel(long, 'psql', 63)).toBe(`latchkey:${'a'.repeat(44)}~:1b4e28ba`);
  expect(personLabel(long, 'psql', 128)).toBe(`latchkey:${long.name}:1b4e28ba psql`);
});

test('characters that the server would not take, or that would move the session’s place, are replaced', () => {
  expect(personLabel({ ...ada, name: 'a:b c\n' }, 'a\tb\u0007é😀', 63)).toBe(
    'latchkey:a?b?c?:1b4e28ba a?b???',
  );
  expect(personLabel({ ...ada, name: 'renée' }, '報告😀\u0000', 128, printableUnicode)).toBe(
    'latchkey:renée:1b4e28ba 報告😀?',
  );
});

test('PostgreSQL: the settings of the session come last, whatever the client calls them', () => {
  const sent: StartupParameters = [
    ['Application_Name', 'psql'],
    ['options', '-c application_name=other'],
    ['latchkey.PERSON', 'eve'],
  ];
  const settings = sessionSettings(sent, { person: { ...ada, setting: 'Latchkey.person' } });
  expect([...settings]).toEqual([
    ['options', '-c application_name=other'],
    ['application_name', 'latchkey:ada@fabrikam.example:1b4e28ba psql'],
    ['latchkey.person', 'ada@fabrikam.example'],
  ]);
  expect([...sessionSettings(sent, {})]).toEqual([...sent]);
  const unnamed = sessionSettings(sent, { person: { ...ada, isNamed: false, setting: 'a.b' } });
  expect([...unnamed]).toEqual([...sent, ['a.b', ada.name]]);
  for (const kind of ['physical', 'logical'] as const)
    expect([...sessionSettings(sent, { person: ada }, kind)]).toEqual([...sent]);
});

test('PostgreSQL: limits of the rule come last, and a login may ask for a shorter one', () => {
  const of = (timeout: string) =>
    sessionSettings([['Statement_Timeout', timeout]], { statementTimeoutMs: 2000, readOnly: true });
  expect([...of('0')]).toEqual([
    ['default_transaction_read_only', 'on'],
    ['statement_timeout', '2000'],
  ]);
  for (const asked of ['2001', '0', '3s', '-1', '']) expect(of(asked).at(-1)?.[1]).toBe('2000');
  expect(of('1500').at(-1)?.[1]).toBe('1500');
});

test('MySQL: attributes stand in front, and nobody else’s are called so', () => {
  const encode = (pairs: [string, string][]): Buffer =>
    Buffer.concat(pairs.flat().map((text) => lengthEncodedBytes(Buffer.from(text))));
  const client = encode([
    ['_pid', '17'],
    ['Latchkey_Person', 'eve@fabrikam.example'],
    ['program_name', 'x'.repeat(300)],
  ]);
  expect([...parseAttributes(withPerson(client, ada, 45))]).toEqual([
    ['latchkey_person', ada.name],
    ['latchkey_session', ada.session],
    ['_pid', '17'],
    ['program_name', 'x'.repeat(300)],
  ]);
  const [, name] = [...parseAttributes(withPerson(Buffer.alloc(0), { ...ada, name: 'renée' }, 8))][0] ?? [];
  expect(name).toBe('ren?e');
  const [, utf8] = [...parseAttributes(withPerson(Buffer.alloc(0), { ...ada, name: 'renée' }, 255))][0] ?? [];
  expect(utf8).toBe('renée');
  // What a server takes at most is not gone beyond for the sake of ours.
  const full = encode([
    ['a', 'x'.repeat(60_000)],
    ['b', 'x'.repeat(5500)],
  ]);
  const fitting = withPerson(full, ada, 45);
  expect(fitting.length).toBeLessThanOrEqual(65_535);
  expect([...parseAttributes(fitting).keys()]).toEqual(['latchkey_person', 'latchkey_session', 'a']);
});
