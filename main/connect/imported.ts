import { isLoopbackHost } from '../contract/loopback.ts';
import { isJsonObject, jsonValue } from '../contract/json.ts';
import type { ProtocolName } from '../contract/protocols.ts';
import { azureServers } from './azure-servers.ts';

/** What of another tool's list carries over. Users and passwords do not: here they come from rules. */
export interface ImportedConnection {
  name: string;
  protocol: ProtocolName;
  host: string;
  port?: number;
  instance?: string;
  database?: string;
  /** Only where the list says that there is to be no TLS, and the server is on this computer. */
  tls?: 'off';
  /** A password stood beside it, which has been left where it is. */
  hadPassword: boolean;
}

export interface ImportedList {
  connections: ImportedConnection[];
  /** Entries that no gateway speaks the protocol of, or that name no server. */
  skipped: string[];
}

type Found = Omit<ImportedConnection, 'name' | 'tls' | 'hadPassword' | 'protocol'> & {
  protocol: ProtocolName | undefined;
  sslMode?: string | undefined;
  password?: unknown;
};

const kinds: Record<string, ProtocolName> = {
  postgres: 'postgresql',
  postgresql: 'postgresql',
  mysql: 'mysql',
  mariadb: 'mysql',
  sqlserver: 'sqlserver',
  mssql: 'sqlserver',
};

/** A connection URL, with or without `jdbc:` in front; undefined for any other text. */
export function importUrl(text: string): ImportedList | undefined {
  const found = fromUrl(text.trim());
  return found && listOf([[found.database ?? found.host, found]]);
}

/**
 * The list of a tool, told by what stands in it: pg_service.conf, DBeaver's data-sources.json, pgAdmin's servers.json,
 * DataGrip's dataSources.xml, a listing of Azure. Undefined for what is none of them.
 */
export function importList(text: string): ImportedList | undefined {
  // PowerShell writes a mark of the encoding before what it redirects.
  const json = jsonValue(text.replace(/^\uFEFF/, ''));
  const azure = azureServers(json);
  if (azure !== undefined) return listOf(azure.map(({ title, ...server }) => [title, server]));
  if (isJsonObject(json)) return fromDbeaver(json) ?? fromPgAdmin(json);
  if (json !== undefined) return undefined;
  if (/<data-source\b/.test(text)) return fromDataGrip(text);
  return /^\s*\[[^\]\r\n]+\]/m.test(text) ? fromServices(text) : undefined;
}

function listOf(entries: [string, Found][]): ImportedList {
  const list: ImportedList = { connections: [], skipped: [] };
  const names = new Set<string>();
  for (const [title, { protocol, host, sslMode, password, ...found }] of entries) {
    if (protocol === undefined || host === '') {
      list.skipped.push(title);
      continue;
    }
    const isPlain = /^(disable|disabled|false)$/i.test(sslMode ?? '') && isLoopbackHost(host);
    list.connections.push({
      name: ownName(title, names),
      protocol,
      host,
      ...found,
      ...(isPlain ? { tls: 'off' } : {}),
      hadPassword: password !== undefined && password !== '' && password !== null,
    });
  }
  return list;
}

/** In the letters that names of connections may have; of two that become the same the second gets a number. */
function ownName(title: string, names: Set<string>): string {
  const plain = title
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9_-]+/g, '-');
  const base = plain.replace(/^[-_]+|[-_]+$/g, '').slice(0, 55) || 'connection';
  let name = base;
  for (let count = 2; names.has(name); count += 1) name = `${base}-${count}`;
  names.add(name);
  return name;
}

function fromUrl(text: string): Found | undefined {
  const [, scheme = '', rest = ''] = /^(?:jdbc:)?([a-z]+):\/\/(.*)$/is.exec(text) ?? [];
  const protocol = kinds[scheme.toLowerCase()];
  if (protocol === undefined) return undefined;
  if (protocol === 'sqlserver' && rest.includes(';')) return fromSqlServerUrl(rest);
  if (!URL.canParse(`http://${rest}`)) return undefined;
  const url = new URL(`http://${rest}`);
  const query = url.searchParams;
  const database = decoded(url.pathname.slice(1)) || (query.get('database') ?? '');
  return {
    protocol,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    ...portOf(/:(\d+)(?:[/?#]|$)/.exec(rest.slice(rest.indexOf('@') + 1))?.[1]),
    ...(database === '' ? {} : { database }),
    sslMode:
      query.get('sslmode') ??
      query.get('sslMode') ??
      query.get('useSSL') ??
      query.get('encrypt') ??
      undefined,
    password: url.password || query.get('password') || undefined,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `host\instance:port;databaseName=…;encrypt=…` of Microsoft's JDBC driver. */
function fromSqlServerUrl(rest: string): Found {
  const [server = '', ...properties] = rest.split(';');
  const [, host = '', instance, port] = /^([^\\:]*)(?:\\([^:]*))?(?::(\d+))?$/.exec(server) ?? [];
  const known = new Map(
    properties.map((one) => {
      const [key = '', ...value] = one.split('=');
      return [key.trim().toLowerCase(), value.join('=').replace(/^\{(.*)\}$/, '$1')];
    }),
  );
  const database = known.get('databasename') ?? known.get('database') ?? '';
  return {
    protocol: 'sqlserver',
    host: host || (known.get('servername') ?? ''),
    ...portOf(port ?? known.get('portnumber')),
    ...(instance === undefined ? {} : { instance }),
    ...(database === '' ? {} : { database }),
    sslMode: known.get('encrypt'),
    password: known.get('password'),
  };
}

function portOf(text: unknown): { port?: number } {
  const port = Number(text);
  return text !== '' && Number.isInteger(port) && port >= 1 && port <= 65_535 ? { port } : {};
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const recordOf = (value: unknown): Record<string, unknown> => (isJsonObject(value) ? value : {});

function named(database: unknown): { database?: string } {
  return textOf(database) === '' ? {} : { database: textOf(database) };
}

function fromServices(text: string): ImportedList {
  const services: [string, Map<string, string>][] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, section] = /^\s*\[([^\]]+)\]\s*$/.exec(line) ?? [];
    if (section !== undefined) services.push([section, new Map()]);
    const [, key, value] = /^\s*([a-z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined) services.at(-1)?.[1].set(key, value ?? '');
  }
  return listOf(
    services.map(([name, keys]) => [
      name,
      {
        protocol: 'postgresql',
        host: keys.get('host') ?? keys.get('hostaddr') ?? '',
        ...portOf(keys.get('port') ?? ''),
        ...named(keys.get('dbname')),
        sslMode: keys.get('sslmode'),
        password: keys.get('password'),
      },
    ]),
  );
}

function fromDbeaver(json: Record<string, unknown>): ImportedList | undefined {
  if (json['connections'] === undefined || Array.isArray(json['connections'])) return undefined;
  return listOf(
    Object.entries(recordOf(json['connections'])).map(([id, one]) => {
      const { name, provider, driver, configuration } = recordOf(one);
      const { host, port, database, url, password } = recordOf(configuration);
      const byUrl = fromUrl(textOf(url));
      const kind = [provider, driver].map(
        (text) => /postgres|mysql|mariadb|sqlserver|mssql/i.exec(textOf(text))?.[0],
      );
      const protocol =
        kinds[
          (kind.find((text) => text !== undefined) ?? '').toLowerCase().replace(/^postgres$/, 'postgresql')
        ];
      return [
        textOf(name) || id,
        {
          ...byUrl,
          protocol: protocol ?? byUrl?.protocol,
          host: textOf(host) || (byUrl?.host ?? ''),
          ...portOf(port ?? byUrl?.port ?? ''),
          ...named(textOf(database) || byUrl?.database),
          password: password ?? byUrl?.password,
        },
      ];
    }),
  );
}

function fromPgAdmin(json: Record<string, unknown>): ImportedList | undefined {
  if (json['Servers'] === undefined) return undefined;
  return listOf(
    Object.values(recordOf(json['Servers'])).map((one) => {
      const server = recordOf(one);
      const parameters = recordOf(server['ConnectionParameters']);
      return [
        textOf(server['Name']) || textOf(server['Host']),
        {
          protocol: 'postgresql',
          host: textOf(server['Host']),
          ...portOf(server['Port'] ?? ''),
          ...named(server['MaintenanceDB']),
          sslMode: textOf(server['SSLMode']) || textOf(parameters['sslmode']),
          password: server['Password'],
        },
      ];
    }),
  );
}

/** The two elements that matter; whatever else such a file holds is not looked at. */
function fromDataGrip(text: string): ImportedList {
  const sources = [...text.matchAll(/<data-source\b([^>]*)>([\s\S]*?)<\/data-source>/g)];
  return listOf(
    sources.map(([, attributes = '', body = '']) => {
      const name = unescaped(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? '');
      const url = unescaped(/<jdbc-url>([^<]*)<\/jdbc-url>/.exec(body)?.[1] ?? '').trim();
      const found = fromUrl(url);
      return [name || url, found ?? { protocol: undefined, host: '' }];
    }),
  );
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi, (whole, hex, decimal, name) => {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(String(hex), 16);
    if (name !== undefined) return entities[String(name)] ?? whole;
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
