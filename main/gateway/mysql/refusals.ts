import type { Refusal } from '../ports.ts';
import { inOneText, sqlStates } from '../refused.ts';
import { encodeServerError } from './server-packets.ts';
import { packet } from './wire.ts';

/** MySQL's error number and SQLSTATE: "Server Error Message Reference" of its manual, and MariaDB's "Error Codes". */
type Code = readonly [number: number, sqlState: string];

const accessDenied: Code = [1045, '28000'];
const unknownError: Code = [1105, 'HY000'];

/** ER_SECURE_TRANSPORT_REQUIRED, what a server says that has require_secure_transport. */
const insecureTransport: Code = [3159, 'HY000'];

const codes: Record<string, Code> = {
  [sqlStates.unauthorized]: accessDenied,
  [sqlStates.wrongPassword]: accessDenied,
  [sqlStates.undefinedDatabase]: [1049, '42000'],
  // ER_DBACCESS_DENIED_ERROR
  [sqlStates.insufficientPrivilege]: [1044, '42000'],
  [sqlStates.tooManyConnections]: [1040, '08004'],
  // ER_CONNECTION_KILLED; with the SQLSTATE that makes pools throw the connection away.
  [sqlStates.terminated]: [1927, '08S01'],
  // ER_CLIENT_INTERACTION_TIMEOUT, with the SQLSTATE as above.
  [sqlStates.idle]: [4031, '08S01'],
  [sqlStates.protocolViolation]: [1043, '08S01'],
  [sqlStates.featureNotSupported]: [1251, '08004'],
};

/** MYSQL_ERRMSG_SIZE, with the zero at its end: clients cut longer texts, inside of a character where it happens so. */
const maxTextBytes = 511;

/**
 * An ERR packet for a refusal. There is no field for the remedy, so that it follows the message.
 * @param greeted whether the client has had the greeting; before that an error has no SQLSTATE.
 */
export function encodeRefusalPacket(
  { sqlState, problem, serverError }: Refusal,
  sequence: number,
  greeted: boolean,
): Buffer {
  const { code } = problem;
  const own = code === 'tls-required' ? insecureTransport : (codes[sqlState] ?? unknownError);
  const [number, state] = serverError === undefined ? own : [serverError.number, serverError.sqlState];
  return packet(
    sequence,
    encodeServerError({ number, sqlState: greeted ? state : '', message: shortened(inOneText(problem)) }),
  );
}

function shortened(text: string): string {
  if (Buffer.byteLength(text) <= maxTextBytes) return text;
  let end = maxTextBytes - 3;
  const bytes = Buffer.from(text);
  // Continuation bytes of UTF-8 are 10xxxxxx.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString('utf8', 0, end)}…`;
}
