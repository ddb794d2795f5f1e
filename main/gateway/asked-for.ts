import type { ListenerSettings } from './ports.ts';
import { type Refused, refused, sqlStates } from './refused.ts';
import { printable } from './upstream-words.ts';

/**
 * What a client asks for in any protocol, held against what the listener offers.
 *
 * @param database the one that it named; empty where it named none, and so means the connection itself.
 * @returns the listener's first database name, whichever of them the client used.
 * @throws Refused with the sentence that helps.
 */
export function checkAskedFor(
  user: string,
  database: string,
  { connection, databases }: Pick<ListenerSettings, 'connection' | 'databases'>,
): string {
  if (user === '') throw noUser();
  const [known = connection] = databases;
  if (database !== '' && !databases.includes(database)) throw unknownDatabase(database, known);
  return known;
}

function noUser(): Refused {
  return refused(sqlStates.unauthorized, {
    code: 'request-invalid',
    message: 'The client named no user.',
    remedy: 'Give your sign-in name as the user.',
  });
}

function unknownDatabase(wanted: string, known: string): Refused {
  return refused(sqlStates.undefinedDatabase, {
    code: 'database-unknown',
    message: `There is no database "${printable(wanted).slice(0, 64)}" at this port.`,
    remedy: `Use the database "${known}".`,
  });
}
