import type { ProtocolName } from '../contract/protocols.ts';
import type { PeerProcess } from '../contract/state.ts';

/** How long logins wait for a person, in seconds: for each protocol, and for programs by their name. */
export interface HoldSettings {
  seconds: Record<ProtocolName, number>;
  /** Beginnings of program names, in lower case; they count before our own list. */
  programs: readonly (readonly [name: string, seconds: number])[];
}

/**
 * What is known of programs that give up earlier, or wait longer, than is usual with their protocol. A second or two is
 * left for the answer, which says more than the program's own "timeout expired".
 */
const known: readonly (readonly [name: string, seconds: number])[] = [
  // libpq, the command lines of MySQL and FreeTDS wait until somebody stops them.
  ['psql', 45],
  ['pg_', 45],
  ['pgbench', 45],
  ['mysqldump', 45],
  ['mysql workbench', 45],
  ['mysql', 45],
  ['mariadb', 45],
  ['tsql', 45],
  ['bsqldb', 45],
  // postgres.js and HikariCP: thirty seconds each. HikariCP goes by the name of the driver below it.
  ['postgres.js', 27],
  ['postgresql jdbc driver', 27],
  // Fifteen seconds: Npgsql, SqlClient in its three forms, tedious, the drivers of Microsoft, Connector/NET.
  ['npgsql', 13],
  ['dotnet', 13],
  ['.net sqlclient data provider', 13],
  ['core microsoft sqlclient data provider', 13],
  ['framework microsoft sqlclient data provider', 13],
  ['core .net sqlclient data provider', 13],
  ['tedious', 13],
  ['microsoft jdbc driver for sql server', 13],
  // Five seconds.
  ['prisma', 4],
  ['query-engine', 4],
  ['schema-engine', 4],
  // Ten seconds in its connection settings.
  ['pgadmin', 8],
  // Twenty seconds in its preferences.
  ['dbeaver', 18],
  // -l, by default eight seconds.
  ['sqlcmd', 7],
  // Connection time-out of the login dialog, fifteen seconds for long and thirty since version 21.
  ['microsoft sql server management studio', 13],
  ['ssms', 13],
];

/** Their drivers of PostgreSQL are made of libpq, or wait as long, and say no name by default. */
const interpreters = ['python', 'node', 'ruby', 'perl', 'php', 'apache2', 'rsession', 'pgloader'];
/** For other PostgreSQL clients that say no name: Npgsql is such a one, in a program of any name. */
const namelessSeconds = 13;

/**
 * How long this program waits for its login to be answered, in ms: for a person and for the database together.
 * @param program what it calls itself
 */
export function patienceMs(
  protocol: ProtocolName,
  program: string,
  process: PeerProcess | undefined,
  { seconds, programs }: HoldSettings,
): number {
  const running = process?.program.toLowerCase() ?? '';
  // What a client says of itself tells more than the interpreter that runs it.
  const names = [program.toLowerCase(), running];
  const lists = [programs, known];
  for (const list of lists)
    for (const own of names) {
      const found = list.find(([name]) => own.startsWith(name));
      if (found !== undefined) return found[1] * 1000;
    }
  const tellsNothing =
    protocol === 'postgresql' &&
    program === '' &&
    running !== '' &&
    !interpreters.some((name) => running.startsWith(name));
  return (tellsNothing ? Math.min(seconds[protocol], namelessSeconds) : seconds[protocol]) * 1000;
}

/** What of it may be spent on a person: the database has to be reached afterwards. */
export function holdMs(patience: number): number {
  return patience - Math.min(3000, patience / 4);
}
