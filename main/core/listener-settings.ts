import { readFile } from 'node:fs/promises';
import { toSeconds, type ConnectionSettings } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { ProtocolName } from '../contract/protocols.ts';
import type { ListenerSettings } from '../gateway/ports.ts';
import { socketPath } from '../store/socket-path.ts';

const upstreamPorts: Record<ProtocolName, number> = { postgresql: 5432, mysql: 3306, sqlserver: 1433 };

/**
 * A connection of the configuration as the gateway wants it.
 * @param runFolder where the unix socket goes; for PostgreSQL under the name that libpq looks for
 * @param clientTls for the protocols whose clients may insist on TLS
 * @throws LatchkeyError `config-unreadable` for the certificate file
 */
export async function listenerSettings(
  connection: ConnectionSettings,
  runFolder: string,
  clientTls: NonNullable<ListenerSettings['clientTls']>,
): Promise<ListenerSettings> {
  const { protocol, upstream } = connection;
  const { caFile, serverName } = upstream.tls;
  const socketNames: Record<ProtocolName, string | undefined> = {
    postgresql: `.s.PGSQL.${connection.port}`,
    mysql: `${connection.name}.mysql`,
    sqlserver: undefined,
  };
  const socketName = socketNames[protocol];
  const socket = socketName === undefined ? undefined : socketPath(runFolder, socketName);
  return {
    connection: connection.name,
    protocol,
    host: connection.address,
    port: connection.port,
    ...(socket === undefined ? {} : { socketPath: socket }),
    clientAuth: connection.clientAuth,
    // PostgreSQL's clients go without TLS on loopback when it is not offered, and SCRAM keeps the token off the wire.
    ...(protocol === 'postgresql' ? {} : { clientTls }),
    localInfile: connection.localInfile,
    databases: [...new Set([connection.name, upstream.database])],
    maxSessions: connection.maxSessions,
    upstream: {
      host: upstream.host,
      port: upstream.port ?? upstreamPorts[protocol],
      ...(upstream.socket === undefined ? {} : { socketPath: upstream.socket }),
      tls: {
        mode: upstream.socket === undefined ? upstream.tls.mode : 'off',
        ...(caFile === undefined ? {} : { ca: await readCertificate(caFile, connection.name) }),
        ...(serverName === undefined ? {} : { serverName }),
      },
      allowedMethods: upstream.allowedMethods,
      connectTimeoutMs: toSeconds(upstream.connectTimeout) * 1000,
    },
  };
}

async function readCertificate(file: string, connection: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new LatchkeyError(
      'config-unreadable',
      `The certificate file ${file} of connection "${connection}" cannot be read.`,
      {
        remedy: 'Correct upstream.tls.caFile in the configuration, or make the file readable.',
        cause,
      },
    );
  }
}
