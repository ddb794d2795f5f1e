import { checkAskedFor } from '../asked-for.ts';
import type { ListenerSettings } from '../ports.ts';
import type { IdentifiedClient } from '../protocol.ts';
import { type Refused, refused, sqlStates } from '../refused.ts';
import { featureIds, type Login7 } from './login7.ts';

/** More than any client calls itself. */
const maxProgramLength = 64;
/** Drivers name it where nobody named a database: where there is one only, that is what is meant. */
const defaultDatabase = 'master';

/** A client's login, and how it spelled the database where the listener does otherwise. */
interface CheckedLogin {
  login: IdentifiedClient['login'];
  /** Good only if the server takes both for the same. */
  spelled?: string;
}

/**
 * What a client's LOGIN7 means here; the password in it is the token.
 * @param exactNames the server is known to tell names of databases apart by case.
 * @throws Refused with the sentence that helps.
 */
export function checkLogin(login: Login7, settings: ListenerSettings, exactNames = false): CheckedLogin {
  if (login.integrated) throw otherLogin('Windows authentication');
  if (login.features?.some(({ id }) => id === featureIds.fedAuth) === true)
    throw otherLogin('Microsoft Entra authentication');
  if (login.changesPassword) throw notPassedOn('A change of the password');
  if (login.attachFile !== '') throw notPassedOn('The file of a database');
  const isDefault = settings.otherDatabases === undefined && foldedName(login.database) === defaultDatabase;
  const wanted = isDefault ? '' : plainName(login.database);
  const { connection } = settings;
  // What the connection is called is no name of the server's.
  const isSame = (known: string, asked: string): boolean =>
    (!exactNames || known === connection) && isSameDatabase(known, asked);
  const database = checkAskedFor(login.userName, wanted, settings, isSame);
  return {
    login: {
      clientUser: login.userName,
      database,
      ...(exactNames && { exactNames }),
      program: login.appName.slice(0, maxProgramLength),
      proof: { kind: 'password', password: login.password },
    },
    ...(wanted === '' || wanted === database || database === connection ? {} : { spelled: wanted }),
  };
}

function otherLogin(what: string): Refused {
  return refused(sqlStates.unauthorized, {
    code: 'protocol-unsupported',
    message: `The client tried ${what}, which this gateway does in its place.`,
    remedy: 'Choose SQL Server authentication in the client: your sign-in name, and a token as the password.',
  });
}

function notPassedOn(what: string): Refused {
  return refused(sqlStates.featureNotSupported, {
    code: 'protocol-unsupported',
    message: `${what} is not passed on at login.`,
    remedy: "Remove it from the client's connection settings.",
  });
}

/**
 * Names of databases as SQL Server compares them where nobody chose another collation for the server: case does not count
 * (CI in SQL_Latin1_General_CP1_CI_AS), and neither do blanks at the end
 * (https://learn.microsoft.com/en-us/sql/relational-databases/collations/collation-and-unicode-support,
 * https://learn.microsoft.com/en-us/sql/t-sql/language-elements/string-comparison-assignment). Brackets and quotes are how
 * the language delimits a name, and tools put them into saved connections.
 *
 * Two names that are equal here may be two databases on a server with another collation. So this only finds what a name
 * most likely means; what is sent to the server is the configured spelling, wherever one is configured.
 */
export function foldedName(name: string): string {
  return plainName(name).toLowerCase();
}

/** The name itself: without delimiters, and without blanks at the end. */
function plainName(name: string): string {
  return undelimited(name.trimEnd()).trimEnd();
}

/** Whether both are one name, of which the server would open one database. */
export function isSameDatabase(left: string, right: string): boolean {
  return left === right || foldedName(left) === foldedName(right);
}

/** `]` and `"` are doubled inside. */
function undelimited(name: string): string {
  if (name.length < 2) return name;
  const inner = name.slice(1, -1);
  if (name.startsWith('[') && name.endsWith(']')) return inner.replaceAll(']]', ']');
  return name.startsWith('"') && name.endsWith('"') ? inner.replaceAll('""', '"') : name;
}
