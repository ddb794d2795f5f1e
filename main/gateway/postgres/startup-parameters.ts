import { checkAskedFor } from '../asked-for.ts';
import type { ListenerSettings } from '../ports.ts';
import { type Refused, refused, sqlStates } from '../refused.ts';
import { printable } from '../upstream-words.ts';

/**
 * Parameters of a startup packet that go on to the upstream. `search_path` and `options` are dangerous where a proxy
 * runs queries of its own on the client's connection, which then resolve names as the client wishes (CVE-2025-12819).
 * Here none is ever run, and the client could set all of these by its first query; the list is for knowing what
 * passes, so that a parameter which a later server gives a meaning during the login is not passed on unseen.
 */
const passedOn = new Set([
  'application_name',
  'bytea_output',
  'client_encoding',
  'client_min_messages',
  'datestyle',
  'default_transaction_deferrable',
  'default_transaction_isolation',
  'default_transaction_read_only',
  'extra_float_digits',
  'geqo',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'intervalstyle',
  'jit',
  'lc_messages',
  'lc_monetary',
  'lc_numeric',
  'lc_time',
  'lock_timeout',
  'options',
  'search_path',
  'standard_conforming_strings',
  'statement_timeout',
  'synchronous_commit',
  'timezone',
  'transaction_timeout',
  'work_mem',
]);

const off = new Set(['false', 'off', 'no', '0', 'f', 'n']);
/** The length of a name in PostgreSQL, and more than any client calls itself. */
const maxProgramLength = 64;

export interface ClientStartup {
  user: string;
  /** The listener's first database name, whichever of them the client used. */
  database: string;
  program: string;
  /** For the upstream, as the client sent them. */
  parameters: Map<string, string>;
}

/**
 * Checks what a client asks for against what the listener offers. Setting names are compared as the server does,
 * whatever their case.
 * @throws Refused with the sentence that helps.
 */
export function checkStartup(sent: Map<string, string>, settings: ListenerSettings): ClientStartup {
  const user = sent.get('user') ?? '';
  const wanted = sent.get('database') ?? '';
  // libpq sends the user's name where nobody named a database.
  const database = checkAskedFor(user, wanted === user ? '' : wanted, settings);

  const parameters = new Map<string, string>();
  for (const [name, value] of sent) {
    const key = name.toLowerCase();
    if (name === 'user' || name === 'database') continue;
    if (key === 'replication') {
      if (!off.has(value.toLowerCase())) throw replicationRefused();
    } else if (passedOn.has(key)) parameters.set(name, value);
    else throw unknownParameter(name);
  }
  const program = (sent.get('application_name') ?? '').slice(0, maxProgramLength);
  return { user, database, program, parameters };
}

function replicationRefused(): Refused {
  return refused(sqlStates.featureNotSupported, {
    code: 'protocol-unsupported',
    message: 'Replication connections are not passed on.',
    remedy: 'Connect to the database server itself for replication.',
  });
}

function unknownParameter(name: string): Refused {
  return refused(sqlStates.undefinedParameter, {
    code: 'request-invalid',
    message: `The connection parameter "${printable(name).slice(0, 64)}" is not passed on at login.`,
    remedy: 'Remove it from the connection settings, and set it with a SET command after connecting.',
  });
}
