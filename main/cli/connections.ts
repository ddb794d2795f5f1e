import { randomUUID } from 'node:crypto';
import { unknownConnection } from '../config/connections.ts';
import { fromProblem, type Problem } from '../contract/errors.ts';
import type { ActionReply } from '../contract/action-schemas.ts';
import { administer, type Administrator } from './administer.ts';
import { describeChecks, exitCodeOf } from './checks.ts';
import { connectClient, type Client } from './client.ts';
import {
  asked,
  invalid,
  rulesOf,
  secretsOf,
  settingsOf,
  withConnectionOptions,
  type ConnectionOptions,
} from './connection-form.ts';
import { registerConnectionFiles } from './connection-files.ts';
import { countsNow, told } from './connections-told.ts';
import { plain, result } from './output.ts';
import { readSecret } from './secret-input.ts';
import { storeSecret } from './secrets.ts';
import type { Globals, Tools } from './tools.ts';

type Settings = Record<string, unknown>;
type Listed = ActionReply<'readConnections'>['connections'][number];

/** `connection`: the databases of the configuration file, without an editor. */
export function registerConnections(tools: Tools): void {
  const { program, output, signal, run, withClient } = tools;
  const group = program.command('connection').description('the databases in the configuration file');

  group
    .command('list')
    .description('as the file has them, and whether each counts already')
    .action(
      withClient(async (client) => {
        const { connections } = await client.call('readConnections', {});
        const lines = connections.map(describe).join('\n') || 'There are none.';
        result(output, 'connection list', { connections }, lines);
      }),
    );

  for (const verb of ['add', 'edit'] as const) {
    const isNew = verb === 'add';
    withConnectionOptions(group.command(verb))
      .description(
        isNew
          ? 'write a connection with its first rule; asks for what is missing, and for the password of the role'
          : 'change settings; what is not named stays. With --role a rule is changed, or added',
      )
      .argument('<name>')
      .option(
        '--with-password',
        'read the password of the role from standard input, behind your own code',
        false,
      )
      .action(
        run(
          async (
            { home, as }: Globals,
            name: string,
            options: ConnectionOptions & { withPassword: boolean },
          ) => {
            const client = await connectClient(home, as);
            const before = await listed(client, name, isNew);
            const complete = isNew ? await asked(name, options) : options;
            const settings = settingsOf(complete);
            const { rules, groupNames } = await rulesOf(
              client,
              {
                name,
                protocol: settings['protocol'] ?? before?.settings['protocol'],
                ...rulesBefore(before),
              },
              complete,
            );
            const form = {
              name,
              is: isNew ? ('new' as const) : ('there' as const),
              settings: rules === undefined ? settings : { ...settings, rules },
              ...(groupNames === undefined ? {} : { groupNames }),
            };
            const administrator = { client, output, signal };
            const written = await administer(administrator, 'saveConnections', { connections: [form] });
            const stored = await storePasswords(administrator, home, form, options.withPassword);
            result(output, `connection ${verb}`, { ...written, stored }, told(written, stored));
          },
        ),
      );
  }

  group
    .command('remove')
    .description('take a connection out of the file; comments above it stay')
    .argument('<name>')
    .action(
      withClient(async (client, name: string) => {
        const written = await administer({ client, output, signal }, 'removeConnection', { name });
        const { ended } = written;
        result(
          output,
          'connection remove',
          { removed: name, ended },
          `Removed "${name}".${countsNow(ended)}`,
        );
      }),
    );

  registerTest(tools, group);
  registerConnectionFiles(tools, group);
}

function registerTest({ output, signal, withClient }: Tools, group: Tools['program']): void {
  withConnectionOptions(group.command('test'))
    .description(
      'dial the database: certificate, version and, where there is a password, the login. With options it is tried as it would be with them; nothing is written',
    )
    .argument('<name>')
    .option('--password', "try the login with the role's password, typed in or from standard input", false)
    .action(
      withClient(async (client, name: string, options: ConnectionOptions & { password: boolean }) => {
        const { role, group: _group, passwordSource: _source, mfa: _mfa, limit: _limit, ...others } = options;
        const settings = settingsOf(others);
        const password = options.password ? await readSecret('Password of the role') : undefined;
        const id = randomUUID();
        signal.addEventListener('abort', () => void client.call('cancelConnectionTest', { id }));
        const found = await client.call('testConnection', {
          name,
          id,
          ...(Object.keys(settings).length === 0 ? {} : { settings }),
          ...(role === undefined ? {} : { role }),
          ...(password === undefined ? {} : { password }),
        });
        const facts = found.facts === undefined ? [] : [describeFacts(found.facts)];
        result(output, 'connection test', found, [describeChecks(found.checks), ...facts].join('\n'));
        return exitCodeOf(found.checks);
      }),
    );
}

/** Adding and changing are told apart before anything is asked. */
async function listed(client: Client, name: string, isNew: boolean): Promise<Listed | undefined> {
  const { connections } = await client.call('readConnections', {});
  const found = connections.find((one) => one.name === name);
  if (isNew && found !== undefined)
    throw invalid(
      `There is already a connection "${name}".`,
      `Change it with: latchkey connection edit ${name}`,
    );
  if (!isNew && found === undefined) {
    const { faultyConnections = [] } = (await client.state()).state;
    const leftOut = faultyConnections.find((one) => one.name === name);
    throw leftOut === undefined ? unknownConnection(name) : fromProblem(leftOut.problem as Problem);
  }
  return found;
}

function rulesBefore(before: Listed | undefined): { rules?: Settings[] } {
  const rules = before?.settings['rules'];
  return Array.isArray(rules) ? { rules: rules as Settings[] } : {};
}

/** The passwords that the connection names and nobody has stored: typed in, never an argument. */
async function storePasswords(
  administrator: Administrator,
  home: string,
  form: { settings: Settings },
  fromInput: boolean,
): Promise<string[]> {
  const { passwords } = await administrator.client.call('listSecrets', {});
  const isMissing = (name: string): boolean => passwords.some((one) => one.name === name && !one.stored);
  const stored: string[] = [];
  for (const { name, role } of secretsOf(form)) {
    if (!isMissing(name) || stored.includes(name)) continue;
    if (!fromInput && process.stdin.isTTY !== true) continue;
    const value = await readSecret(`Password of "${role}" (Enter: later)`, true);
    if (value === '') continue;
    await storeSecret(administrator, home, { name, value });
    stored.push(name);
  }
  return stored;
}

function describe({ name, settings, counts, organisation, ignored }: Listed): string {
  const { protocol, port, upstream } = settings as {
    protocol?: unknown;
    port?: unknown;
    upstream?: Settings;
  };
  const where = upstream?.['socket'] ?? upstream?.['hosts'] ?? upstream?.['host'] ?? 'localhost';
  const whose = organisation === undefined ? '' : '  (of your organisation)';
  const state = counts ? '' : `  (${ignored ?? 'changed in the file; counts after: latchkey config reload'})`;
  return plain(`${name}  ${String(protocol)}  port ${String(port)}  ${String(where)}${whose}${state}`);
}

function describeFacts(facts: NonNullable<ActionReply<'testConnection'>['facts']>): string {
  const { certificate, serverVersion } = facts;
  const lines = [];
  if (certificate !== undefined)
    lines.push(
      `certificate  ${certificate.subject}, until ${certificate.validTo.slice(0, 10)}`,
      `             issued by ${certificate.issuer}`,
      `fingerprint  sha256:${certificate.sha256}`,
    );
  if (serverVersion !== undefined) lines.push(`version      ${serverVersion}`);
  return lines.map(plain).join('\n');
}
