import { LatchkeyError } from '../../contract/errors.ts';
import { upstreamName } from '../dial.ts';
import type { UpstreamAddress, UpstreamLogin } from '../ports.ts';
import { type ProtocolError, Refused, sqlStates } from '../refused.ts';
import { upstreamWords } from '../upstream-words.ts';
import type { SqlServerRefusal } from './refusal.ts';
import type { ErrorInfo } from './tokens.ts';

/** Cannot open database: 4060; the database is not there for this login: 916. */
const databaseNumbers = new Set([916, 4060]);
/** Login failed, in all its forms: they are about the upstream's credential. */
const loginNumbers = { from: 18_400, to: 18_499 };

/**
 * The client's answer when an upstream ends the login with an error. It is known who says that (see connectUpstream), so
 * that its words and number may be kept; but for the number of failed logins, after which a client would ask the person
 * for the local token again.
 */
export function upstreamRefusal(error: ErrorInfo, address: UpstreamAddress, login: UpstreamLogin): Refused {
  const where = upstreamName(address);
  const text = upstreamWords(error.message, [login.password, login.accessToken]);
  const about = meaning(error.number);
  const refusal: SqlServerRefusal = {
    sqlState: about === 'database' ? sqlStates.undefinedDatabase : sqlStates.rejectedByUpstream,
    problem: {
      code: 'upstream-login-failed',
      message: `The database server at ${where} refused the login${text === undefined ? '.' : `: ${text}`}`,
      remedy: remedies[about],
    },
  };
  if (about !== 'credential')
    refusal.upstream = { number: error.number, severity: Math.min(Math.max(error.severity, 11), 25) };
  return new Refused(refusal);
}

type Meaning = 'database' | 'credential' | 'unknown';

const remedies: Record<Meaning, string> = {
  database: "Correct upstream.database in this connection's configuration.",
  credential: "Ask whoever administers this connection to check the upstream's login, password and rights.",
  unknown: 'Try again; if it stays, ask whoever administers this connection.',
};

function meaning(number: number): Meaning {
  if (databaseNumbers.has(number)) return 'database';
  return number >= loginNumbers.from && number <= loginNumbers.to ? 'credential' : 'unknown';
}

export function brokenProtocol(address: UpstreamAddress, cause: ProtocolError): LatchkeyError {
  return new LatchkeyError(
    'upstream-protocol',
    `What answers at ${upstreamName(address)} does not follow the SQL Server protocol: ${cause.message}.`,
    { cause, remedy: "Check host and port of the connection's upstream." },
  );
}

/** No credential has been sent when this is thrown. */
export function notEncrypted(address: UpstreamAddress, what: string): LatchkeyError {
  return new LatchkeyError(
    'upstream-tls-failed',
    `The database server at ${upstreamName(address)} ${what}.`,
    {
      remedy:
        'No password was sent to it. Ask its administrator to turn TLS on; upstream.tls.mode may be "off" only for a server on this computer.',
    },
  );
}
