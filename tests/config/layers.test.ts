import { expect, it } from 'vitest';
import { demandWhole } from '../../main/config/faulty.ts';
import { allWarnings } from '../../main/config/ignored.ts';
import { checkOrganisation, hashOf, loadedFrom } from '../../main/config/load.ts';
import { shownValues } from '../../main/config/origin.ts';

const group = '1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2';
const provider = (name: string, more = '') => `
  - name: ${name}
    type: azure-directory
    authority: https://login.microsoftonline.com/1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2
    applicationId: 1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2${more}`;
const connection = (name: string, port: number, more = '') => `
  - name: ${name}
    protocol: postgresql
    port: ${port}
    upstream: {host: db.fabrikam.example, database: ${name}}
    rules: [{group: ${group}, role: reader}]${more}`;

const origin = '/etc/latchkey/organisation.yaml';
const load = (
  organisation: string | undefined,
  person: string,
  folder: string | undefined = '/etc/latchkey',
) =>
  loadedFrom(
    {
      person,
      ...(organisation === undefined ? {} : { organisation: { text: organisation, origin, folder } }),
    },
    '/home/ada/latchkey.yaml',
  );
const failureOf = (organisation: string, person: string, folder?: string) => {
  try {
    demandWhole(load(organisation, person, folder), '/home/ada/latchkey.yaml');
  } catch (error) {
    return error as Error & { code: string; remedy: string };
  }
  throw new Error('it loaded');
};

const companys = `providers:${provider('fabrikam')}
session: {deadline: 4h, onLock: cut}
connections:${connection('sales', 15432)}
`;

it('built-in values, over them those of the organisation, over them those of the person', () => {
  const { configuration } = load(companys, 'session: {deadline: 2h}\ntokens: {lifetime: 5m}\n');
  expect(configuration.session).toMatchObject({ deadline: '2h', onLock: 'cut', refreshGroups: '5m' });
  expect(configuration.tokens.lifetime).toBe('5m');
  expect(configuration.connections.map(({ name }) => name)).toEqual(['sales']);
});

it('an empty file of the person is enough where the organisation has said all', () => {
  expect(load(companys, '').configuration.providers.map(({ name }) => name)).toEqual(['fabrikam']);
});

it('providers and connections are joined by their names, and those of the organisation come first', () => {
  const { configuration } = load(
    companys,
    `providers:${provider('tailspin')}
connections:${connection('own', 15433)}
  - {name: sales, port: 25432, upstream: {connectTimeout: 3s}}
`,
  );
  expect(configuration.providers.map(({ name }) => name)).toEqual(['fabrikam', 'tailspin']);
  expect(configuration.connections.map(({ name, port }) => [name, port])).toEqual([
    ['sales', 25432],
    ['own', 15433],
  ]);
  expect(configuration.connections[0]?.upstream).toMatchObject({
    host: 'db.fabrikam.example',
    connectTimeout: '3s',
  });
});

it('a way to the server is taken as a whole, since it is one of several forms', () => {
  const { configuration } = load(
    companys.replace('host: db.fabrikam.example', 'host: db.fabrikam.example, via: {ssh: jump}'),
    'connections: [{name: sales, upstream: {via: {socks: "localhost:1080"}}}]',
  );
  expect(configuration.connections[0]?.upstream.via).toEqual({ socks: 'localhost:1080' });
});

it('a locked value is that of the organisation, and the warning names both lines', () => {
  const loaded = load(
    `locked:\n  - session.deadline\n${companys}`,
    'tokens: {lifetime: 5m}\nsession:\n  deadline: 12h\n',
  );
  expect(loaded.configuration.session.deadline).toBe('4h');
  expect(allWarnings(loaded)).toEqual([
    `session.deadline (line 3) does not count: your organisation has locked session.deadline (${origin}, line 2)`,
  ]);
});

it('a locked value that the organisation does not give is the built-in one', () => {
  const { configuration } = load(`locked: [tokens]\n${companys}`, 'tokens: {lifetime: 5m}');
  expect(configuration.tokens.lifetime).toBe('15m');
});

it('who says the same as the organisation is not warned', () => {
  expect(
    load(`locked: [session]\n${companys}`, 'session: {deadline: 4h, onLock: cut}').layers.ignored,
  ).toEqual([]);
});

it('a locked list is that of the organisation alone', () => {
  const { configuration, layers } = load(
    `locked: [connections]\n${companys}`,
    `connections:${connection('own', 15433)}`,
  );
  expect(configuration.connections.map(({ name }) => name)).toEqual(['sales']);
  expect(layers.ignored.map(({ key }) => key)).toEqual(['connections']);
});

it.each([
  'connections.sales',
  'connections.sales.upstream',
  'connections.*.upstream',
  'connections.*.upstream.host',
])('the lock %s keeps the host of a connection, and leaves what it does not name', (lock) => {
  const { configuration } = load(
    `locked: ["${lock}"]\n${companys}`,
    `connections:\n  - {name: sales, upstream: {host: evil.example}}${connection('own', 15433)}`,
  );
  expect(configuration.connections.map(({ name, upstream }) => [name, upstream.host])).toEqual([
    ['sales', 'db.fabrikam.example'],
    ['own', 'db.fabrikam.example'],
  ]);
});

it.each([
  ['session: 5', 'session.deadline', 'session'],
  ['session: null', 'session.deadline', 'session'],
  [
    'connections: [{name: sales, upstream: x}]',
    'connections.sales.upstream.host',
    'connections.sales.upstream',
  ],
  ['connections: 5', 'connections.sales.port', 'connections'],
  [
    'connections: [{name: sales, upstream: {via: {command: [x]}}}]',
    'connections.sales.upstream.via.ssh',
    'connections.sales.upstream.via',
  ],
])('%s does not take the place of what is locked below it', (person, lock, key) => {
  const { configuration, layers } = load(`locked: [${lock}]\n${companys}`, person);
  expect(configuration).toEqual(load(companys, '').configuration);
  expect(layers.ignored.map((one) => one.key)).toEqual([key]);
});

it('forbidden connections: own ones do not count, and others may only be met at another place', () => {
  const loaded = load(
    `forbid: [connections]\n${companys}`,
    `connections:
  - {name: sales, port: 25432, title: Mine, upstream: {host: evil.example}, rules: []}${connection('own', 15433)}`,
  );
  expect(loaded.configuration.connections).toMatchObject([
    { name: 'sales', port: 25432, title: 'Mine', upstream: { host: 'db.fabrikam.example' }, rules: [{}] },
  ]);
  expect(loaded.layers.ignored.map(({ key }) => key)).toEqual([
    'connections.sales.upstream',
    'connections.sales.rules',
    'connections.own',
  ]);
  expect(allWarnings(loaded)[2]).toBe(
    `connections.own (line 3) does not count: your organisation allows no connections of your own, or changes of its own (${origin}, line 1)`,
  );
});

it('forbidden providers: neither own ones, nor changes of others', () => {
  const { configuration } = load(
    `forbid: [providers]\n${companys}`,
    `providers:${provider('tailspin')}\n  - {name: fabrikam, enabled: false}`,
  );
  expect(configuration.providers.map(({ name, enabled }) => [name, enabled])).toEqual([['fabrikam', true]]);
});

it('forbidden break-glass accounts: neither own ones, nor more beside those of the organisation', () => {
  const accounts = (name: string) =>
    `{name: emergency, type: local, enabled: true, accounts: [{username: ${name}, groups: []}]}`;
  const own = `providers:\n  - ${accounts('eve')}${provider('tailspin')}`;
  const names = (text: string) =>
    load(text, own).configuration.providers.flatMap((one) =>
      one.type === 'local' ? one.accounts.map(({ username }) => username) : [one.name],
    );
  expect(names(`forbid: [break-glass]\n${companys}`)).toEqual(['fabrikam', 'tailspin']);
  const companysOwn = companys.replace('providers:', `providers:\n  - ${accounts('ada')}`);
  expect(names(`forbid: [break-glass]\n${companysOwn}`)).toEqual(['ada', 'fabrikam', 'tailspin']);
  expect(names(companysOwn)).toEqual(['eve', 'fabrikam', 'tailspin']);
});

it.each([
  connection('own', 15433).replace('role: reader', 'role: reader, password: {command: [/bin/pw]}'),
  connection('own', 15433).replace('database: own', 'database: own, via: {command: [nc, "%h", "%p"]}'),
  `\n  - {name: sales, rules: [{group: ${group}, role: x, password: {command: [/bin/pw]}}]}`,
])('forbidden commands: a connection of the person that runs one does not count', (own) => {
  const { configuration, layers } = load(`forbid: [commands]\n${companys}`, `connections:${own}`);
  expect(configuration).toEqual(load(companys, '').configuration);
  expect(layers.ignored).toHaveLength(1);
});

it('commands of the organisation itself are its own affair', () => {
  const text = companys.replace('role: reader', 'role: reader, password: {command: [/bin/pw]}');
  expect(
    load(`forbid: [commands]\n${text}`, '').configuration.connections[0]?.rules[0]?.password,
  ).toBeDefined();
});

it('a fault is told with the file and the line that has it', () => {
  const failure = failureOf(companys.replace('4h', '4 hours'), 'tokens: {lifetime: 90 days}\n');
  expect(failure.code).toBe('config-invalid');
  expect(failure.message).toContain('The configuration /home/ada/latchkey.yaml has 2 faults:');
  expect(failure.message).toContain('line 1: tokens.lifetime ');
  expect(failure.message).toContain(`line 6 of ${origin}: session.deadline `);
});

it('a fault of the organisation alone is for whoever administers the computer', () => {
  const failure = failureOf(companys.replace('4h', '4 hours'), '');
  expect(failure.message).toContain(`The configuration ${origin} has a fault:\n  line 6: session.deadline `);
  expect(failure.remedy).toContain('Whoever administers this computer');
});

it.each([
  ['locked: [sesion.deadline]', 'line 1: locked[0] ("sesion.deadline"): there is no key "sesion"'],
  ['locked: [session.dedline]', 'there is no key "dedline"; known there: accounts, deadline'],
  ['locked: [connections.nowhere.port]', 'this file has no "nowhere" in "connections"'],
  ['locked: session', 'line 1: locked must be a list, not "session"'],
  [
    'forbid: [everything]',
    'line 1: forbid[0] must be "providers" or "connections" or "break-glass" or "commands"',
  ],
  ['forbid:', 'forbid must be a list, not nothing'],
  ['- locked', 'must be a group of keys'],
  ['locked: [', 'line 1: '],
])('%s in the organisation’s layer is a fault, and nothing loads', (text, told) => {
  const failure = failureOf(text, companys);
  expect(failure.code).toBe('config-invalid');
  expect(failure.message).toContain(origin);
  expect(failure.message).toContain(told);
});

it('a person can lock and forbid nothing', () => {
  expect(failureOf(companys, 'locked: [session]').message).toContain('line 1: locked is not a known key');
});

it('names of files are taken from the folder of the file that has them', () => {
  const own = connection('own', 15433).replace('database: own', 'database: own, tls: {caFile: own.pem}');
  const companysCa = companys.replace('database: sales', 'database: sales, tls: {caFile: ca.pem}');
  const sink = 'audit: {sinks: [{name: siem, type: syslog, host: siem.fabrikam.example, caFile: ca.pem}]}';
  const { connections, audit } = load(`${companysCa}${sink}`, `connections:${own}`).configuration;
  expect(audit.sinks).toMatchObject([{ caFile: '/etc/latchkey/ca.pem' }]);
  expect(connections.map(({ upstream }) => upstream.tls.caFile)).toEqual([
    '/etc/latchkey/ca.pem',
    '/home/ada/own.pem',
  ]);
});

it('a layer that has no folder takes full paths only', () => {
  const withCa = (file: string) =>
    companys.replace('database: sales', `database: sales, tls: {caFile: ${file}}`);
  const text = (file: string) => ({ text: withCa(file), origin: 'https://config.fabrikam.example' });
  const read = (file: string) =>
    loadedFrom({ person: '', organisation: text(file) }, '/home/ada/latchkey.yaml');
  const { connections } = read('/etc/ca.pem').configuration;
  expect(connections[0]?.upstream.tls.caFile).toBe('/etc/ca.pem');
  expect(
    read('ca.pem')
      .faulty.map(({ problem }) => problem.message)
      .join(),
  ).toMatch(/caFile \("ca.pem"\): must be a full path here/);
});

it('each value has its place: organisation, person, or built in', () => {
  const { layers } = load(
    companys,
    'session:\n  deadline: 2h\nconnections:\n  - name: sales\n    port: 25432\n',
  );
  expect(layers.placeOf(['session', 'deadline'])).toEqual({
    layer: 'person',
    file: '/home/ada/latchkey.yaml',
    line: 2,
  });
  expect(layers.placeOf(['session', 'onLock'])).toEqual({ layer: 'organisation', file: origin, line: 6 });
  expect(layers.placeOf(['session', 'refreshGroups'])).toBeUndefined();
  expect(layers.placeOf(['connections', 0, 'port'])).toMatchObject({ layer: 'person', line: 5 });
  expect(layers.placeOf(['connections', 0, 'upstream', 'host'])).toMatchObject({
    layer: 'organisation',
    line: 11,
  });
});

it('the hash is that of the file, and another one with a layer of the organisation', () => {
  const file = { person: companys };
  const layered = { ...file, organisation: { text: '', origin } };
  expect(hashOf(file)).toMatch(/^[0-9a-f]{64}$/);
  expect(
    new Set([file, layered, { ...layered, organisation: { text: 'locked: []', origin } }].map(hashOf)).size,
  ).toBe(3);
});

it('every value that counts is shown with where it comes from, and whether it is locked', () => {
  const loaded = load(
    `locked: [session.deadline, "connections.*.rules"]\nforbid: [providers]\n${companys}`,
    'session:\n  refreshGroups: 2m\nconnections:\n  - name: sales\n    port: 25432\n',
  );
  const values = shownValues(loaded);
  const shown = (key: string) => values.find((one) => one.key === key);
  expect(shown('session.deadline')).toEqual({
    key: 'session.deadline',
    value: '4h',
    origin: 'organisation',
    file: origin,
    line: 8,
    locked: true,
  });
  expect(shown('session.refreshGroups')).toEqual({
    key: 'session.refreshGroups',
    value: '2m',
    origin: 'person',
    file: '/home/ada/latchkey.yaml',
    line: 2,
    locked: false,
  });
  expect(shown('tokens.lifetime')).toEqual({
    key: 'tokens.lifetime',
    value: '15m',
    origin: 'built-in',
    locked: false,
  });
  expect(shown('connections.sales.port')).toMatchObject({ origin: 'person', line: 5, locked: false });
  expect(shown('connections.sales.rules.0.role')).toMatchObject({
    value: 'reader',
    origin: 'organisation',
    locked: true,
  });
  expect(shown('providers.fabrikam.domains')).toMatchObject({ value: [], origin: 'built-in', locked: true });
});

it('an organisation’s layer is checked in itself, whatever a person has', () => {
  const check = (text: string) => checkOrganisation({ text, origin });
  expect(() => check(companys)).not.toThrow();
  expect(() => check('session: {deadline: 4h}')).not.toThrow();
  expect(() => check('session: {deadline: 4}')).toThrow(
    `The configuration ${origin} has a fault:\n  line 1: session.deadline`,
  );
  expect(() => check('lock: [session]')).toThrow('lock is not a known key');
});

it('a chain of the person loses those of their providers that do not count, and with forbidden providers does not count', () => {
  const emergency = '\n  - {name: emergency, type: local, enabled: true, accounts: []}';
  const own = `providers:${provider('tailspin')}${emergency}\nchain: [emergency, tailspin, fabrikam]\n`;
  const chainWith = (rules: string) => load(`${rules}\n${companys}`, own).configuration.chain;
  expect(chainWith('')).toEqual(['emergency', 'tailspin', 'fabrikam']);
  expect(chainWith('forbid: [break-glass]')).toEqual(['tailspin', 'fabrikam']);
  expect(chainWith('locked: [providers]')).toEqual(['fabrikam']);
  expect(chainWith('forbid: [providers]')).toBeUndefined();
});

it('a list of the organisation that is none is a fault, whatever the person has', () => {
  const { code, message } = failureOf('connections: none', 'providers: []\nconnections: []');
  expect(code).toBe('config-invalid');
  expect(message).toContain('must be a list, not "none"');
});
