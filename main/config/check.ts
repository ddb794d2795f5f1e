import type { z } from 'zod';
import type { configuration } from './schema.ts';

type Draft = z.output<typeof configuration>;

/** A fault at one place of the configuration; `path` is the way to it, as in `connections[1].port`. */
export interface Fault {
  path: (string | number)[];
  message: string;
}

const loopbackHosts = new Set(['localhost', '127.0.0.1', '::1', '[::1]']);

/** The rules that join several keys; those of one key alone are in the schema. */
export function crossChecks(config: Draft): Fault[] {
  return [
    ...repeated(config.providers.map((provider, index) => [provider.name, ['providers', index, 'name']])),
    ...repeated(
      config.connections.map((connection, index) => [connection.name, ['connections', index, 'name']]),
    ),
    ...portClashes(config),
    ...config.providers.flatMap(providerFaults),
    ...config.connections.flatMap(connectionFaults),
  ];
}

function repeated(entries: [string, Fault['path']][]): Fault[] {
  const seen = new Set<string>();
  const faults: Fault[] = [];
  for (const [name, path] of entries) {
    if (seen.has(name)) faults.push({ path, message: `"${name}" is used twice; give each its own name` });
    seen.add(name);
  }
  return faults;
}

function portClashes(config: Draft): Fault[] {
  const owners = new Map<number, string>();
  if (config.api.port !== undefined) owners.set(config.api.port, 'the HTTP API (api.port)');
  const faults: Fault[] = [];
  for (const [index, { name, port }] of config.connections.entries()) {
    const owner = owners.get(port);
    if (owner !== undefined) {
      faults.push({
        path: ['connections', index, 'port'],
        message: `port ${port} already belongs to ${owner}; choose another`,
      });
    } else {
      owners.set(port, `connection "${name}"`);
    }
  }
  return faults;
}

/**
 * The local tenant signs in whomever the tester names, so it must never stand in for Microsoft in earnest: `local`
 * takes loopback addresses only, and its own certificate authority is accepted nowhere else.
 */
function providerFaults(provider: Draft['providers'][number], index: number): Fault[] {
  const at = (key: string): Fault['path'] => ['providers', index, key];
  const faults: Fault[] = [];
  if (provider.cloud === 'local') {
    for (const key of ['authority', 'resource'] as const) {
      const address = provider[key];
      if (address === undefined) faults.push({ path: at(key), message: 'is needed with cloud "local"' });
      else if (!loopbackHosts.has(new URL(address).hostname)) {
        faults.push({
          path: at(key),
          message: 'must be a loopback address with cloud "local"; remove "cloud" for Microsoft\'s own',
        });
      }
    }
    if (provider.caFile === undefined)
      faults.push({ path: at('caFile'), message: 'is needed with cloud "local"' });
  } else if (provider.caFile !== undefined) {
    faults.push({
      path: at('caFile'),
      message: 'is for cloud "local" only; add a company\'s own authority to the system\'s certificates',
    });
  }
  return faults;
}

function connectionFaults({ upstream }: Draft['connections'][number], index: number): Fault[] {
  const encrypted = upstream.tls.mode === 'verify';
  const stays = upstream.socket !== undefined || loopbackHosts.has(upstream.host);
  if (encrypted || stays) return [];
  return [
    {
      path: ['connections', index, 'upstream', 'tls', 'mode'],
      message: `"off" would send the login to ${upstream.host} readable; it is accepted for loopback and unix sockets only`,
    },
  ];
}

/** What works but will surprise: said by `latchkey config check` and when the broker starts. */
export function warnings(config: Draft): string[] {
  // Linux hands out 32768 and up to outgoing connections: a fixed port in there is taken at random times.
  return config.connections
    .filter(({ port }) => port >= 32_768)
    .map(
      ({ name, port }) =>
        `connection "${name}": port ${port} may be taken by any outgoing connection; choose one below 32768`,
    );
}
