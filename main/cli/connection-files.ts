import { readFile } from 'node:fs/promises';
import { unknownConnection } from '../config/connections.ts';
import { Commented } from '../config/yaml/render.ts';
import { exportText, listOfFile, listOfUrl, withoutPlaces } from '../connect/connection-list.ts';
import type { ConnectionForm, ImportedConnections } from '../contract/connection-shapes.ts';
import { administer } from './administer.ts';
import type { Client } from './client.ts';
import { asked, invalid, rulesOf, type ConnectionOptions } from './connection-form.ts';
import { told } from './connections-told.ts';
import { plain, result } from './output.ts';
import type { Tools } from './tools.ts';

type Settings = Record<string, unknown>;

/** `connection import` and `export`: lists of other tools, and for a colleague. */
export function registerConnectionFiles(
  { output, signal, withClient }: Tools,
  group: Tools['program'],
): void {
  group
    .command('export')
    .description('print connections as YAML for a colleague; it holds no password')
    .argument('[name...]', 'by default all')
    .option('--portable', 'without the ports and files of this computer', false)
    .action(
      withClient(async (client, names: string[], { portable }: { portable: boolean }) => {
        const { connections } = await client.call('readConnections', {});
        const unknown = names.find((name) => !connections.some((one) => one.name === name));
        if (unknown !== undefined) throw unknownConnection(unknown);
        const wanted = connections
          .filter(({ name }) => names.length === 0 || names.includes(name))
          .map(({ settings }) => (portable ? withoutPlaces(settings) : settings));
        result(output, 'connection export', { connections: wanted }, exportText(wanted));
      }),
    );

  group
    .command('import')
    .description(
      'add connections from a URL, pg_service.conf, DBeaver, pgAdmin, DataGrip, a listing of az, or an export of Latchkey; never a password',
    )
    .argument('<file or URL>')
    .option('--group <group>', 'directory group of their rule: object id or name')
    .option('--role <role>', 'database user of their rule')
    .option('--password-source <source>', 'as with add; by default stored')
    .option('--dry-run', 'print the YAML, and write nothing', false)
    .action(
      withClient(async (client, source: string, options: ConnectionOptions & { dryRun: boolean }) => {
        const read = await readList(source);
        const known = new Set((await client.call('readConnections', {})).connections.map(({ name }) => name));
        const fresh = read.connections.filter(({ name }) => !known.has(name));
        const exist = read.connections.filter(({ name }) => known.has(name)).map(({ name }) => name);
        const report = { exist, skipped: read.skipped, leftPasswords: read.leftPasswords };
        const forms = await formsOf(client, fresh, options);
        const settings = forms.map(preview);
        for (const line of remarks(report)) output.err(plain(line));
        if (options.dryRun || forms.length === 0) {
          const value = {
            connections: settings.map(({ name }) => ({ name })),
            ended: 0,
            warnings: [],
            stored: [],
          };
          result(output, 'connection import', { ...value, ...report, dryRun: true }, exportText(settings));
          return;
        }
        const written = await administer({ client, output, signal }, 'saveConnections', {
          connections: forms,
        });
        result(output, 'connection import', { ...written, ...report, dryRun: false }, told(written, []));
      }),
    );
}

async function readList(source: string): Promise<ImportedConnections> {
  const url = listOfUrl(source);
  if (url !== undefined) return url;
  const text = await readFile(source, 'utf8').catch((cause: unknown) => {
    throw invalid(
      `The file ${source} cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
      'Name a file, or a URL such as postgresql://host/database.',
    );
  });
  return listOfFile(text, `The file ${source}`);
}

/** With the rule that the options name, where a connection brings none. */
async function formsOf(
  client: Client,
  fresh: ImportedConnections['connections'],
  options: ConnectionOptions,
): Promise<ConnectionForm[]> {
  const needsRule = fresh.some(({ settings }) => settings['rules'] === undefined);
  const complete = needsRule
    ? await asked('import', { ...options, protocol: 'postgresql', host: 'known', database: 'known' })
    : options;
  const forms: ConnectionForm[] = [];
  for (const { name, settings } of fresh) {
    const { group, role, passwordSource } = complete;
    const rule =
      settings['rules'] === undefined
        ? await rulesOf(client, { name, protocol: settings['protocol'] }, {
            group,
            role,
            passwordSource,
          } as ConnectionOptions)
        : {};
    const { rules, groupNames } = rule;
    forms.push({
      name,
      is: 'new',
      settings: rules === undefined ? settings : { ...settings, rules },
      ...(groupNames === undefined ? {} : { groupNames }),
    });
  }
  return forms;
}

/** As it will stand in the file, but for the port, which is looked for when it is written. */
function preview({ name, settings, groupNames = {} }: ConnectionForm): Settings & { name: string } {
  const { rules, ...others } = settings as { rules?: Settings[] };
  const named = rules?.map((rule) => {
    const group = String(rule['group']);
    return {
      ...rule,
      group: groupNames[group] === undefined ? group : new Commented(group, groupNames[group]),
    };
  });
  return { ...others, name, ...(named === undefined ? {} : { rules: named }) };
}

function remarks({
  exist,
  skipped,
  leftPasswords,
}: Omit<ImportedConnections, 'connections'> & { exist: string[] }): string[] {
  return [
    ...exist.map((name) => `There is a connection "${name}" already; it stays as it is.`),
    ...skipped.map((name) => `"${name}" is left out: no gateway speaks its protocol, or it names no server.`),
    ...leftPasswords.map(
      (name) =>
        `A password stands beside "${name}"; it has not been taken over. Take it out there, and store it with: latchkey secret set`,
    ),
  ];
}
