import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfiguration, parseConfiguration } from '../../main/config/load.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';

const provider = `
providers:
  - name: fabrikam
    type: azure-directory
    authority: https://login.microsoftonline.com/72f988bf-0000-4000-8000-000000000001
    applicationId: 11111111-2222-4333-8444-555555555555
`;
const connection = (
  name: string,
  port: number,
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
    const config = await loadConfiguration(file);
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
      'a group by name',
      `${provider}connections:${connection('sales', 15432).replace('AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee', 'Analysts')}`,
      /rules\[0\]\.group \("Analysts"\): must be an id/,
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
    ['a CA of its own for Microsoft', `${provider}    caFile: ca.pem`, /caFile is for cloud "local" only/],
    ['text that is not YAML', 'providers: [', /line 1: /],
  ])('%s', (_name, text, expected) => {
    expect(faults(text)).toMatch(expected);
  });

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
    const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c, *c, *c, *c]`;
    expect(faults(bomb)).toMatch(/alias/i);
  });
});

it('a missing file is told with its name and what to do', async () => {
  await expect(loadConfiguration('/nonexistent/latchkey.yaml')).rejects.toMatchObject({
    code: 'config-unreadable',
    message: 'The configuration /nonexistent/latchkey.yaml does not exist.',
    remedy: expect.stringContaining('--config') as string,
  });
});
