import type { z } from 'zod';
import { isLoopbackHost } from '../contract/loopback.ts';
import { toSeconds } from './duration.ts';
import { portsOf } from './values.ts';
import { databaseFaults, hiddenDatabase, sidestepped } from './check-databases.ts';
import { hostAndPort, hostFaults } from './check-host.ts';
import { sourceFaults } from './check-sources.ts';
import { sinkFaults } from './sinks.ts';
import { updateFaults } from './updates.ts';
import { upstreamFaults } from './check-upstream.ts';
import { type Fault, repeated } from './fault.ts';
import { readProviderAddress } from '../contract/provider-address.ts';
import type { configuration } from './schema.ts';

type Draft = z.output<typeof configuration>;
type AzureDraft = Extract<Draft['providers'][number], { type: 'azure-directory' }>;

/** The rules that join several keys; those of one key alone are in the schema, and what two connections share in check-ports.ts. */
export function crossChecks(config: Draft): Fault[] {
  return [
    ...repeated(config.providers.map((provider, index) => [provider.name, ['providers', index, 'name']])),
    ...rangeFaults(config),
    ...config.providers.flatMap((provider, index) =>
      provider.type === 'local' ? [] : providerFaults(provider, index),
    ),
    ...chainFaults(config),
    ...refreshFaults(config),
    ...secondFactorFaults(config),
    ...mailFaults(config),
    ...localFaults(config),
    ...hostFaults(config),
    ...config.connections.flatMap(connectionFaults),
    ...config.connections.flatMap(databaseFaults),
    ...sourceFaults(config),
    ...upstreamFaults(config),
    ...sinkFaults(config.audit.sinks),
    ...updateFaults(config.updates),
  ];
}

/** A directory of thousands of people is not asked by each of them every few seconds; the local tenant may be. */
function refreshFaults({ providers, session }: Draft): Fault[] {
  const isMicrosofts = providers.some((provider) => provider.type !== 'local' && provider.cloud !== 'local');
  if (!isMicrosofts || toSeconds(session.refreshGroups) >= 60) return [];
  return [{ path: ['session', 'refreshGroups'], message: 'must be 1m or more' }];
}

function rangeFaults({ connections, listen }: Draft): Fault[] {
  const { first, last } = portsOf(listen.ports);
  const wanted = connections.filter(({ port }) => port === 'auto').length;
  if (last - first + 1 >= wanted) return [];
  return [
    {
      path: ['listen', 'ports'],
      message: `has fewer ports than the ${wanted} connections with "port: auto"`,
    },
  ];
}

/**
 * The local tenant signs in whomever the tester names, so it must never stand in for Microsoft in earnest: `local`
 * takes loopback addresses only, and its own certificate authority is accepted nowhere else.
 */
function providerFaults(provider: AzureDraft, index: number): Fault[] {
  const at = (key: string): Fault['path'] => ['providers', index, key];
  const address = readProviderAddress(provider);
  const faults: Fault[] =
    'faults' in address
      ? address.faults.map(({ key, message }) => ({ path: at(key), message: quoted(provider[key], message) }))
      : [];
  if (provider.cloud === 'local') {
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

/** With the value that is meant, as the faults of single keys have it; a query may hold what nobody should see. */
function quoted(value: string | undefined, message: string): string {
  return value === undefined ? message : `(${JSON.stringify(value.replace(/[?#].*$/s, '…'))}): ${message}`;
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
  if (protocol === 'https:' || isLoopbackHost(hostname)) return [];
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

function localFaults({ providers }: Draft): Fault[] {
  const locals = providers.flatMap((provider, index) =>
    provider.type === 'local' ? [{ provider, index }] : [],
  );
  return [
    ...locals.slice(1).map(({ index }) => ({
      path: ['providers', index, 'type'],
      message: 'there can be one provider of type "local" only; put all accounts there',
    })),
    ...locals.flatMap(({ provider, index }) =>
      repeated(
        provider.accounts.map(({ username }, place) => [
          username,
          ['providers', index, 'accounts', place, 'username'],
        ]),
      ),
    ),
  ];
}

/**
 * What servers allow names to have: PostgreSQL NAMEDATALEN - 1 bytes (a longer one would be cut, and mean another), MySQL
 * "Identifier Length Limits" and MariaDB's user names, SQL Server `sysname`.
 */
const nameLimits = {
  postgresql: { database: 63, role: 63, unit: 'bytes' },
  mysql: { database: 64, role: 128, unit: 'characters' },
  sqlserver: { database: 128, role: 128, unit: 'characters' },
} as const;

function nameFaults({ protocol, upstream, rules }: Draft['connections'][number], index: number): Fault[] {
  const limits = nameLimits[protocol];
  const check = (name: string | undefined, limit: number, ...path: Fault['path']): Fault[] => {
    if (name === undefined) return [];
    const length = limits.unit === 'bytes' ? Buffer.byteLength(name) : name.length;
    const message = `is longer than the ${limit} ${limits.unit} that the server allows`;
    return length > limit ? [{ path: ['connections', index, ...path], message }] : [];
  };
  return [
    ...check(upstream.database, limits.database, 'upstream', 'database'),
    ...(Array.isArray(upstream.databases) ? upstream.databases : [])
      .filter((name) => name !== upstream.database)
      .flatMap((name) => check(name, limits.database, 'upstream', 'databases')),
    ...rules.flatMap(({ role }, place) => check(role, limits.role, 'rules', place, 'role')),
  ];
}

function connectionFaults(draft: Draft['connections'][number], index: number): Fault[] {
  const { protocol, upstream, clientAuth, localInfile } = draft;
  const faults = nameFaults(draft, index);
  const onlyFor = (wanted: string, key: string | Fault['path'], isSet: boolean): void => {
    if (isSet && protocol !== wanted)
      faults.push({
        path: ['connections', index, ...(typeof key === 'string' ? key.split('.') : key)],
        message: `is for protocol "${wanted}" only`,
      });
  };
  onlyFor('postgresql', 'clientAuth', clientAuth !== 'scram-sha-256');
  onlyFor('mysql', 'localInfile', localInfile);
  onlyFor('sqlserver', 'upstream.tls.mode', upstream.tls.mode === 'strict');
  onlyFor('mysql', 'upstream.tls.mode', upstream.tls.mode === 'by-password');
  onlyFor('postgresql', 'upstream.allowedMethods', upstream.allowedMethods.includes('md5'));
  if (protocol === 'sqlserver' && upstream.socket !== undefined)
    faults.push({
      path: ['connections', index, 'upstream', 'socket'],
      message: 'SQL Server has no unix sockets',
    });
  for (const [place, { personSetting, replication, databases }] of draft.rules.entries()) {
    onlyFor('postgresql', ['rules', place, 'personSetting'], personSetting !== undefined);
    onlyFor('postgresql', ['rules', place, 'replication'], replication !== undefined);
    if (databases !== undefined && [replication].flat().includes('physical'))
      faults.push({
        path: ['connections', index, 'rules', place, 'replication'],
        message:
          'copies all databases of the server with "physical"; leave "databases" out of this rule, or "physical"',
      });
  }
  faults.push(...timeoutFaults(draft, index));
  const encrypted = upstream.tls.mode !== 'off';
  const hosts = upstream.hosts?.map((text) => hostAndPort(text).host) ?? [upstream.host];
  const away = hosts.find((host) => !isLoopbackHost(host));
  const stays = upstream.socket !== undefined || away === undefined;
  if (encrypted || stays) return faults;
  return [
    ...faults,
    {
      path: ['connections', index, 'upstream', 'tls', 'mode'],
      message: `"off" would send the login to ${away} readable; it is accepted for loopback and unix sockets only`,
    },
  ];
}

function timeoutFaults({ protocol, rules }: Draft['connections'][number], index: number): Fault[] {
  if (protocol !== 'sqlserver') return [];
  return rules.flatMap(({ statementTimeout }, place): Fault[] =>
    statementTimeout === undefined
      ? []
      : [
          {
            path: ['connections', index, 'rules', place, 'statementTimeout'],
            message:
              'SQL Server has no setting for it at login; leave it out, and limit statements there (Resource Governor, the query timeout of clients)',
          },
        ],
  );
}

/** What works but will surprise: said by `latchkey config check` and when the broker starts. */
export function warnings(config: Draft): string[] {
  const unset =
    config.providers.length > 0
      ? []
      : ['there is no provider yet, so nobody can sign in; add one with: latchkey provider add'];
  // Linux hands out 32768 and up to outgoing connections: a fixed port in there is taken at random times.
  const ports = config.connections
    .filter(({ port }) => port !== 'auto' && port >= 32_768)
    .map(
      ({ name, port }) =>
        `connection "${name}": port ${port} may be taken by any outgoing connection; choose one below 32768`,
    );
  const range =
    portsOf(config.listen.ports).last < 32_768
      ? []
      : [
          `listen.ports: those from 32768 on may be taken by any outgoing connection; choose ports below, not ${config.listen.ports}`,
        ];
  const wishes = config.connections
    .filter(({ protocol, rules }) => protocol === 'sqlserver' && rules.some(({ readOnly }) => readOnly))
    .map(
      ({ name }) =>
        `connection "${name}": readOnly only tells SQL Server that the session is for reading (a readable secondary, where there is one); what keeps it from writing are the rights of the role`,
    );
  return [
    ...unset,
    ...ports,
    ...range,
    ...wishes,
    ...config.connections.flatMap(hiddenDatabase),
    ...config.connections.flatMap(sidestepped),
  ];
}
