import { type ProtocolName, isInformationSchema, systemDatabase } from '../contract/protocols.ts';
import type { ConnectionSettings, RuleSettings } from './schema.ts';

/** SQL Server's usual collations know no case; MySQL's names know one on most servers, PostgreSQL's always. */
export function isSameDatabase(protocol: ProtocolName, left: string, right: string): boolean {
  return left === right || (protocol === 'sqlserver' && left.toLowerCase() === right.toLowerCase());
}

/** What every server of the kind has, and tools begin with. */
const firstDatabases: Record<ProtocolName, string> = {
  postgresql: 'postgres',
  mysql: 'information_schema',
  sqlserver: 'master',
};

/** The database that a login opens which names none; undefined where the configuration names none at all. */
export function ownDatabase(
  protocol: ProtocolName,
  { database, databases }: { database?: string | undefined; databases?: string[] | 'any' | undefined },
): string | undefined {
  return database ?? (databases === 'any' ? firstDatabases[protocol] : databases?.[0]);
}

type Databases = { upstream: Pick<ConnectionSettings['upstream'], 'database' | 'databases'> };

/** The databases of a connection by their names on the server, its own first; `any` for whatever the server has. */
export function databasesOf({ upstream: { database, databases } }: Databases): string[] | 'any' {
  return databases ?? [database];
}

/** What a login opens that names this database: the connection's own where it names the connection. */
export function databaseNamed(
  connection: Databases & Pick<ConnectionSettings, 'name'>,
  named: string,
): string {
  const all = databasesOf(connection);
  const isAlias = named === connection.name && (all === 'any' || !all.includes(named));
  return named === '' || isAlias ? connection.upstream.database : named;
}

/**
 * How a rule names the database that a login asks for, which is the name that goes to the server; undefined where the rule
 * does not open it.
 *
 * Most servers of SQL Server, and MySQL's on some systems, take names for the same whatever their case; others have a
 * database for each spelling. Which of them it is shows after the login only. So a name that differs in case counts, as
 * otherwise a rule could be got round by it; but what is opened is the spelling of the rule, and whoever opens it has
 * to make sure that the server takes both for one.
 *
 * @param exact the server is known to tell them apart.
 */
export function nameInRule(
  protocol: ProtocolName,
  { databases }: Pick<RuleSettings, 'databases'>,
  database: string,
  exact = protocol === 'postgresql',
): string | undefined {
  if (databases === undefined || databases.includes(database)) return database;
  const system = systemDatabase(protocol, database);
  if (system === database || isInformationSchema(protocol, database)) return database;
  if (exact) return undefined;
  const folded = database.toLowerCase();
  return system ?? databases.find((name) => name.toLowerCase() === folded);
}
