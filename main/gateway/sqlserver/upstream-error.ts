import { LatchkeyError } from '../../contract/errors.ts';
import { upstreamName } from '../dial.ts';
import type { UpstreamAddress, UpstreamLogin } from '../ports.ts';
import { Refused, sqlStates } from '../refused.ts';
import { upstreamWords } from '../upstream-words.ts';
import type { SqlServerRefusal } from './refusal.ts';
import type { ErrorInfo } from './tokens.ts';

/**
 * Numbers of "Database Engine events and errors" and of "Troubleshoot common connection issues" for Azure SQL: the database
 * is not there for this login; it may be later; a firewall rule or a logon trigger is against it.
 */
const meanings: Record<number, Meaning> = {
  ...meaningOf('database', 916, 4060, 4064),
  ...meaningOf('later', 40_197, 40_501, 40_540, 40_613, 42_108, 42_109, 49_918, 49_919, 49_920),
  ...meaningOf('firewall', 40_615, 40_914),
  ...meaningOf('trigger', 17_892),
};
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
  const { number, state } = error;
  if (about !== 'credential')
    refusal.upstream = { number, state, severity: Math.min(Math.max(error.severity, 11), 25) };
  return new Refused(refusal);
}

type Meaning = 'database' | 'later' | 'firewall' | 'trigger' | 'credential' | 'unknown';

const remedies: Record<Meaning, string> = {
  database:
    "Correct upstream.database in this connection's configuration, or the name that the client gives.",
  later: 'Try again in a minute: the database starts, moves or is busy.',
  firewall: "Ask whoever administers the server to let this computer's address through its firewall.",
  trigger: 'A logon trigger of the server is against it: ask whoever administers the server.',
  credential: "Ask whoever administers this connection to check the upstream's login, password and rights.",
  unknown: 'Try again; if it stays, ask whoever administers this connection.',
};

function meaning(number: number): Meaning {
  if (number >= loginNumbers.from && number <= loginNumbers.to) return 'credential';
  return meanings[number] ?? 'unknown';
}

function meaningOf(meant: Meaning, ...numbers: number[]): Record<number, Meaning> {
  return Object.fromEntries(numbers.map((number) => [number, meant]));
}

/** Where a server ends the connection instead of answering PRELOGIN. */
export const maybeStrict =
  'Try again; if it stays, the server may demand strict encryption (upstream.tls.mode: "strict"), or its log says more.';

export function demandsStrict(address: UpstreamAddress): LatchkeyError {
  return new LatchkeyError(
    'upstream-tls-failed',
    `The database server at ${upstreamName(address)} begins with TLS (strict encryption, TDS 8.0).`,
    { remedy: 'Set upstream.tls.mode to "strict". No password was sent to it.' },
  );
}

export function notStrict(cause: LatchkeyError): LatchkeyError {
  return new LatchkeyError('upstream-tls-failed', cause.message, {
    cause,
    remedy:
      'If the server has no strict encryption (TDS 8.0: SQL Server 2022 and later), set upstream.tls.mode to "verify". No password was sent to it.',
  });
}

export function otherInstance(address: UpstreamAddress, instance: string): LatchkeyError {
  return new LatchkeyError(
    'upstream-protocol',
    `What answers at ${upstreamName(address)} is not the instance "${instance}".`,
    { remedy: 'Check upstream.instance, or set upstream.port instead. No password was sent.' },
  );
}
