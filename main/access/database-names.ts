import { databasesOf } from '../config/databases.ts';
import type { ConnectionSettings } from '../config/schema.ts';

/**
 * The names by which clients ask for the databases of a connection, the one first that tools are given.
 *
 * In MySQL and SQL Server a client goes on to use the name that it was given (`USE`, dumps, catalog calls), so it has to
 * be one that the server knows; PostgreSQL's clients ask for the current one, and need it only where they can go on to
 * another (`\c`). A login may name the connection instead, and means its own database: which connection it is, is never
 * told by this name but by the port or socket.
 */
export function databaseNames({
  name,
  protocol,
  upstream,
}: Pick<ConnectionSettings, 'name' | 'protocol'> & {
  upstream: Pick<ConnectionSettings['upstream'], 'database' | 'databases'>;
}): [string, ...string[]] {
  const { database, databases } = upstream;
  const all = databasesOf({ upstream });
  const others = all === 'any' ? [] : all;
  const [first, last] =
    protocol === 'postgresql' && databases === undefined ? [name, database] : [database, name];
  return [first, ...new Set([...others, last].filter((other) => other !== first))];
}
