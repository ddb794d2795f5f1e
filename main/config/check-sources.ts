import type { z } from 'zod';
import { isLoopbackHost } from '../contract/loopback.ts';
import type { Fault } from './fault.ts';
import type { configuration } from './schema.ts';

type Draft = z.output<typeof configuration>;
type Connection = Draft['connections'][number];

/** What the keys of a credential's source mean together with those of its connection. */
export function sourceFaults(config: Draft): Fault[] {
  const hasEntra = config.providers.some(({ type }) => type === 'azure-directory');
  return config.connections.flatMap((connection, index) =>
    connection.rules.flatMap(({ password }, ruleIndex): Fault[] => {
      const path = ['connections', index, 'rules', ruleIndex, 'password'];
      if (password === undefined) return [];
      if ('entra' in password) return entraFaults(connection, password.entra, hasEntra, [...path, 'entra']);
      return 'vault' in password ? addressFaults(password.vault.address, [...path, 'vault', 'address']) : [];
    }),
  );
}

function entraFaults(
  { protocol, upstream }: Connection,
  resource: string,
  hasEntra: boolean,
  path: Fault['path'],
): Fault[] {
  if (!hasEntra)
    return [{ path, message: 'needs a provider of type "azure-directory", whose tokens it could use' }];
  if (upstream.tls.mode === 'off' || upstream.tls.mode === 'by-password')
    return [
      {
        path,
        message:
          'needs upstream.tls.mode "verify" or "strict": an access token is sent over verified TLS only',
      },
    ];
  const isForSqlServer = resource === 'sqlserver';
  const isWord = !resource.includes(':');
  if (isWord && isForSqlServer !== (protocol === 'sqlserver'))
    return [{ path, message: `"${resource}" is not for a connection with protocol "${protocol}"` }];
  return [];
}

/** Tokens of the server and passwords cross this connection, so that nothing but this machine may see it in the clear. */
function addressFaults(address: string, path: Fault['path']): Fault[] {
  const { protocol, hostname, username, password, search, hash } = new URL(address);
  if (protocol !== 'https:' && !isLoopbackHost(hostname))
    return [{ path, message: 'must be an https address; http is accepted for loopback addresses only' }];
  return [username, password, search, hash].every((part) => part === '')
    ? []
    : [{ path, message: 'must have no user, no query and no fragment' }];
}
