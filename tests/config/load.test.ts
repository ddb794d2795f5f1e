import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { warnings } from '../../main/config/check.ts';
import { loadConfiguration, parseConfiguration } from '../../main/config/load.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { ownFile } from '../support/layers.ts';

const provider = `
providers:
  - name: fabrikam
    type: azure-directory
    authority: https://login.microsoftonline.com/72f988bf-0000-4000-8000-000000000001
    applicationId: 11111111-2222-4333-8444-555555555555
`;
const connection = (
  name: string,
  port: number | 'auto',
  upstream = 'host: localhost, database: sales, tls: {mode: off}',
): string => `
  - name: ${name}
    protocol: postgresql
    port: ${port}
    upstream: {${upstream}}
    rules:
      - {group: AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee, role: readonly}
`;

function faults(text: string): string {
  try {
    parseConfiguration(text, 'latchkey.yaml');
  } catch (error) {
    expect(error).toBeInstanceOf(LatchkeyError);
    expect((error as LatchkeyError).code).toBe('config-invalid');
    expect((error as LatchkeyError).remedy).toBeTruthy();
    return (error as LatchkeyError).message;
  }
  throw new Error('the configuration was accepted');
}

describe('how often the directory is asked', () => {
  it('is once a minute at most, but for the local tenant', () => {
    const text = (often: string): string => `${provider}session: {refreshGroups: ${often}}\n`;
    expect(faults(text('30s'))).toMatch(/session\.refreshGroups must be 1m or more/);
    expect(parseConfiguration(text('1m'), 'x').session.refreshGroups).toBe('1m');
  });
});

describe('the person in the database’s log', () => {
  it('may be left out, and a setting for it has a dot in its name and is PostgreSQL’s', () => {
    const text = (rule: string, protocol = 'postgresql') =>
      `${provider}connections:${connection('sales', 15432).replace('role: readonly', `role: readonly, ${rule}`).replace('protocol: postgresql', `nameInLog: off\n    protocol: ${protocol}`)}`;
    const read = parseConfiguration(text('personSetting: latchkey.person'), 'x').connections[0];
    expect(read).toMatchObject({ nameInLog: 'off', rules: [{ personSetting: 'latchkey.person' }] });
    expect(faults(text('personSetting: role'))).toMatch(/personSetting .*a setting with a dot in its name/);
    expect(faults(text('replication: logical', 'mysql'))).toMatch(
      /connections\[0\]\.rules\[0\]\.replication is for protocol "postgresql" only/,
    );
    expect(faults(text('replication: [logical, all]'))).toMatch(/replication/);
    expect(faults(text('databases: [x], replication: [logical, physical]'))).toMatch(
      /replication copies all databases of the server with "physical"/,
    );
    expect(faults(text('personSetting: a.b', 'mysql'))).toMatch(
      /line 14: connections\[0\]\.rules\[0\]\.personSetting is for protocol "postgresql" only/,
    );
  });
});

describe('the limits of a rule', () => {
  const text = (rule: string, protocol = 'postgresql') =>
    `${provider}connections:${connection('sales', 15432).replace('role: readonly', `role: readonly, ${rule}`).replace('protocol: postgresql', `protocol: ${protocol}`)}`;
  const ruleOf = (rule: string) => parseConfiguration(text(rule), 'x').connections[0]?.rules[0];

  it('are off, or as they are written', () => {
    expect(ruleOf('description: x')).toMatchObject({ readOnly: false });
    const limits = {
      readOnly: true,
      statementTimeout: '30s',
      idleTimeout: '10m',
      maxDuration: '8h',
      maxSessions: { person: 4, handle: 2 },
      times: [
        { days: 'mon-fri', hours: ['08:00-12:00', '13:00-24:00'], zone: 'Europe/Vienna' },
        { days: ['sat'] },
      ],
    };
    expect(ruleOf(JSON.stringify(limits).slice(1, -1))).toMatchObject(limits);
    expect(ruleOf('maxSessions: 3')).toMatchObject({ maxSessions: 3 });
    expect(ruleOf('times: {hours: 22:00-06:00, days: [Fri, sat-sun]}')).toMatchObject({
      times: { hours: '22:00-06:00', days: ['fri', 'sat-sun'] },
    });
  });

  it.each([
    ['times: {days: [monday]}', /line 13: .*times.* must be a day or a range of days/],
    ['times: {hours: 8-18}', /must be two times of the day, such as 08:00-18:00/],
    ['times: {hours: 08:00-08:00}', /begins when it ends/],
    ['times: {zone: Europe/Wien}', /no time zone that this computer knows/],
    ['times: []', /times/],
    ['idleTimeout: 10', /idleTimeout/],
    ['statementTimeout: 25h', /must be between 1s and 24h/],
    ['maxSessions: 0', /maxSessions/],
    ['maxSessions: {program: 1}', /maxSessions/],
  ])('are refused with their line: %s', (rule, expected) => {
    expect(faults(text(rule))).toMatch(expected);
    expect(faults(text(rule))).toMatch(/line 13: connections\[0\]\.rules\[0\]/);
  });

  it('that SQL Server cannot be told are named', () => {
    expect(faults(text('statementTimeout: 5s', 'sqlserver'))).toMatch(
      /line 13: connections\[0\]\.rules\[0\]\.statementTimeout SQL Server has no setting for it/,
    );
    const config = parseConfiguration(text('readOnly: true', 'sqlserver'), 'x');
    expect(warnings(config).join()).toMatch(/readOnly only tells SQL Server/);
  });
});

describe('the databases of a connection', () => {
  const read = (upstream: string, protocol = 'postgresql', rule = '') => {
    const text = connection('sales', 15432, `host: localhost, tls: {mode: off}${upstream}`)
      .replace('protocol: postgresql', `protocol: ${protocol}`)
      .replace('role: readonly', `role: readonly${rule}`);
    return `${provider}connections:${text}`;
  };
  const upstreamOf = (...args: Parameters<typeof read>) =>
    parseConfiguration(read(...args), 'x').connections[0]?.upstream;

  it('are one, a list, or whatever the server has, and one of them opens where a login names none', () => {
    expect(upstreamOf(', database: a')).not.toHaveProperty('databases');
    expect(upstreamOf(', databases: [a, b]')).toMatchObject({ database: 'a', databases: ['a', 'b'] });
    expect(upstreamOf(', database: b, databases: [a, b]')).toMatchObject({ databases: ['b', 'a'] });
    expect(upstreamOf(', database: c, databases: [a, b]')).toMatchObject({ databases: ['c', 'a', 'b'] });
    expect(upstreamOf(', databases: any')).toMatchObject({ database: 'postgres', databases: 'any' });
    expect(upstreamOf(', databases: any', 'sqlserver')).toMatchObject({ database: 'master' });
    expect(upstreamOf(', databases: any', 'mysql')).toMatchObject({ database: 'information_schema' });
    expect(upstreamOf(', database: a, databases: any', 'mysql')).toMatchObject({ database: 'a' });
  });

  it('have to be there, and a rule names some of them', () => {
    expect(faults(read(''))).toMatch(/line 11: connections\[0\]\.upstream\.database .*is missing/);
    const named = faults(read(', databases: [a, b]', 'postgresql', ', databases: [b, c]'));
    expect(named).toMatch(
      /line 13: connections\[0\]\.rules\[0\]\.databases\[1\] "c" is no database of connection "sales" \(a, b\); correct it/,
    );
    expect(named).not.toContain('databases[0]');
    expect(upstreamOf(', databases: any', 'postgresql', ', databases: [c]')).toBeDefined();
    expect(upstreamOf(', databases: [Sales]', 'sqlserver', ', databases: [SALES, master]')).toBeDefined();
    expect(faults(read(', databases: [Sales]', 'postgresql', ', databases: [SALES]'))).toMatch(
      /"SALES" is no/,
    );
    expect(faults(read(', databases: [a, ' + 'b'.repeat(64) + ']'))).toMatch(
      /databases is longer than the 63 bytes/,
    );
  });

  it('do not keep a session from USE, which is said where a second factor would be got round', () => {
    const two = (protocol: string, mfa: string) =>
      warnings(
        parseConfiguration(
          read(', databases: [a, b]', protocol, ', databases: [a], mfa: login').replace(
            /\n$/,
            `\n      - {group: AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee, role: readonly, mfa: ${mfa}}\n`,
          ),
          'x',
        ),
      ).join();
    expect(two('mysql', 'never')).toMatch(/role "readonly" only, and a session goes .* with USE/);
    expect(two('sqlserver', 'session')).toMatch(/with USE/);
    expect(two('mysql', 'login')).toBe('');
    expect(two('postgresql', 'never')).toBe('');
  });

  it('are hidden by the name of the connection, which is said', () => {
    const warned = (upstream: string) => warnings(parseConfiguration(read(upstream), 'x')).join();
    expect(warned(', database: a, databases: any')).toMatch(/names the database "sales" opens "a"/);
    expect(warned(', database: sales, databases: any')).toBe('');
    expect(warned(', databases: [a, b]')).toBe('');
  });
});

describe('a good configuration', () => {
  it('gets its defaults, and group ids in lower case', () => {
    const config = parseConfiguration(`${provider}connections:${connection('sales', 15432)}`, 'x');
    expect(config.connections[0]).toMatchObject({
      address: '127.0.0.1',
      clientAuth: 'scram-sha-256',
      upstream: { tls: { mode: 'off' }, connectTimeout: '15s' },
      rules: [{ group: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee', role: 'readonly' }],
    });
    expect(config.tokens.lifetime).toBe('15m');
    expect(config.session.deadline).toBe('8h');
    expect(config.providers[0]).toMatchObject({
      cloud: 'global',
      enabled: true,
      signIn: ['device-code', 'browser'],
    });
  });

  it('may be JSON', () => {
    const yaml = parseConfiguration(`${provider}connections:${connection('sales', 15432)}`, 'x');
    expect(parseConfiguration(JSON.stringify(yaml), 'x')).toEqual(yaml);
  });

  it('has files named from its own folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-config-'));
    const file = join(folder, 'latchkey.yaml');
    await writeFile(
      file,
      `${provider}connections:${connection('sales', 15432, 'host: db.example, database: sales, tls: {caFile: ca.pem}')}`,
    );
    const { configuration: config } = await loadConfiguration(ownFile(file));
    expect(config.connections[0]?.upstream.tls.caFile).toBe(join(folder, 'ca.pem'));
  });
});

describe('a bad configuration names every fault with line, path and remedy', () => {
  it.each([
    [
      'an unknown key',
      `${provider}conections: []`,
      /line 7: conections is not a known key; did you mean "connections"\?/,
    ],
    [
      'an unknown key deep inside',
      `${provider}connections:${connection('sales', 15432, 'hots: x, database: y')}`,
      /connections\[0\]\.upstream\.hots .*did you mean "host"\?/,
    ],
    [
      'a password in the file',
      `${provider}connections:${connection('sales', 15432, 'database: y, password: hunter2')}`,
      /latchkey secret set/,
    ],
    ['a wrong type', `${provider}tokens: {lifetime: 15}`, /tokens\.lifetime must be a text, not 15/],
    [
      'a wrong duration',
      `${provider}tokens: {lifetime: 15 minutes}`,
      /tokens\.lifetime \("15 minutes"\): write a number and a unit/,
    ],
    ['a duration out of bounds', `${provider}tokens: {lifetime: 48h}`, /must be between 1m and 24h/],
    ['a missing key', 'connections: []', /providers is missing: a list is needed/],
    [
      'a wrong choice',
      `${provider}connections:${connection('sales', 15432).replace('postgresql', 'oracle')}`,
      /connections\[0\]\.protocol must be "postgresql" or "mysql" or "sqlserver", not "oracle"/,
    ],
    [
      'no choice',
      `${provider}connections:${connection('sales', 15432).replace('protocol: postgresql', 'title: x')}`,
      /connections\[0\]\.protocol is missing: "postgresql" or "mysql" or "sqlserver"/,
    ],
    [
      'a group by name',
      `${provider}connections:${connection('sales', 15432).replace('AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee', 'Analysts')}`,
      /rules\[0\]\.group \("Analysts"\): must be an id/,
    ],
    [
      'a database name that PostgreSQL would cut',
      `${provider}connections:${connection('sales', 15432, `database: ${'é'.repeat(32)}`)}`,
      /upstream\.database .*is longer than the 63 bytes that the server allows/,
    ],
    [
      'a database name that MySQL does not allow',
      `${provider}connections:${connection('sales', 15432, `database: ${'d'.repeat(65)}`).replace('postgresql', 'mysql')}`,
      /upstream\.database .*is longer than the 64 characters/,
    ],
    [
      'two connections on one port',
      `${provider}connections:${connection('sales', 15432)}${connection('hr', 15432)}`,
      /connections\[1\]\.port port 15432 already belongs to connection "sales"/,
    ],
    [
      'the port of the API',
      `${provider}api: {port: 15432}\nconnections:${connection('sales', 15432)}`,
      /already belongs to the HTTP API/,
    ],
    [
      'a range of ports that ends before it begins',
      `${provider}listen: {ports: 20010-20000}`,
      /line 7: listen\.ports .*must lie between 1024 and 65535, the lower port first/,
    ],
    ['a range that is none', `${provider}listen: {ports: 20000}`, /listen\.ports must be a text, not 20000/],
    ['a range of the system', `${provider}listen: {ports: 1000-2000}`, /must lie between 1024 and 65535/],
    [
      'more connections than ports',
      `${provider}listen: {ports: 20000-20000}\nconnections:${connection('sales', 'auto')}${connection('hr', 'auto')}`,
      /listen\.ports has fewer ports than the 2 connections with "port: auto"/,
    ],
    [
      'a port in words',
      `${provider}connections:${connection('sales', 15432).replace('15432', 'any')}`,
      /line 10: connections\[0\]\.port must be a number or "auto", not "any"/,
    ],
    [
      'a port of the system',
      `${provider}connections:${connection('sales', 80)}`,
      /connections\[0\]\.port \(80\): ports below 1024 belong to the system/,
    ],
    [
      'no port',
      `${provider}connections:${connection('sales', 80).replace('port: 80', 'title: x')}`,
      /connections\[0\]\.port is missing: a number or "auto"/,
    ],
    [
      'two connections of one name',
      `${provider}connections:${connection('sales', 15432)}${connection('sales', 15433)}`,
      /connections\[1\]\.name "sales" is used twice/,
    ],
    [
      'plain text to another host',
      `${provider}connections:${connection('sales', 15432, 'host: db.example, database: y, tls: {mode: off}')}`,
      /would send the login to db\.example readable/,
    ],
    [
      'an owner of a server that proves itself by TLS',
      `${provider}connections:${connection('sales', 15432, 'host: db.example, database: y, owner: deploy')}`,
      /line \d+: connections\[0\]\.upstream\.owner .*for upstreams without TLS/,
    ],
    ...(
      [
        ['via: {socks: "127.0.0.1"}', /upstream\.via\.socks .*needs a port/],
        ['via: {ssh: "-oProxyCommand=evil"}', /upstream\.via.*must be user@host/],
        ['via: {ssh: bastion}, owner: deploy', /upstream\.via .*leave owner out/],
        ['hosts: ["a:0"]', /upstream\.hosts\[0\] .*has no port of 1 to 65535/],
        ['hosts: ["tcp://a", b]', /upstream\.hosts\[0\] .*is a URL/],
        ['hosts: [a, "b:5433"]', /upstream\.hosts .*stands in place of host/],
        [
          'tls: {fingerprint: "sha256:abcd"}',
          /tls\.fingerprint .*has 4 hexadecimal digits; a SHA-256 has 64/,
        ],
        ['tls: {fingerprint: "abcd"}', /tls\.fingerprint .*must be "sha256:" and 64 hexadecimal digits/],
        [
          `tls: {fingerprint: "sha256:${'AB:'.repeat(31)}AB", caFile: ca.pem}`,
          /leave caFile and serverName out/,
        ],
        [
          'tls: {mode: by-password, caFile: ca.pem}',
          /tls\.mode .*leave fingerprint, caFile and serverName out/,
        ],
        ['tls: {mode: by-password}', /tls\.mode is for protocol "mysql" only/],
        ['tls: {clientCertificate: client.pem}', /tls\.clientCertificate .*needs upstream\.tls\.clientKey/],
        ['tls: {clientKey: {stored: key}}', /tls\.clientKey .*needs upstream\.tls\.clientCertificate/],
      ] as const
    ).map(([upstream, expected]): [string, string, RegExp] => [
      upstream,
      `${provider}connections:${connection('sales', 15432, `host: db.example, database: y, ${upstream}`)}`,
      expected,
    ]),
    [
      'no rules',
      `${provider}connections:\n  - {name: a, protocol: postgresql, port: 15432, upstream: {database: x}, rules: []}`,
      /without a rule nobody can use/,
    ],
    [
      'an authority in the clear',
      provider.replace('https:', 'http:'),
      /providers\[0\]\.authority .*must be an https address/,
    ],
    [
      'a local tenant on another host',
      provider.replace('authority:', 'cloud: local\n    authority:'),
      /must be a loopback address with cloud "local"/,
    ],
    [
      'TLS before anything else for another protocol',
      `${provider}connections:${connection('sales', 15432, 'host: x, database: y, tls: {mode: strict}')}`,
      /connections\[0\]\.upstream\.tls\.mode is for protocol "sqlserver" only/,
    ],
    [
      'an instance for another protocol',
      `${provider}connections:${connection('sales', 15432, 'host: x, instance: ERP, database: y')}`,
      /connections\[0\]\.upstream\.instance is for protocol "sqlserver" only/,
    ],
    [
      'an instance and a port',
      `${provider}connections:${connection('erp', 15432, 'host: x, instance: ERP, port: 1433, database: y').replace('postgresql', 'sqlserver')}`,
      /connections\[0\]\.upstream\.instance has a port of its own/,
    ],
    ['a CA of its own for Microsoft', `${provider}    caFile: ca.pem`, /caFile is for cloud "local" only/],
    ['text that is not YAML', 'providers: [', /line 1: /],
  ])('%s', (_name, text, expected) => {
    expect(faults(text)).toMatch(expected);
  });

  it.each([
    ['10.0.0.5\\\\SQLEXPRESS', 'the instance as upstream.instance'],
    ['db.example\\\\X', 'the instance as upstream.instance'],
    ['tcp:db.example', 'name of a protocol'],
    ['tcp:db.example,1433', 'name of a protocol'],
    ['db.example,1433', 'as upstream.port'],
    ['db.example:1433', 'as upstream.port'],
    ['[fd00::1]:1433', 'as upstream.port'],
    ['[fd00::1]', 'brackets'],
    ['https://db.example', 'is a URL'],
    ['db.example ', 'blanks'],
    ['(local)', 'write \\"localhost\\"'],
    ['.', 'write \\"localhost\\"'],
    ['db.example/x', 'is no name of a host'],
    ['db example', 'is no name of a host'],
  ])('a host is a name or an address alone: %s', (host, expected) => {
    const text = `${provider}connections:${connection('erp', 15432, `host: "${host}", database: y`)}`;
    expect(JSON.stringify(faults(text))).toMatch(/line \d+: connections\[0\]\.upstream\.host /);
    expect(JSON.stringify(faults(text))).toContain(expected);
  });

  it.each(['db_1.example', 'bücher.example.', '10.0.0.5', 'fd00::1', 'fe80::1%eth0', 'DB1', '::1'])(
    'a host may be %s',
    (host) => {
      const text = `${provider}connections:${connection('erp', 15432, `host: "${host}", database: y`)}`;
      expect(parseConfiguration(text, 'x').connections[0]?.upstream.host).toBe(host);
    },
  );

  it('all at once, in the order of the lines', () => {
    const message = faults(`${provider.replace('azure-directory', 'ldap')}tokens: {lifetime: x}\nnope: 1`);
    const lines = [...message.matchAll(/line (\d+):/g)].map((match) => Number(match[1]));
    expect(lines).toHaveLength(3);
    expect(lines).toEqual(lines.toSorted((left, right) => left - right));
  });

  it('does not print what may be a secret', () => {
    expect(faults(`${provider}tokens: {lifetime: {password: hunter2}}`)).not.toContain('hunter2');
  });

  it('bounds aliases that would grow without end', () => {
    const levels = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const bomb = levels.map((name, at) => {
      const inner = at === 0 ? 'x' : `*${levels[at - 1]}`;
      return `${name}: &${name} [${Array(9).fill(inner).join(', ')}]`;
    });
    expect(faults(bomb.join('\n'))).toMatch(/Its aliases .* more than 100000 values/);
  });

  it('takes a thousand connections that share what they have', () => {
    const [first = '', ...others] = Array.from({ length: 1000 }, (_, at) =>
      connection(`sales-${at}`, 20_000 + at),
    );
    const shared = first
      .replace('upstream:', 'upstream: &upstream')
      .replace(/rules:\n {6}- /, 'rules:\n      - &rule ');
    const text = others.map((one) =>
      one.replace(/upstream: .*/, 'upstream: *upstream').replace(/rules:[^]*/, 'rules: [*rule]\n'),
    );
    const { connections } = parseConfiguration(`${provider}connections:${shared}${text.join('')}`, 'x');
    expect(connections).toHaveLength(1000);
    expect(connections.at(-1)).toMatchObject({
      upstream: { database: 'sales' },
      rules: [{ role: 'readonly' }],
    });
  });
});

it('a missing file is told with its name and what to do', async () => {
  await expect(loadConfiguration(ownFile('/nonexistent/latchkey.yaml'))).rejects.toMatchObject({
    code: 'config-unreadable',
    message: 'The configuration /nonexistent/latchkey.yaml does not exist.',
    remedy: expect.stringContaining('--config') as string,
  });
});
