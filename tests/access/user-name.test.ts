import { describe, expect, it } from 'vitest';
import { namesPerson } from '../../main/access/user-name.ts';

const ada = 'Ada@fabrikam.example';
const guest = 'ana_partner.example#EXT#@fabrikam.onmicrosoft.com';

describe('the name that a client gives', () => {
  it.each([
    'ada@fabrikam.example',
    'ADA@FABRIKAM.EXAMPLE',
    '  ada@fabrikam.example ',
    '"ada@fabrikam.example"',
    "'ada@fabrikam.example'",
    '`ada@fabrikam.example`',
    '[ada@fabrikam.example]',
    String.raw`AzureAD\ada@fabrikam.example`,
    String.raw`FABRIKAM\ada`,
    'ada@fabrikam.example@sales-server',
    'ada@fabrikam.example@127.0.0.1',
  ])('%s is the person', (name) => {
    expect(namesPerson(name, ada)).toBe(true);
  });

  it.each([
    '',
    'ada',
    'ada@',
    '@fabrikam.example',
    'bruno@fabrikam.example',
    'ada@fabrikam.example.evil.example',
    'ada@fabrikam.example@a@b',
    String.raw`FABRIKAM\bruno`,
    String.raw`\ada`,
    String.raw`A\B\ada`,
    'fabrikam.example',
    '""',
    '"',
    '"ada@fabrikam.example',
  ])('%j is not', (name) => {
    expect(namesPerson(name, ada)).toBe(false);
  });

  it('of a guest is the long one, and of a break-glass account has no domain', () => {
    expect(namesPerson(guest.toUpperCase(), guest)).toBe(true);
    expect(namesPerson(`${guest}@server`, guest)).toBe(true);
    expect(namesPerson('glass1@server', 'glass1')).toBe(true);
    expect(namesPerson(String.raw`HOST\glass`, 'glass1')).toBe(false);
    expect(namesPerson(String.raw`HOST\glass1`, 'glass1')).toBe(true);
  });
});
