import { describe, expect, it } from 'vitest';
import { explain, type Facts } from '../../main/access/explain.ts';
import type { ConnectionSettings } from '../../main/config/schema.ts';

const analysts = '00000000-0000-4000-8000-00000000000a';
const admins = '00000000-0000-4000-8000-00000000000b';
const connection = {
  name: 'sales',
  rules: [
    { group: admins, role: 'owner', description: 'administrators', mfa: 'login' },
    { group: analysts, role: 'readonly', mfa: 'never' },
  ],
} as unknown as ConnectionSettings;

const facts: Facts = {
  username: 'ada@fabrikam.example',
  connection,
  route: {
    provider: 'fabrikam',
    steps: [{ provider: 'fabrikam', answer: 'mine', because: 'the domain is one of its domains' }],
  },
  session: { username: 'ada@fabrikam.example', until: '2026-03-10T17:00:00.000Z' },
  groups: { known: true, groups: [{ id: analysts, name: 'Analysts' }], source: 'read now' },
  enrolled: false,
  now: Date.parse('2026-03-10T12:00:00Z'),
};
const lastOf = (changes: Partial<Facts>) => {
  const explanation = explain({ ...facts, ...changes });
  return { ...explanation, verdict: explanation.reasons.at(-1) };
};

describe('an explanation', () => {
  it('names the chain step, the group and the rule that allowed', () => {
    const { allowed, roles, reasons } = explain(facts);
    expect({ allowed, roles }).toEqual({ allowed: true, roles: ['readonly'] });
    expect(reasons.map(({ step, effect }) => [step, effect])).toEqual([
      ['chain', 'info'],
      ['session', 'allows'],
      ['groups', 'info'],
      ['rule', 'info'],
      ['rule', 'allows'],
      ['verdict', 'allows'],
    ]);
    expect(reasons[4]?.text).toContain('Analysts');
  });

  it.each([
    ['the end of the chain', { route: { steps: [] } }, /end of the chain denies/],
    [
      'groups that are not known',
      { groups: { known: false, because: 'no secret' } },
      /not known \(no secret\), and unknown counts as no/,
    ],
    ['no group', { groups: { known: true, groups: [], source: 'read now' } }, /None of the groups/],
    ['nobody signed in', { session: undefined }, /would give readonly, but a sign-in is needed/],
    [
      'somebody else signed in',
      { session: { username: 'bruno@fabrikam.example', until: 'x' } },
      /sign-in is needed/,
    ],
  ] as [string, Partial<Facts>, RegExp][])('denies for %s, and says so', (_name, changes, expected) => {
    const { allowed, verdict } = lastOf(changes);
    expect(allowed).toBe(false);
    expect(verdict).toMatchObject({
      step: 'verdict',
      effect: 'denies',
      text: expect.stringMatching(expected) as string,
    });
  });

  it('says in which databases a rule gives its role, and goes on to the next rule for others', () => {
    const rule = { group: analysts, role: 'readonly', mfa: 'never' };
    const rules = [{ ...rule, databases: ['sales', 'stock'] }, rule, rule];
    const { roles, reasons } = explain({
      ...facts,
      connection: { ...connection, rules } as ConnectionSettings,
    });
    expect(roles).toEqual(['readonly']);
    expect(reasons.filter(({ step }) => step === 'rule').map(({ text }) => text)).toEqual([
      'rule 1 (group Analysts → role readonly in sales, stock)',
      'rule 2 (group Analysts → role readonly)',
      'rule 3 (group Analysts → role readonly): an earlier rule already gives this role',
    ]);
  });

  it('tells that a second factor is asked for, and denies where every way needs one that is not set up', () => {
    const groups: Facts['groups'] = { known: true, groups: [{ id: admins, name: '' }], source: 'read now' };
    expect(lastOf({ groups })).toMatchObject({
      allowed: false,
      verdict: { text: 'The second factor has to be set up first.' },
    });
    const enrolled = lastOf({ groups, enrolled: true });
    expect(enrolled.allowed).toBe(true);
    expect(
      enrolled.reasons.some(({ step, text }) => step === 'second-factor' && text.includes('for each login')),
    ).toBe(true);
  });
});
