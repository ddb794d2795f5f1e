import { LatchkeyError } from '../../contract/errors.ts';
import { type ByteReader, createByteReader } from '../byte-reader.ts';
import type { Connection } from '../connection.ts';
import { upstreamName } from '../dial.ts';
import { loginStep } from '../login-step.ts';
import type { UpstreamAddress, UpstreamLogin } from '../ports.ts';
import { sendOneWay } from '../one-way.ts';
import { trustFor } from '../trust.ts';
import { type BackendKey, parseBackendKey } from './backend-messages.ts';
import type { ScramKeyCache } from './scram-key-cache.ts';
import { encodeStartupPacket } from './startup.ts';
import { authenticate } from './upstream-authentication.ts';
import { connectUpstream } from './upstream-connect.ts';
import { type UpstreamTalk, createTalk } from './upstream-talk.ts';
import { ProtocolError } from '../refused.ts';

/** A login that succeeded; the next bytes belong to the first query. */
export interface UpstreamSession {
  connection: Connection;
  /** Still holds what came behind ReadyForQuery. */
  reader: ByteReader;
  /** ParameterStatus and NoticeResponse messages as they came, all from after authentication. */
  greeting: Buffer;
  /** ReadyForQuery as it came. */
  ready: Buffer;
  /** Absent for servers that cannot cancel. */
  key: BackendKey | undefined;
}

const maxGreeting = 256 * 1024;

/**
 * The database behind one listener. Opens nothing by itself.
 * @throws Error where the configured authority is no certificate.
 */
export function createUpstream(address: UpstreamAddress, cache: ScramKeyCache) {
  const secureContext = address.tls.mode === 'verify' ? trustFor(address.tls) : undefined;
  return {
    /**
     * Logs in with protocol 3.0, which every server and pooler speaks; nothing of 3.2 but longer cancel keys is lost.
     *
     * @param parameters for the startup packet, beside user and database.
     * @param signal where it aborts first, its reason is thrown and the socket is gone.
     * @throws Refused; LatchkeyError `upstream-unreachable`, `upstream-tls-failed`, `upstream-login-failed`,
     * `upstream-protocol`, `credential-missing`.
     */
    async logIn(
      login: UpstreamLogin,
      parameters: Map<string, string>,
      signal: AbortSignal,
    ): Promise<UpstreamSession> {
      const connection = await connectUpstream(address, secureContext, signal);
      const { socket } = connection;
      const reader = createByteReader(connection);
      return loginStep(socket, reader, address, signal, async () => {
        const names = new Map([['user', login.user], ['database', login.database], ...parameters]);
        socket.write(
          encodeStartupPacket({ kind: 'startup', minor: 0, parameters: names, protocolOptions: [] }),
        );
        const talk = createTalk(socket, reader, address, login.accessToken ?? login.password);
        try {
          await authenticate(talk, address, login, cache);
          return { connection, reader, ...(await readGreeting(talk)) };
        } catch (error) {
          throw error instanceof ProtocolError ? brokenProtocol(address, error) : error;
        }
      });
    },

    /**
     * Asks the server to cancel what the session with this key is doing; resolves when the server has closed the
     * connection, which is its only answer: "Canceling Requests in Progress". Throws as `logIn` does.
     */
    async cancel(key: BackendKey, signal: AbortSignal): Promise<void> {
      const connection = await connectUpstream(address, secureContext, signal);
      await sendOneWay(connection, encodeStartupPacket({ kind: 'cancel', ...key }), signal);
    },
  };
}

/** What a server says between AuthenticationOk and the first query: "Start-up". */
async function readGreeting(
  talk: UpstreamTalk,
): Promise<Pick<UpstreamSession, 'greeting' | 'ready' | 'key'>> {
  const messages: Buffer[] = [];
  let size = 0;
  let key: BackendKey | undefined;
  for (;;) {
    const { type, body, raw } = await talk.next();
    switch (type) {
      case 'S':
      case 'N':
        size += raw.length;
        if (size > maxGreeting) throw new ProtocolError('its greeting has no end');
        messages.push(raw);
        break;
      case 'K':
        key = parseBackendKey(body);
        break;
      case 'Z':
        if (body.length !== 1) throw new ProtocolError('its ReadyForQuery is malformed');
        return { greeting: Buffer.concat(messages), ready: raw, key };
      default:
        throw new ProtocolError('it sends a message that does not belong to a login');
    }
  }
}

function brokenProtocol(address: UpstreamAddress, cause: ProtocolError): LatchkeyError {
  return new LatchkeyError(
    'upstream-protocol',
    `What answers at ${upstreamName(address)} does not follow the PostgreSQL protocol: ${cause.message}.`,
    { cause, remedy: "Check host and port of the connection's upstream." },
  );
}
