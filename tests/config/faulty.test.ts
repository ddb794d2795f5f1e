import { describe, expect, it } from 'vitest';
import { changeConnections } from '../../main/config/connections.ts';
import { changeProviders } from '../../main/config/edit.ts';
import { demandWhole, refuseNewFaults } from '../../main/config/faulty.ts';
import { loadedFrom, withoutFaulty } from '../../main/config/load.ts';
import { shownValues } from '../../main/config/origin.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';

const file = '/home/ada/latchkey.yaml';
const origin = '/etc/latchkey/organisation.yaml';
const group = '1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2';
const provider = `providers:
  - name: fabrikam
    type: azure-directory
    authority: https://login.microsoftonline.com/${group}
    applicationId: ${group}
`;
const connection = (name: string, port: number | string, more = ''): string => `  - name: ${name}
    protocol: postgresql
    port: ${port}
    upstream: {host: db.fabrikam.example, database: x}
    rules: [{group: ${group}, role: reader}]${more}
`;
const three = `${provider}connections:
${connection('sales', 80)}${connection('payroll', 15433)}${connection('shop', 15434, '\n    colour: red')}`;

const load = (person: string, organisation?: string) =>
  loadedFrom(
    { person, ...(organisation === undefined ? {} : { organisation: { text: organisation, origin } }) },
    file,
  );

function failureOf(run: () => unknown): LatchkeyError {
  try {
    run();
  } catch (error) {
    if (error instanceof LatchkeyError) return error;
  }
  throw new Error('it was accepted');
}

describe('a fault within one connection', () => {
  it('leaves that one out, and is told with its line', () => {
    const { configuration, faulty } = load(three);
    expect(configuration.connections.map(({ name }) => name)).toEqual(['payroll']);
    expect(faulty).toMatchObject([
      {
        name: 'sales',
        problem: {
          code: 'config-invalid',
          message: `Connection "sales" is left out: connections[0].port (80): ports below 1024 belong to the system (${file}, line 9).`,
          faults: [{ file, line: 9 }],
        },
      },
      {
        name: 'shop',
        problem: { faults: [{ line: 22, text: expect.stringContaining('colour') as string }] },
      },
    ]);
  });

  it('is found by every check, also by those that come only after the form of all others is right', () => {
    const plain = connection('plain', 15435).replace('database: x', 'database: x, tls: {mode: off}');
    const { configuration, faulty } = load(`${three}${plain}${connection('last', 15436)}`);
    expect(configuration.connections.map(({ name }) => name)).toEqual(['payroll', 'last']);
    expect(faulty.map(({ name }) => name)).toEqual(['sales', 'shop', 'plain']);
    expect(faulty[2]?.problem.message).toContain(
      'connections[3].upstream.tls.mode "off" would send the login',
    );
    expect(faulty[2]?.problem.faults).toMatchObject([{ line: 26 }]);
  });

  it('values that count still come from their own lines', () => {
    const ports = shownValues(load(three)).filter(
      ({ key }) => key.endsWith('.port') && key.startsWith('connections'),
    );
    expect(ports).toMatchObject([{ key: 'connections.payroll.port', value: 15433, line: 14 }]);
  });

  it('an entry without a name, or that is none at all, is told by its place', () => {
    const { configuration, faulty } = load(
      `${provider}connections:\n${connection('sales', 15432)}  - just a word\n  - port: 15433\n`,
    );
    expect(configuration.connections).toHaveLength(1);
    expect(faulty.map(({ name, hasName }) => [name, hasName])).toEqual([
      ['connections[1]', false],
      ['connections[2]', false],
    ]);
    expect(faulty[0]?.problem.message).toMatch(
      /^connections\[1\] is left out: connections\[1\] must be a group of keys/,
    );
  });

  it('in what an organisation brings is told with its file, and what the person has beside it counts', () => {
    const { configuration, faulty } = load(
      `connections:\n${connection('mine', 15440)}  - {name: payroll, port: 15441}\n`,
      three,
    );
    expect(configuration.connections.map(({ name, port }) => [name, port])).toEqual([
      ['payroll', 15441],
      ['mine', 15440],
    ]);
    expect(faulty.map(({ name, problem }) => [name, problem.faults[0]?.file])).toEqual([
      ['sales', origin],
      ['shop', origin],
    ]);
  });

  it('of the person in a connection of the organisation takes out that connection', () => {
    const good = three.replace('port: 80', 'port: 15432').replace('\n    colour: red', '');
    const { configuration, faulty } = load('connections: [{name: sales, port: 70000}]\n', good);
    expect(configuration.connections.map(({ name }) => name)).toEqual(['payroll', 'shop']);
    expect(faulty).toMatchObject([{ name: 'sales', problem: { faults: [{ file, line: 1 }] } }]);
  });

  it('that shows only on this computer leaves it out as well', () => {
    const loaded = load(three.replace('port: 80', 'port: 15432'));
    const without = withoutFaulty(loaded, [
      undefined,
      { path: ['upstream', 'database'], code: 'config-unreadable', message: '(x) cannot be read' },
    ]);
    expect(without.configuration.connections.map(({ name }) => name)).toEqual(['sales']);
    expect(without.faulty.map(({ name }) => name)).toEqual(['shop', 'payroll']);
    expect(without.faulty[1]?.problem).toMatchObject({
      code: 'config-unreadable',
      message: `Connection "payroll" is left out: upstream.database (x) cannot be read (${file}, line 15).`,
    });
    expect(shownValues(without).some(({ key }) => key.startsWith('connections.payroll'))).toBe(false);
  });
});

describe('a fault anywhere else keeps all from counting', () => {
  it.each([
    ['of a provider', three.replace('type: azure-directory', 'type: ldap'), /providers\[0\]\.type/],
    ['an unknown key', `${three}colour: red\n`, /colour is not a known key/],
    ['the chain', `${three}chain: [contoso]\n`, /there is no provider "contoso"/],
    ['of the YAML', `${three}x: [\n`, /line \d+: /],
    ['no list of connections', `${provider}connections: 7\n`, /connections must be a list/],
    [
      'a name that a connection with a fault has too',
      three.replace('name: shop', 'name: payroll'),
      /connections\[2\]\.name "payroll" is used twice/,
    ],
    [
      'a port that a connection with a fault has too',
      three.replace('port: 15434', 'port: 15433'),
      /connections\[2\]\.port port 15433 already belongs to connection "payroll"/,
    ],
    ['the port of the API', `${three}api: {port: 15434}\n`, /port 15434 already belongs to the HTTP API/],
  ])('%s', (_what, text, expected) => {
    const { code, message, faults } = failureOf(() => load(text));
    expect(code).toBe('config-invalid');
    expect(message).toMatch(expected);
    expect(faults?.length).toBeGreaterThan(0);
  });
});

describe('whoever wants all in order', () => {
  it('gets all faults as one error, in the order of their lines', () => {
    const { message, faults } = failureOf(() => demandWhole(load(three), file));
    expect(message).toMatch(
      /has 2 faults:\n {2}line 9: connections\[0\]\.port .*\n {2}line 22: connections\[2\]\.colour/,
    );
    expect(faults?.map(({ line }) => line)).toEqual([9, 22]);
    expect(demandWhole(load(provider), file).faulty).toEqual([]);
  });

  it('may pass over those that were left out before, and over no other', () => {
    const before = load(three).faulty;
    refuseNewFaults(load(three), before, file);
    refuseNewFaults(load(three.replace('port: 80', 'port: many')), before, file);
    refuseNewFaults(load(three.replace('port: 80', 'port: 15432')), before, file);
    expect(
      failureOf(() => refuseNewFaults(load(three.replace('15433', '81')), before, file)).message,
    ).toMatch(/3 faults/);
    const nameless = three.replace('name: payroll', 'nmae: payroll');
    expect(failureOf(() => refuseNewFaults(load(nameless), before, file)).code).toBe('config-invalid');
    refuseNewFaults(load(nameless), load(nameless).faulty, file);
  });
});

describe('a change of the file beside a connection with a fault', () => {
  const form = {
    name: 'new',
    is: 'new' as const,
    settings: {
      protocol: 'postgresql',
      port: 15450,
      upstream: { host: 'h', database: 'd' },
      rules: [{ group, role: 'r' }],
    },
  };

  it('leaves its lines as they are', () => {
    const added = changeConnections(three, { kind: 'save', connections: [form] }, file);
    expect(added.startsWith(three.trimEnd())).toBe(true);
    expect(load(added).configuration.connections.map(({ name }) => name)).toEqual(['payroll', 'new']);
    const without = changeConnections(three, { kind: 'remove', name: 'payroll' }, file);
    expect(load(without).faulty.map(({ name }) => name)).toEqual(['sales', 'shop']);
    expect(without).toContain('colour: red');
    const renamed = changeProviders(three, { kind: 'enable', name: 'fabrikam', enabled: false }, file);
    expect(renamed).toContain('port: 80\n');
  });

  it('mends it, or takes it away', () => {
    const mend = { name: 'sales', is: 'there' as const, settings: { port: 15432 } };
    expect(load(changeConnections(three, { kind: 'save', connections: [mend] }, file)).faulty).toMatchObject([
      { name: 'shop' },
    ]);
    expect(load(changeConnections(three, { kind: 'remove', name: 'shop' }, file)).faulty).toHaveLength(1);
  });

  it('is refused where what is saved would have a fault itself', () => {
    const still = { name: 'sales', is: 'there' as const, settings: { title: 'Sales' } };
    const wrong = { ...form, settings: { ...form.settings, port: 7 } };
    for (const one of [still, wrong])
      expect(failureOf(() => changeConnections(three, { kind: 'save', connections: [one] }, file)).code).toBe(
        'config-invalid',
      );
  });
});
