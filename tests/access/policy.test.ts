import { describe, expect, it } from 'vitest';
import { permissions, toGrant } from '../../main/access/policy.ts';
import { clientCommand } from '../../main/access/client-command.ts';
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
    expect(ways.map(toGrant).map(({ group }) => group.name)).toEqual(['analysts', 'Admins']);
  });
});

describe('the psql line', () => {
  const place = { host: '127.0.0.1', port: 15432, username: 'ada@fabrikam.example', database: 'sales' };

  it('is one that can be pasted', () => {
    expect(clientCommand('postgresql', place)).toBe(
      'psql "host=127.0.0.1 port=15432 user=ada@fabrikam.example dbname=sales"',
    );
  });

  it('keeps hostile names inside their quotes', () => {
    expect(clientCommand('postgresql', { ...place, username: `a'b" $(id) \`x\` \\` })).toBe(
      String.raw`psql "host=127.0.0.1 port=15432 user='a\\'b\" \$(id) \`x\` \\\\' dbname=sales"`,
    );
  });
});
