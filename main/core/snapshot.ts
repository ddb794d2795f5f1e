import { permissions, toGrant } from '../access/policy.ts';
import { clientCommand } from '../access/client-command.ts';
import type { Configuration, ConnectionSettings } from '../config/schema.ts';
import type { Problem } from '../contract/errors.ts';
import type { ConnectionState } from '../contract/state.ts';
import type { ListenerSettings } from '../gateway/ports.ts';
import type { LiveSession } from '../identity/session-ports.ts';

/** Where SQL clients find a connection, and the user and database names that they give there. */
export interface ClientPlace {
  host: string;
  port: number;
  /** For libpq, which makes the name of the socket from the port. */
  socketDirectory?: string;
  /** For the clients of MySQL and MariaDB. */
  socketPath?: string;
  database: string;
}

export function clientPlace(
  connection: ConnectionSettings,
  listener: ListenerSettings | undefined,
  runFolder: string,
): ClientPlace {
  return {
    host: connection.address,
    port: connection.port,
    ...socketOf(connection, listener?.socketPath, runFolder),
    database: connection.name,
  };
}

/** A connection in the state: the same for window, command line and API. */
export function connectionState(
  connection: ConnectionSettings,
  place: ClientPlace,
  { tokens }: Configuration,
  listener: { started: boolean; failure: Problem | undefined },
  live: LiveSession | undefined,
): ConnectionState {
  const ways = live === undefined ? [] : permissions(connection, live.groups, tokens.lifetime);
  return {
    name: connection.name,
    title: connection.title ?? connection.name,
    protocol: connection.protocol,
    ...place,
    listener:
      listener.failure === undefined
        ? { kind: listener.started ? 'listening' : 'starting' }
        : { kind: 'failed', problem: listener.failure },
    grants: ways.map(toGrant),
    ...(live === undefined || ways.length === 0
      ? {}
      : { command: clientCommand(connection.protocol, { ...place, username: live.account.username }) }),
  };
}

function socketOf(
  { protocol }: ConnectionSettings,
  socketPath: string | undefined,
  runFolder: string,
): Pick<ClientPlace, 'socketDirectory' | 'socketPath'> {
  if (socketPath === undefined) return {};
  return protocol === 'postgresql' ? { socketDirectory: runFolder } : { socketPath };
}
