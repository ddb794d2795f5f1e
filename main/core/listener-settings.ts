import { readFile } from 'node:fs/promises';
import { toSeconds, type ConnectionSettings } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { ListenerSettings } from '../gateway/ports.ts';
import { socketPath } from '../store/socket-path.ts';

/**
 * A connection of the configuration as the gateway wants it.
 * @param runFolder where the unix socket goes, under the name that libpq looks for
 * @throws LatchkeyError `config-unreadable` for the certificate file
 */
export async function listenerSettings(
  connection: ConnectionSettings,
  runFolder: string,
): Promise<ListenerSettings> {
  const { upstream } = connection;
  const { caFile, serverName } = upstream.tls;
  const socket = socketPath(runFolder, `.s.PGSQL.${connection.port}`);
  return {
    connection: connection.name,
    protocol: connection.protocol,
    host: connection.address,
    port: connection.port,
    ...(socket === undefined ? {} : { socketPath: socket }),
    clientAuth: connection.clientAuth,
    databases: [...new Set([connection.name, upstream.database])],
    maxSessions: connection.maxSessions,
    upstream: {
      host: upstream.host,
      port: upstream.port,
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
