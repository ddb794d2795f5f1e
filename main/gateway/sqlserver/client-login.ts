import { checkAskedFor } from '../asked-for.ts';
import type { ListenerSettings } from '../ports.ts';
import type { Meeting } from '../protocol.ts';
import { type Refused, refused, sqlStates } from '../refused.ts';
import { type Login7, featureIds } from './login7.ts';

/** More than any client calls itself. */
const maxProgramLength = 64;
/** Drivers name it where nobody named a database. */
const defaultDatabase = 'master';

/**
 * What a client's LOGIN7 means here; the password in it is the token.
 * @throws Refused with the sentence that helps.
 */
export function checkLogin(login: Login7, settings: ListenerSettings): Meeting['login'] {
  if (login.integrated) throw otherLogin('Windows authentication');
  if (login.features?.some(({ id }) => id === featureIds.fedAuth) === true)
    throw otherLogin('Microsoft Entra authentication');
  if (login.changesPassword) throw notPassedOn('A change of the password');
  if (login.attachFile !== '') throw notPassedOn('The file of a database');
  const isDefault = login.database.toLowerCase() === defaultDatabase;
  const database = checkAskedFor(login.userName, isDefault ? '' : login.database, settings);
  return {
    clientUser: login.userName,
    database,
    program: login.appName.slice(0, maxProgramLength),
    proof: { kind: 'password', password: login.password },
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
