import type { ProtocolName } from '../../main/contract/protocols.ts';
import type { Check } from './checks.ts';

/** Checks that a client fails, directly as well or because of what is not done yet: the one place that says why. */
interface Known {
  protocol: ProtocolName;
  /** All of the protocol where none is named. */
  clients?: string[];
  checks: Check[];
  reason: string;
}

const ownWords = 'It answers for the server in words of its own, directly as well.';

export const known: Known[] = [
  {
    protocol: 'postgresql',
    clients: ['postgres.js'],
    checks: ['cut'],
    reason: 'It keeps a connection for one more statement after the server has ended it, directly as well.',
  },
  {
    protocol: 'postgresql',
    clients: ['Pgpool-II', 'pg8000'],
    checks: ['wrong'],
    reason: ownWords,
  },
  {
    protocol: 'sqlserver',
    clients: ['PHP PDO'],
    checks: ['wrong'],
    reason: ownWords,
  },
];

/** Clients that were looked for and cannot be had from Debian or npm. */
export const absent: string[] = [
  'MySQL Connector/Python, Connector/J and MySQL’s own command line (Oracle’s repositories)',
  'Microsoft’s ODBC drivers, sqlcmd, bcp and PHP’s sqlsrv (Microsoft’s repositories)',
  'Npgsql, MySqlConnector and SqlClient (NuGet; Debian has no .NET)',
  'Ruby’s tiny_tds (not in Debian 12)',
];

/** What could be had and is left out, and why. */
export const alike =
  'Left out: what only wraps libpq, libmariadb or a driver above (PyGreSQL, libpqxx, Lua, Tcl, R, Kysely), Go’s pgx, whose package brings fifty others, and Prisma, which fetches a program of its own from elsewhere: version 7.10 over `@prisma/adapter-pg`, tried by hand without that, does what pg does. Not tried, though Debian has them: Rust’s tokio-postgres, and Erlang’s p1_pgsql and p1_mysql.';

export function reasonFor(protocol: ProtocolName, client: string, check: Check): string | undefined {
  return known.find(
    (each) =>
      each.protocol === protocol &&
      each.checks.includes(check) &&
      (each.clients === undefined || each.clients.includes(client)),
  )?.reason;
}
