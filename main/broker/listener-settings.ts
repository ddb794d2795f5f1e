import { type ConnectionSettings } from '../config/schema.ts';
import type { ProtocolName } from '../contract/protocols.ts';
import type { ListenerSettings, UpstreamAddress } from '../gateway/ports.ts';
import { socketPath } from '../store/socket-path.ts';
import { databaseNames } from '../access/database-names.ts';
import { defined } from '../base/defined.ts';

/**
 * A connection of the configuration as the gateway wants it.
 * @param place the port, and where it is on record if Latchkey has chosen it
 * @param runFolder where the unix socket goes; for PostgreSQL under the name that libpq looks for
 * @param clientTls for clients that want TLS
 */
export function listenerSettings(
  connection: ConnectionSettings,
  upstream: UpstreamAddress,
  place: Pick<ListenerSettings, 'port' | 'portRecord'>,
  runFolder: string,
  clientTls: NonNullable<ListenerSettings['clientTls']>,
): ListenerSettings {
  const { protocol } = connection;
  const socketNames: Record<ProtocolName, string | undefined> = {
    postgresql: `.s.PGSQL.${place.port}`,
    mysql: `${connection.name}.mysql`,
    sqlserver: undefined,
  };
  const socketName = socketNames[protocol];
  const { databases } = connection.upstream;
  const otherDatabases: ListenerSettings['otherDatabases'] =
    databases && (databases === 'any' ? 'any' : 'listed');
  return {
    connection: connection.name,
    protocol,
    host: connection.address,
    ...place,
    ...defined({ socketPath: socketName && socketPath(runFolder, socketName), otherDatabases }),
    clientAuth: connection.clientAuth,
    clientTls,
    localInfile: connection.localInfile,
    requireTls: connection.requireTls,
    databases: databaseNames(connection),
    maxSessions: connection.maxSessions,
    upstream,
  };
}
