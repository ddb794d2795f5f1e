import { databaseNames } from './database-names.ts';
import { nameInRule } from '../config/databases.ts';
import type { ConnectionSettings, RuleSettings } from '../config/schema.ts';
import type { ListenerSettings } from '../gateway/ports.ts';

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

/** Where each connection is found. @param listeners what the gateway is told, in the order of the connections */
export function clientPlaces(
  connections: readonly ConnectionSettings[],
  listeners: readonly ListenerSettings[],
  runFolder: string,
): (name: string) => ClientPlace {
  const places = new Map(
    connections.flatMap((connection, index) => {
      const listener = listeners[index];
      return listener === undefined
        ? []
        : [[connection.name, clientPlace(connection, listener, runFolder)] as const];
    }),
  );
  return (name) => {
    const place = places.get(name);
    if (place === undefined) throw new RangeError(`no connection ${name}`);
    return place;
  };
}

function clientPlace(
  connection: ConnectionSettings,
  { host, port, socketPath }: ListenerSettings,
  runFolder: string,
): ClientPlace {
  return {
    host,
    port,
    ...socketOf(connection, socketPath, runFolder),
    database: databaseNames(connection)[0],
  };
}

/** The place with a database that this rule opens: the connection's own, or the first that the rule names. */
export function placeUnder(
  { protocol, upstream }: ConnectionSettings,
  rule: RuleSettings | undefined,
  place: ClientPlace,
): ClientPlace {
  const [first] = rule?.databases ?? [];
  if (rule === undefined || first === undefined) return place;
  const named = nameInRule(protocol, rule, upstream.database);
  return named === upstream.database ? place : { ...place, database: named ?? first };
}

/** What is said where clients send the token itself; nothing where they prove it. */
export function clientAuthOf({ protocol, clientAuth }: ConnectionSettings): { clientAuth?: 'password' } {
  return protocol === 'postgresql' && clientAuth === 'password' ? { clientAuth } : {};
}

function socketOf(
  { protocol }: ConnectionSettings,
  socketPath: string | undefined,
  runFolder: string,
): Pick<ClientPlace, 'socketDirectory' | 'socketPath'> {
  if (socketPath === undefined) return {};
  return protocol === 'postgresql' ? { socketDirectory: runFolder } : { socketPath };
}
