import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ByteReader } from '../byte-reader.ts';
import { upstreamName } from '../dial.ts';
import { isLoopback } from '../../base/loopback.ts';
import type { UpstreamAddress, UpstreamLogin } from '../ports.ts';
import { type Refused, refused, sqlStates } from '../refused.ts';
import { upstreamWords } from '../upstream-words.ts';
import { type ErrorFields, parseError } from './backend-messages.ts';
import { remedyForSetting } from './settings-at-login.ts';
import type { StartupParameters } from './startup.ts';
import { headerLength, parseHeader, textIn } from './wire.ts';

/**
 * SQLSTATEs that go on to the client, for it to act upon: those of errors ("PostgreSQL Error Codes": classes 00 to 02 are
 * none), but for class 28 (invalid authorization). That is about the upstream's credential, and clients would ask the person
 * for the local token again.
 */
const passedOn = /^(?!0[0-2]|28)[0-9A-Z]{5}$/;
/**
 * The client's answer when an upstream ends the login with an ErrorResponse. Once the server has let us in, what it says
 * is about the session that the client asked for (a setting, a database, its rights), and reaches it word for word.
 *
 * @param trusted whether it is known who said that: only then are its words passed on.
 * @param isIn whether the server had said AuthenticationOk before.
 * @param asked what the login is for; its secrets must never be in them.
 * @throws ProtocolError where the body is no error.
 */
export function upstreamRefusal(
  body: Uint8Array,
  address: UpstreamAddress,
  { trusted, isIn }: { trusted: boolean; isIn: boolean },
  asked: AskedLogin,
): Refused {
  const fields = parseError(body);
  const { accessToken, password } = asked.login;
  const words = (said: string): string | undefined =>
    upstreamWords(textIn(undefined, said), [accessToken, password]);
  const text = trusted ? words(fields.message) : undefined;
  const isOwn = trusted && passedOn.test(fields.sqlState);
  const prefix = `The database server at ${upstreamName(address)} refused the login`;
  const hint = trusted && isIn && fields.hint !== undefined ? words(fields.hint) : undefined;
  const remedy = (trusted ? remedyFor(fields, hint, asked, isIn) : undefined) ?? ofUpstream;
  return refused(isOwn ? fields.sqlState : sqlStates.rejectedByUpstream, {
    code: 'upstream-login-failed',
    message:
      isOwn && isIn && text !== undefined ? text : `${prefix}${text === undefined ? '.' : `: ${text}`}`,
    remedy,
  });
}

const ofUpstream =
  "Ask whoever administers this connection to check the upstream's role, password and rights.";

function remedyFor(
  { sqlState, message }: ErrorFields,
  hint: string | undefined,
  asked: AskedLogin,
  isIn: boolean,
): string | undefined {
  switch (sqlState) {
    case '53300':
      return 'Close sessions that are not needed and try again, or ask for a higher connection limit.';
    case '57P03':
      return 'The server is starting or stopping: try again in a moment.';
    case '3D000':
      return "Correct upstream.database in this connection's configuration.";
    default:
      return remedyForSetting({ sqlState, message }, asked, isIn, hint) ?? hint;
  }
}

/** What a login asks of the server: as whom, and with which settings. */
export interface AskedLogin {
  login: UpstreamLogin;
  parameters: StartupParameters;
}

/** Messages from one upstream during its login. */
export interface UpstreamTalk {
  socket: Socket;
  /** The TLS connection, verified; undefined for plain sockets. */
  tls: TLSSocket | undefined;
  /** Whether it is known who the other side is: verified TLS, or this computer. */
  trusted: boolean;
  /** The server has let us in: what it refuses from now on is about the session. */
  isIn: boolean;
  /** @throws Refused for an ErrorResponse, ProtocolError for what is no message. */
  next(): Promise<UpstreamMessage>;
}

export interface UpstreamMessage {
  type: string;
  body: Buffer;
  /** Header and body as they came. */
  raw: Buffer;
}

/** libpq allows no longer error either. */
const maxMessage = 30_000;

export function createTalk(
  socket: Socket,
  reader: ByteReader,
  address: UpstreamAddress,
  asked: AskedLogin,
): UpstreamTalk {
  const tls = socket instanceof TLSSocket ? socket : undefined;
  const trusted = tls !== undefined || address.socketPath !== undefined || isLoopback(socket.remoteAddress);
  const talk: UpstreamTalk = {
    socket,
    tls,
    trusted,
    isIn: false,
    async next() {
      const header = await reader.read(headerLength);
      const { type, bodyLength } = parseHeader(header, maxMessage);
      const body = await reader.read(bodyLength);
      if (type === 'E') throw upstreamRefusal(body, address, talk, asked);
      return { type, body, raw: Buffer.concat([header, body]) };
    },
  };
  return talk;
}
