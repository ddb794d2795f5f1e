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

/**
 * How long a login of this program can be held, in ms.
 * @param program what it calls itself
 */
export function holdMs(
  protocol: ProtocolName,
  program: string,
  process: PeerProcess | undefined,
  { seconds, programs }: HoldSettings,
): number {
  const names = [program, process?.program ?? ''].map((name) => name.toLowerCase());
  const found = [...programs, ...known].find(([name]) => names.some((own) => own.startsWith(name)));
  return (found?.[1] ?? seconds[protocol]) * 1000;
}
