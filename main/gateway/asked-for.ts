import { isSystemDatabase } from '../contract/protocols.ts';
import type { ListenerSettings } from './ports.ts';
import { type Refused, refused, sqlStates } from './refused.ts';
import { printable } from './upstream-words.ts';

/**
 * What a client asks for in any protocol, held against what the listener offers.
 *
 * @param database the one that it named; empty where it named none, and so means the connection itself.
 * @param isSame whether the server takes two spellings for one name; by default only where they are equal.
 * @returns the listener's own spelling of the name, its first one where the client named none. Where the listener has more
 * than one database, and for those that every server has, it may be another one: the server decides about it.
 * @throws Refused with the sentence that helps.
 */
export function checkAskedFor(
  user: string,
  database: string,
  settings: Pick<ListenerSettings, 'connection' | 'databases' | 'protocol' | 'otherDatabases'>,
  isSame: (left: string, right: string) => boolean = Object.is,
): string {
  const { connection, databases, protocol, otherDatabases } = settings;
  if (user === '') throw noUser();
  const [known = connection] = databases;
  if (database === '') return known;
  const found =
    databases.find((name) => name === database) ?? databases.find((name) => isSame(name, database));
  if (found !== undefined) return found;
  if (otherDatabases === 'any' || isSystemDatabase(protocol, database)) return database;
  throw unknownDatabase(database, databases, otherDatabases);
}

function noUser(): Refused {
  return refused(sqlStates.unauthorized, {
    code: 'request-invalid',
    message: 'The client named no user.',
    remedy: 'Give your sign-in name as the user.',
  });
}

const maxNamed = 10;

/** The refusal that names what there is instead. */
export function unknownDatabase(
  wanted: string,
  databases: string[],
  others: ListenerSettings['otherDatabases'],
): Refused {
  const quoted = databases.slice(0, others === undefined ? 1 : maxNamed).map((name) => `"${name}"`);
  const known = quoted.join(', ') + (others !== undefined && databases.length > maxNamed ? ', …' : '');
  return refused(sqlStates.undefinedDatabase, {
    code: 'database-unknown',
    message: `There is no database "${printable(wanted).slice(0, 64)}" at this port.`,
    remedy: quoted.length > 1 ? `Use one of the databases ${known}.` : `Use the database ${known}.`,
  });
}

/**
 * The refusal where the server takes both names for two databases: the listener has not got the one that was asked for, or the
 * rule is for the other one.
 */
export function otherDatabase(
  wanted: string,
  allowed: string,
  { databases, otherDatabases }: Pick<ListenerSettings, 'databases' | 'otherDatabases'>,
): Refused {
  if (otherDatabases !== 'any' && !databases.includes(wanted))
    return unknownDatabase(wanted, databases, otherDatabases);
  const [asked, other] = [wanted, allowed].map((name) => printable(name).slice(0, 128));
  return refused(sqlStates.insufficientPrivilege, {
    code: 'database-not-allowed',
    message: `The database "${asked}" is not "${other}" on this server, and the rule is for the latter.`,
    remedy: `Name "${other}", or connect again, so that a rule for "${asked}" is looked for.`,
  });
}
