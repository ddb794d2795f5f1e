import { checkAskedFor } from '../asked-for.ts';
import { personLabel } from '../person.ts';
import type { ListenerSettings, Replication, UpstreamLogin } from '../ports.ts';
import { refused, sqlStates } from '../refused.ts';
import { printable } from '../upstream-words.ts';
import type { StartupParameters } from './startup.ts';
import { cString, textIn } from './wire.ts';

/** NAMEDATALEN - 1: the server cuts a longer application_name. */
const maxApplicationName = 63;

/**
 * The client's settings with those that the gateway gives the session in front of the server: who it is for, and what its
 * rule limits. They come last and in place of the client's own, also of those inside of `options`, which the server reads
 * first (process_startup_options in postinit.c). A client may SET most of them otherwise later. A replication connection
 * keeps its application_name: the server knows synchronous standbys by it ("synchronous_standby_names").
 */
export function sessionSettings(
  parameters: StartupParameters,
  { person, readOnly, statementTimeoutMs }: Pick<UpstreamLogin, 'person' | 'readOnly' | 'statementTimeoutMs'>,
  replication?: Replication,
): StartupParameters {
  const ours = new Map<string, string>();
  const own = (name: string): string => parameters.findLast(([key]) => key.toLowerCase() === name)?.[1] ?? '';
  if (person?.isNamed === true && replication === undefined) {
    ours.set('application_name', personLabel(person, own('application_name'), maxApplicationName));
  }
  if (person?.setting !== undefined) ours.set(person.setting.toLowerCase(), person.name);
  if (readOnly === true) ours.set('default_transaction_read_only', 'on');
  if (statementTimeoutMs !== undefined) {
    const wanted = own('statement_timeout');
    // Less may be asked for; 0 means none. Units are left to those who SET it.
    const isLess = /^[1-9]\d{0,9}$/.test(wanted) && Number(wanted) < statementTimeoutMs;
    ours.set('statement_timeout', isLess ? wanted : String(statementTimeoutMs));
  }
  const kept = parameters.filter(([name]) => !ours.has(name.toLowerCase()));
  return [...kept, ...ours];
}

/**
 * The encodings that a client may name, by PostgreSQL's names without case, blanks and signs ("PostgreSQL Character Sets"
 * and pg_encname_tbl in encnames.c), as the labels of the WHATWG Encoding Standard. Those that it does not know are absent.
 */
const labels: Record<string, string> = {
  big5: 'big5',
  euccn: 'gbk',
  eucjp: 'euc-jp',
  euckr: 'euc-kr',
  gb18030: 'gb18030',
  gbk: 'gbk',
  koi8: 'koi8-r',
  koi8r: 'koi8-r',
  koi8u: 'koi8-u',
  sjis: 'shift_jis',
  shiftjis: 'shift_jis',
  mskanji: 'shift_jis',
  uhc: 'euc-kr',
  alt: 'ibm866',
  win: 'windows-1251',
  win866: 'ibm866',
  win874: 'windows-874',
  win932: 'shift_jis',
  win936: 'gbk',
  win949: 'euc-kr',
  win950: 'big5',
  ...Object.fromEntries([0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => [`win125${n}`, `windows-125${n}`])),
  ...Object.fromEntries([0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => [`windows125${n}`, `windows-125${n}`])),
  ...Object.fromEntries([1, 2, 3, 4].map((n) => [`latin${n}`, `iso-8859-${n}`])),
  ...Object.fromEntries(
    [
      [5, 9],
      [6, 10],
      [7, 13],
      [8, 14],
      [9, 15],
      [10, 16],
    ].map(([latin, part]) => [`latin${latin}`, `iso-8859-${part}`]),
  ),
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16].map((n) => [`iso8859${n}`, `iso-8859-${n}`]),
  ),
};

/** @returns undefined for one that is UTF-8, or not known. */
function decoderFor(clientEncoding: string): TextDecoder | undefined {
  const label = labels[clientEncoding.toLowerCase().replaceAll(/[^a-z0-9]/g, '')];
  return label === undefined ? undefined : new TextDecoder(label);
}

/** The length of a name in PostgreSQL, and more than any client calls itself. */
const maxProgramLength = 64;
/** NAMEDATALEN - 1: the server cuts longer names of databases off there, by bytes (ProcessStartupPacket in postmaster.c). */
const maxNameBytes = 63;

export interface ClientStartup {
  user: string;
  /** In the listener's own spelling. */
  database: string;
  program: string;
  /** The kind of connection that it wants; absent = a usual one. */
  replication?: Replication;
  /** For the upstream, as the client sent them. */
  parameters: StartupParameters;
}

/**
 * Checks what a client asks for against what the listener offers. Looked at is only what means something before there is
 * a session: who, which database, replication. All else is a setting that the client could SET by its first query as well,
 * and passes as it was sent, `role` too: whether it may be had is decided by the rights of the rule's role, and a wrong value
 * gets the server's own error. A `search_path` among them leads no query of the gateway astray (CVE-2025-12819): the one that
 * it may run (`serverKind`) names its schema.
 * @throws Refused with the sentence that helps.
 */
export function checkStartup(sent: StartupParameters, settings: ListenerSettings): ClientStartup {
  const last = (wanted: string): string => sent.findLast(([name]) => name === wanted)?.[1] ?? '';
  const decoder = decoderFor(last('client_encoding'));
  const user = textIn(decoder, last('user'));
  const wanted = textIn(decoder, last('database'));
  // A server would cut a longer name, and open another database than the one that rules are asked about.
  const { otherDatabases: _, ...listed } = settings;
  // libpq sends the user's name where nobody named a database.
  const isNamed = wanted !== user || settings.databases.includes(wanted);
  const replication = replicationOf(sent.findLast(([name]) => name.toLowerCase() === 'replication')?.[1]);
  // A physical one has no database: libpq's programs name "replication", and the server passes over it.
  const named = isNamed && replication !== 'physical' ? wanted : '';
  const database = checkAskedFor(user, named, fits(named) ? settings : listed, isSameName);

  const parameters = sent.filter(
    ([name]) => !['user', 'database'].includes(name) && name.toLowerCase() !== 'replication',
  );
  const program = textIn(decoder, last('application_name')).slice(0, maxProgramLength);
  return { user, database, program, parameters, ...(replication === undefined ? {} : { replication }) };
}

function fits(name: string): boolean {
  return cString(name).length - 1 <= maxNameBytes;
}

function isSameName(left: string, right: string): boolean {
  const [one, other] = [left, right].map((name) => cString(name).subarray(0, -1).subarray(0, maxNameBytes));
  return one !== undefined && other !== undefined && one.equals(other);
}

/**
 * "Streaming Replication Protocol": `database`, or a boolean as the server reads one (parse_bool in bool.c: beginnings of
 * the words count). Whatever spelling the name has, it is this parameter: not every pooler looks at its case.
 * @throws Refused for what the server would refuse.
 */
function replicationOf(value: string | undefined): Replication | undefined {
  if (value === 'database') return 'logical';
  const word = (value ?? 'off').toLowerCase();
  const begins = (...words: string[]): boolean => word !== '' && words.some((each) => each.startsWith(word));
  if (begins('false', 'no') || ['of', 'off', '0'].includes(word)) return undefined;
  if (begins('true', 'yes') || ['on', '1'].includes(word)) return 'physical';
  throw refused(sqlStates.invalidParameterValue, {
    code: 'request-invalid',
    message: `invalid value for parameter "replication": "${printable(textIn(undefined, value ?? '')).slice(0, 64)}"`,
    remedy: 'Valid values are: "false", 0, "true", 1, "database".',
  });
}

/** What the server is told of it, in place of what the client has said. */
export function replicationParameter(replication: Replication | undefined): StartupParameters {
  if (replication === undefined) return [];
  return [['replication', replication === 'physical' ? 'true' : 'database']];
}
