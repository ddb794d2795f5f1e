import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mergeLayers } from '../../main/config/layers.ts';
import { parseLayer } from '../../main/config/layer.ts';
import { parseOrganisation } from '../../main/config/organisation.ts';

const id = '1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2';
const settings = {
  session: { deadline: '4h', onLock: 'cut' },
  mfa: { methods: ['totp'], cache: '5m' },
  providers: [{ name: 'fabrikam', type: 'azure-directory', authority: id, applicationId: id }],
  connections: ['sales', 'payroll'].map((name, index) => ({
    name,
    protocol: 'postgresql',
    port: 15_432 + index,
    upstream: { host: 'db.fabrikam.example', database: name, via: { ssh: 'jump' }, tls: { mode: 'verify' } },
    rules: [{ group: id, role: 'reader', password: { stored: 'x' } }],
  })),
};

const locks = [
  'session',
  'session.deadline',
  'mfa.methods',
  'tokens.lifetime',
  'providers',
  'providers.fabrikam',
  'providers.*.authority',
  'connections',
  'connections.sales',
  'connections.*.rules',
  'connections.sales.upstream',
  'connections.*.upstream.host',
  'connections.payroll.upstream.tls.mode',
  'connections.*.upstream.via',
];

/** Anything in the place of anything: what a person writes need not be a configuration. */
const scalar = fc.constantFrom<unknown>(null, 'evil', 7, true, [], ['x'], {}, 'sales');
const any = fc.oneof(
  scalar,
  fc.dictionary(fc.constantFrom('host', 'mode', 'ssh', 'command', 'name'), scalar),
);
const upstream = fc.oneof(
  any,
  fc.record(
    { host: any, database: any, via: any, tls: fc.oneof(any, fc.record({ mode: any })) },
    { requiredKeys: [] },
  ),
);
const item = fc.oneof(
  any,
  fc.record(
    {
      name: fc.constantFrom<unknown>('sales', 'payroll', 'fabrikam', 'own', '0', '*', 5),
      type: fc.constantFrom('local', 'azure-directory'),
      port: any,
      authority: any,
      upstream,
      rules: fc.oneof(any, fc.array(fc.record({ role: any, password: any }), { maxLength: 2 })),
    },
    { requiredKeys: [] },
  ),
);
const group = fc.oneof(any, fc.dictionary(fc.constantFrom('deadline', 'onLock', 'methods', 'lifetime'), any));
const person = fc.record(
  {
    session: group,
    mfa: group,
    tokens: group,
    chain: any,
    providers: fc.oneof(any, fc.array(item, { maxLength: 4 })),
    connections: fc.oneof(any, fc.array(item, { maxLength: 4 })),
  },
  { requiredKeys: [] },
);

/** All that is at a lock: for "*" of each that the organisation lists, of the first of its name as a reader finds it. */
function valuesAt(value: unknown, lock: string): unknown[] {
  const [list = '', name, ...rest] = lock.split('.');
  const walk = (from: unknown, steps: string[]): unknown =>
    steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], from);
  if (name === undefined || !['providers', 'connections'].includes(list))
    return [walk(value, name === undefined ? [list] : [list, name, ...rest])];
  const listed = settings[list as 'providers' | 'connections'].map((one) => one.name);
  const items = (value as Record<string, { name?: unknown }[]>)[list] ?? [];
  return listed
    .filter((one) => name === '*' || name === one)
    .map((one) =>
      walk(
        items.find((each) => each.name === one),
        rest,
      ),
    );
}

it('whatever a person writes, what is locked is as the organisation has it', () => {
  fc.assert(
    fc.property(fc.subarray(locks, { minLength: 1 }), person, (locked, own) => {
      const organisation = parseOrganisation({ text: JSON.stringify({ ...settings, locked }), origin: 'o' });
      const merged = mergeLayers(parseLayer(JSON.stringify(own), 'p'), organisation);
      const alone = mergeLayers(parseLayer('', 'p'), organisation);
      for (const lock of locked) {
        // A list that is none is a fault of the whole, and nothing counts.
        const [list = ''] = lock.split('.');
        const there = (merged.value as Record<string, unknown>)[list];
        if (['providers', 'connections'].includes(list) && !Array.isArray(there)) continue;
        expect(valuesAt(merged.value, lock), lock).toEqual(valuesAt(alone.value, lock));
      }
    }),
    { numRuns: 500 },
  );
});

it('whatever a person writes, what is forbidden is not there', () => {
  fc.assert(
    fc.property(person, (own) => {
      const forbid = ['providers', 'connections', 'commands', 'break-glass'];
      const organisation = parseOrganisation({ text: JSON.stringify({ ...settings, forbid }), origin: 'o' });
      const { providers, connections } = mergeLayers(parseLayer(JSON.stringify(own), 'p'), organisation)
        .value as Record<string, unknown>;
      // As above: what is no list cannot count.
      if (Array.isArray(providers)) expect(providers).toEqual(settings.providers);
      if (!Array.isArray(connections)) return;
      const placeless = (one: object) => ({ ...one, port: 0 });
      expect(connections.map(placeless)).toEqual(settings.connections.map(placeless));
    }),
    { numRuns: 500 },
  );
});
