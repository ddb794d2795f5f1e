import { describe, expect, it } from 'vitest';
import { permissions, toGrant } from '../../main/access/policy.ts';
import type { ConnectionSettings } from '../../main/config/schema.ts';

const analysts = '00000000-0000-4000-8000-00000000000a';
const admins = '00000000-0000-4000-8000-00000000000b';
const connection = {
  name: 'sales',
  rules: [
    { group: analysts, role: 'readonly', description: 'analysts' },
    { group: admins, role: 'owner', tokenLifetime: '5m' },
    { group: admins, role: 'readonly' },
  ],
} as unknown as ConnectionSettings;

describe('permissions', () => {
  it('come from group ids alone', () => {
    expect(permissions(connection, [{ id: 'x', name: analysts }], '15m')).toEqual([]);
    expect(permissions(connection, [], '15m')).toEqual([]);
  });

  it('follow the order of the rules, one for each role', () => {
    const ways = permissions(
      connection,
      [
        { id: admins.toUpperCase(), name: 'Admins' },
        { id: analysts, name: '' },
      ],
      '15m',
    );
    expect(ways.map(({ rule, tokenLifetimeSeconds }) => [rule.role, tokenLifetimeSeconds])).toEqual([
      ['readonly', 900],
      ['owner', 300],
    ]);
    expect(ways.map((way) => toGrant(way, 'o').group.name)).toEqual(['analysts', 'Admins']);
  });

  it('of one role may be another rule’s for another database', () => {
    const groups = [{ id: analysts, name: '' }];
    const rules = [
      { group: analysts, role: 'readonly', databases: ['sales'], mfa: 'login' },
      { group: analysts, role: 'readonly', mfa: 'never' },
    ];
    const of = (database: string | undefined, protocol: string) =>
      permissions({ ...connection, protocol, rules } as ConnectionSettings, groups, '15m', { database }).map(
        ({ rule }) => rule.mfa,
      );
    expect(of('sales', 'postgresql')).toEqual(['login']);
    expect(of('Sales', 'postgresql')).toEqual(['never']);
    expect(of('SALES', 'sqlserver')).toEqual(['login']);
    expect(of('master', 'sqlserver')).toEqual(['login']);
    expect(of(undefined, 'postgresql')).toEqual(['login']);
    const named = (database: string, protocol: string, exactNames?: boolean) =>
      permissions({ ...connection, protocol, rules } as ConnectionSettings, groups, '15m', {
        database,
        exactNames,
      }).map(({ rule, database }) => [rule.mfa, database]);
    for (const protocol of ['sqlserver', 'mysql']) {
      expect(named('SALES', protocol)).toEqual([['login', 'sales']]);
      expect(named('SALES', protocol, true)).toEqual([['never', 'SALES']]);
      expect(named('sales', protocol, true)).toEqual([['login', 'sales']]);
    }
    expect(named('Sys', 'mysql')).toEqual([['login', 'sys']]);
    expect(named('Sys', 'mysql', true)).toEqual([['never', 'Sys']]);
    expect(named('INFORMATION_SCHEMA', 'mysql', true)).toEqual([['login', 'INFORMATION_SCHEMA']]);
    rules.pop();
    expect(of('stock', 'postgresql')).toEqual([]);
  });
});
