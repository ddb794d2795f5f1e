import { expect, test } from 'vitest';
import { linkScreens, readLink } from '../../main/contract/link.ts';

test('links lead to a screen, a connection, or the question whether to join', () => {
  for (const screen of linkScreens)
    for (const text of [`latchkey://open/${screen}`, `LATCHKEY://open/${screen.toUpperCase()}/`])
      expect(readLink(text)).toEqual({ kind: 'screen', screen });
  expect(readLink('latchkey:open/audit')).toEqual({ kind: 'screen', screen: 'audit' });
  expect(readLink('latchkey://connection/sales')).toEqual({ kind: 'connection', name: 'sales' });
  expect(readLink('latchkey://connection/Sales%20%26%20more')).toEqual({
    kind: 'connection',
    name: 'Sales & more',
  });
  const address = 'https://config.contoso.example/latchkey#abc';
  expect(readLink(`latchkey://join?address=${encodeURIComponent(address)}`)).toEqual({
    kind: 'join',
    address,
  });
});

test('whatever else is ours leads nowhere: nothing that acts, and nothing with a value', () => {
  for (const rest of [
    '',
    '//',
    '//join',
    '//open',
    '//open/nothing',
    '//open/audit/all',
    '//open/settings?theme=dark',
    '//open/audit#x',
    '//connection/',
    '//connection/sales/token',
    '//connection/sales?copy=token',
    `//connection/${'a'.repeat(101)}`,
    '//connection/%E0%A4%A',
    '//allow/c1',
    '//approve?id=c1',
    '//app/index.html?page=prompts',
    `//open/${'a'.repeat(5000)}`,
  ])
    expect(readLink(`latchkey:${rest}`), rest).toEqual({ kind: 'unknown' });
  for (const text of [
    '',
    'latchkey',
    'https://latchkey.example/open/audit',
    '--hidden',
    ' latchkey://open/audit',
  ])
    expect(readLink(text)).toBe(undefined);
});
