import { expect, test } from 'vitest';
import type { z } from 'zod';
import { configuration as schema, type Configuration } from '../../main/config/schema.ts';
import { parseConfiguration } from '../../main/config/load.ts';
import { createPlaceholders } from '../../main/support-bundle/placeholders.ts';
import { shownConfiguration } from '../../main/support-bundle/shown-configuration.ts';

type Form = z.core.$ZodType;

/** A value of each form that the schema knows at each place, with a canary for whatever may be any text. */
function samplesOf(form: Form, canary: () => string): unknown[] {
  const { type, ...def } = form._zod.def as unknown as {
    type: string;
    innerType: Form;
    in: Form;
    options: Form[];
    element: Form;
    shape: Record<string, Form>;
    valueType: Form;
    entries: Record<string, unknown>;
    values: unknown[];
  };
  switch (type) {
    case 'optional':
    case 'default':
    case 'prefault':
      return samplesOf(def.innerType, canary);
    case 'pipe':
      return samplesOf(def.in, canary);
    case 'union':
      return def.options.flatMap((option) => samplesOf(option, canary));
    case 'array':
      return [samplesOf(def.element, canary)];
    case 'record':
      return [Object.fromEntries(samplesOf(def.valueType, canary).map((value) => [canary(), value]))];
    case 'object': {
      const members = Object.entries(def.shape).map(
        ([key, inner]) => [key, samplesOf(inner, canary)] as const,
      );
      const most = Math.max(...members.map(([, values]) => values.length));
      return Array.from({ length: most }, (_, index) =>
        Object.fromEntries(members.map(([key, values]) => [key, values[index % values.length]])),
      );
    }
    case 'enum':
      return Object.values(def.entries);
    case 'literal':
      return def.values;
    case 'boolean':
      return [true];
    case 'number':
      return [5432];
    case 'string':
      return [canary()];
    default:
      throw new TypeError(`no sample of ${type}`);
  }
}

test('no text that a person may write is told, at whatever key; given words, numbers and keys are', () => {
  let canaries = 0;
  const [sample] = samplesOf(schema, () => `canary${++canaries}`);
  expect(canaries).toBeGreaterThan(90);
  const told = JSON.stringify(shownConfiguration(sample as Configuration, createPlaceholders()));
  expect(told).not.toContain('canary');
  for (const word of [
    '"azure-directory"',
    '"by-password"',
    '"onLock"',
    '"targetSessionAttrs"',
    '5432',
    'true',
  ])
    expect(told).toContain(word);
});

test('durations, days and hours are told; a text in their place is not', () => {
  const values = {
    tokens: { lifetime: '15m' },
    session: { deadline: 'canary' },
    listen: { ports: '20000-20099' },
    connections: [{ rules: [{ times: { days: ['mon-fri'], hours: '08:00-18:00', zone: 'Europe/Vienna' } }] }],
  };
  expect(shownConfiguration(values as never, createPlaceholders())).toEqual({
    tokens: { lifetime: '15m' },
    session: { deadline: 'text-1' },
    listen: { ports: '20000-20099' },
    connections: [{ rules: [{ times: { days: ['mon-fri'], hours: '08:00-18:00', zone: 'text-2' } }] }],
  });
});

test('what the schema does not know is told neither by its key nor by its value', () => {
  const values = {
    tokens: { canaryKey: 'canaryValue', another: 77123, third: true },
    canaryGroup: { host: 'canaryHost' },
  };
  const told = JSON.stringify(shownConfiguration(values as never, createPlaceholders()));
  expect(told).not.toMatch(/canary|another|third|77123|true/);
});

test('equal things stay equal, and say what they are', () => {
  const configuration = parseConfiguration(
    `
providers:
  - name: contoso
    type: azure-directory
    authority: https://login.microsoftonline.com/22222222-2222-4222-8222-222222222222
    applicationId: 11111111-1111-4111-8111-111111111111
connections:
  - name: sales
    protocol: postgresql
    port: 6432
    upstream: { hosts: ['db.contoso.example:5433', DB.contoso.example], database: sales, tls: { mode: verify } }
    rules: [{ group: 33333333-3333-4333-8333-333333333333, role: reader, password: { stored: reader } }]
  - name: orders
    protocol: mysql
    port: 6433
    upstream: { host: db.contoso.example, database: orders }
    rules: [{ group: 33333333-3333-4333-8333-333333333333, role: writer }]
  - name: tunnel
    protocol: postgresql
    port: 6434
    upstream: { host: localhost, database: sales, tls: { mode: off } }
    rules: [{ group: 33333333-3333-4333-8333-333333333333, role: writer }]
`,
    'x',
  );
  expect(shownConfiguration(configuration, createPlaceholders())).toMatchObject({
    providers: [{ name: 'provider-1', cloud: 'global', authority: 'address-1', applicationId: 'id-1' }],
    connections: [
      {
        name: 'connection-1',
        port: 6432,
        upstream: { hosts: ['host-1:5433', 'host-1'], tls: { mode: 'verify' } },
        rules: [{ group: 'group-1', mfa: 'never' }],
      },
      { upstream: { host: 'host-1' }, rules: [{ group: 'group-1', role: 'role-2' }] },
      { upstream: { host: 'localhost', tls: { mode: 'off' } }, rules: [{ role: 'role-2' }] },
    ],
  });
});
