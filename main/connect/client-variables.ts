import { devNull } from 'node:os';
import { join } from 'node:path';
import type { Protocol } from './types.ts';

const split = (names: string): string[] => names.split(' ');

/** The name of a file that is never there, for clients that would otherwise take one of the person's by default. */
export const noSuchFile = join(devNull, 'none');

/**
 * The variables in which clients look for server, login and how to get there. A value that a person has set for
 * another server leads past the gateway, or asks it for what it does not offer; those about the session, its looks or
 * its encoding stay.
 *
 * - PostgreSQL docs, "Environment Variables", up to version 18
 * - MySQL docs, "Environment Variables"; MariaDB docs, "MariaDB Environment Variables"
 * - sqlcmd utility, "Variable Precedence"; go-sqlcmd
 * - FreeTDS User Guide, "Environment Variables"
 */
export const clientVariables: Record<Protocol, readonly string[]> = {
  postgresql: [
    ...split('PGHOST PGHOSTADDR PGPORT PGDATABASE PGUSER PGPASSWORD PGPASSFILE'),
    ...split('PGSERVICE PGSERVICEFILE PGOPTIONS PGCONNECT_TIMEOUT PGTARGETSESSIONATTRS'),
    ...split('PGREQUIREAUTH PGCHANNELBINDING PGREQUIREPEER PGLOADBALANCEHOSTS'),
    ...split('PGSSLMODE PGREQUIRESSL PGSSLNEGOTIATION PGSSLCOMPRESSION PGSSLCERT PGSSLKEY'),
    ...split('PGSSLCERTMODE PGSSLROOTCERT PGSSLCRL PGSSLCRLDIR PGSSLSNI'),
    ...split('PGSSLMINPROTOCOLVERSION PGSSLMAXPROTOCOLVERSION'),
    ...split('PGMINPROTOCOLVERSION PGMAXPROTOCOLVERSION'),
    ...split('PGGSSENCMODE PGGSSLIB PGGSSDELEGATION PGKRBSRVNAME'),
  ],
  mysql: [
    ...split('MYSQL_HOST MYSQL_TCP_PORT MYSQL_UNIX_PORT MYSQL_PWD MYSQL_GROUP_SUFFIX'),
    ...split('MYSQL_HOME MARIADB_HOME MYSQL_TEST_LOGIN_FILE'),
  ],
  sqlserver: [
    ...split('SQLCMDSERVER SQLCMDUSER SQLCMDPASSWORD SQLCMDDBNAME SQLCMDINI'),
    ...split('SQLCMDLOGINTIMEOUT SQLCMDUSEAAD'),
    ...split('TDSVER TDSHOST TDSPORT TDSQUERY DSQUERY FREETDS FREETDSCONF'),
  ],
};

/**
 * Those of them that no parameter on a command line beats: psql knows some from a certain version on only, and an
 * older one refuses a parameter that it does not know; an empty service is an error.
 */
const beyondParameters: Record<Protocol, readonly string[]> = {
  postgresql: [
    ...split('PGSERVICE PGREQUIREAUTH PGSSLNEGOTIATION PGPASSWORD PGCONNECT_TIMEOUT'),
    ...split('PGMINPROTOCOLVERSION PGMAXPROTOCOLVERSION PGSSLCRLDIR'),
  ],
  mysql: [],
  sqlserver: ['SQLCMDPASSWORD', 'SQLCMDINI', 'SQLCMDUSEAAD', 'TDSVER', 'TDSHOST', 'TDSPORT'],
};

/** And those that beat an entry in a file which `connect` has written; see `serviceFile` for what may stand in there. */
const beyondFiles: Record<Protocol, readonly string[]> = {
  postgresql: [
    ...beyondParameters.postgresql.filter((name) => name !== 'PGSERVICE'),
    ...split('PGHOSTADDR PGCHANNELBINDING PGGSSENCMODE PGOPTIONS PGSSLCRL'),
  ],
  mysql: ['MYSQL_GROUP_SUFFIX'],
  sqlserver: ['TDSVER', 'TDSHOST', 'TDSPORT'],
};

type Environment = Record<string, string | undefined>;

/** Names of variables that stand in the way of a command line, or of a file, of this protocol. */
export function inTheWay(protocol: Protocol, of: 'parameters' | 'files', environment: Environment): string[] {
  const names = of === 'parameters' ? beyondParameters : beyondFiles;
  return names[protocol].filter((name) => (environment[name] ?? '') !== '');
}

/** The environment without the variables of these names, which are of any case on Windows. */
export function without(
  names: readonly string[],
  environment: Environment,
  platform: NodeJS.Platform = process.platform,
): Environment {
  const left = new Set(names);
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !left.has(platform === 'win32' ? name.toUpperCase() : name),
    ),
  );
}
