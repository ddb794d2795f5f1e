import type { z } from 'zod';
import { sourceFaults } from './check-sources.ts';
import type { AzureDirectorySettings, configuration } from './schema.ts';

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
    ...config.providers.flatMap((provider, index) =>
      provider.type === 'local' ? [] : providerFaults(provider, index),
    ),
    ...chainFaults(config),
    ...secondFactorFaults(config),
    ...mailFaults(config),
    ...config.connections.flatMap(connectionFaults),
    ...sourceFaults(config),
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
function providerFaults(provider: AzureDirectorySettings, index: number): Fault[] {
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

function chainFaults({ chain, providers }: Draft): Fault[] {
  const known = providers.map(({ name }) => name);
  return (chain ?? []).flatMap((name, index): Fault[] => {
    if (!known.includes(name))
      return [
        { path: ['chain', index], message: `there is no provider "${name}"; known: ${known.join(', ')}` },
      ];
    return chain?.indexOf(name) === index
      ? []
      : [{ path: ['chain', index], message: `"${name}" is in the chain twice` }];
  });
}

function secondFactorFaults({ mfa }: Draft): Fault[] {
  const usesPush = mfa.methods.includes('push');
  if (usesPush && mfa.pushServer === undefined) {
    return [
      { path: ['mfa', 'pushServer'], message: 'is missing: "push" needs the address of an ntfy server' },
    ];
  }
  if (mfa.pushServer === undefined) return [];
  const { protocol, hostname } = new URL(mfa.pushServer);
  if (protocol === 'https:' || loopbackHosts.has(hostname)) return [];
  return [{ path: ['mfa', 'pushServer'], message: 'must be an https address' }];
}

/** Codes go to addresses of known domains only: an open mailer would be a tool for those who phish with codes. */
function mailFaults(config: Draft): Fault[] {
  return config.providers.flatMap((provider, index): Fault[] => {
    if (provider.type === 'local' || !provider.mailCodes) return [];
    const path = ['providers', index, 'mailCodes'];
    if (config.mail === undefined)
      return [{ path, message: 'needs "mail": the server that sends the codes' }];
    return provider.domains.length > 0
      ? []
      : [{ path, message: 'needs "domains": codes are mailed to their addresses only' }];
  });
}

function connectionFaults(
  { protocol, upstream, clientAuth, localInfile }: Draft['connections'][number],
  index: number,
): Fault[] {
  const faults: Fault[] = [];
  const onlyFor = (wanted: string, key: string, isSet: boolean): void => {
    if (isSet && protocol !== wanted)
      faults.push({
        path: ['connections', index, ...key.split('.')],
        message: `is for protocol "${wanted}" only`,
      });
  };
  onlyFor('postgresql', 'clientAuth', clientAuth !== 'scram-sha-256');
  onlyFor('mysql', 'localInfile', localInfile);
  onlyFor('postgresql', 'upstream.allowedMethods', upstream.allowedMethods.includes('md5'));
  if (protocol === 'sqlserver' && upstream.socket !== undefined)
    faults.push({
      path: ['connections', index, 'upstream', 'socket'],
      message: 'SQL Server has no unix sockets',
    });
  const encrypted = upstream.tls.mode === 'verify';
  const stays = upstream.socket !== undefined || loopbackHosts.has(upstream.host);
  if (encrypted || stays) return faults;
  return [
    ...faults,
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
