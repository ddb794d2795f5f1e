import { yamlValue } from '../config/yaml/edit.ts';
import { blockLines, isRecord, plainValue } from '../config/yaml/render.ts';
import type { ImportedConnections } from '../contract/connection-shapes.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { importList, importUrl, type ImportedConnection, type ImportedList } from './imported.ts';

type Settings = Record<string, unknown>;

const style = { step: 2, listIndent: 2, quote: undefined };

/**
 * The connections of a URL, in the words of the configuration file; undefined for any other text. Passwords are left out.
 */
export function listOfUrl(text: string): ImportedConnections | undefined {
  const list = importUrl(text);
  return list && asSettings(list);
}

/**
 * The same of a file: the list of a tool, or what an export of Latchkey has written.
 * @param label what messages call it
 * @throws LatchkeyError `request-invalid` for anything else
 */
export function listOfFile(text: string, label: string): ImportedConnections {
  const list = importList(text);
  if (list !== undefined) return asSettings(list);
  const connections = exported(text);
  if (connections !== undefined) return { connections, skipped: [], leftPasswords: [] };
  throw new LatchkeyError('request-invalid', `${label} is no list of connections that is known.`, {
    remedy:
      'Known are pg_service.conf, data-sources.json of DBeaver, servers.json of pgAdmin, dataSources.xml of DataGrip, what "az … list" prints of database servers, and what "latchkey connection export" prints.',
  });
}

/** Connections as YAML for a colleague. */
export function exportText(connections: readonly Settings[]): string {
  return blockLines({ connections: connections.map(inOrder) }, style).join('\n');
}

/** A connection without what another computer has otherwise: its port, and files and users of this one. */
export function withoutPlaces(settings: Settings): Settings {
  const { port, upstream, ...rest } = settings;
  const others = port === 'auto' ? { port, ...rest } : rest;
  if (!isRecord(upstream)) return { ...others, upstream };
  const { tls, owner: _owner, ...server } = upstream;
  if (!isRecord(tls)) return { ...others, upstream: server };
  const { caFile: _ca, clientCertificate: _certificate, clientKey: _key, ...kept } = tls;
  return { ...others, upstream: Object.keys(kept).length === 0 ? server : { ...server, tls: kept } };
}

function exported(text: string): ImportedConnections['connections'] | undefined {
  let listed: unknown;
  try {
    listed = (yamlValue(text, 'the file') as Settings | undefined)?.['connections'];
  } catch {
    return undefined;
  }
  if (!Array.isArray(listed)) return undefined;
  return listed.filter(isRecord).map((settings) => ({ name: String(settings['name']), settings }));
}

function asSettings({ connections, skipped }: ImportedList): ImportedConnections {
  return {
    connections: connections.map((one) => ({ name: one.name, settings: settingsOf(one) })),
    skipped,
    leftPasswords: connections.filter(({ hadPassword }) => hadPassword).map(({ name }) => name),
  };
}

function settingsOf({ protocol, host, port, instance, database, tls }: ImportedConnection): Settings {
  const upstream = {
    host,
    port,
    instance,
    ...(database === undefined ? { databases: 'any' } : { database }),
  };
  return {
    protocol,
    upstream: plainValue({ ...upstream, ...(tls === undefined ? {} : { tls: { mode: tls } }) }),
  };
}

function inOrder(settings: Settings): Settings {
  const { name, title, protocol, port, ...rest } = settings;
  return { name, title, protocol, port, ...rest };
}
