import { LatchkeyError } from '../../contract/errors.ts';
import { type ByteReader, createByteReader } from '../byte-reader.ts';
import type { Connection } from '../connection.ts';
import { loginStep } from '../login-step.ts';
import { pinned, tryHosts } from '../hosts.ts';
import type { TargetSessionAttrs, UpstreamAddress, UpstreamLogin } from '../ports.ts';
import { sendOneWay } from '../one-way.ts';
import { createTrust } from '../trust.ts';
import { type BackendKey, parseBackendKey } from './backend-messages.ts';
import { missingLimit } from './rule-limits.ts';
import type { ScramKeyCache } from './scram-key-cache.ts';
import { leave, parameterStatus, serverKind, unsuitable } from './session-attrs.ts';
import { readOnlySetting } from './settings-at-login.ts';
import { type StartupParameters, encodeStartupPacket } from './startup.ts';
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
  key: ServerKey | undefined;
}

/** A key, and the server that it is good at. */
export type ServerKey = BackendKey & { at: UpstreamAddress };

const maxGreeting = 256 * 1024;

/**
 * The database behind one listener. Opens nothing by itself.
 * @throws Error where the configured authority is no certificate.
 */
export function createUpstream(address: UpstreamAddress, cache: ScramKeyCache) {
  const trust = address.tls.mode === 'off' ? undefined : createTrust(address.tls);

  async function logInAt(
    at: UpstreamAddress,
    wanted: TargetSessionAttrs,
    login: UpstreamLogin,
    parameters: StartupParameters,
    signal: AbortSignal,
  ): Promise<UpstreamSession> {
    const connection = await connectUpstream(at, trust?.(login.clientKey), signal);
    const { socket } = connection;
    const reader = createByteReader(connection);
    return loginStep({ socket, reader, address: at, protocol: 'PostgreSQL' }, signal, async () => {
      const named = [['user', login.user], ['database', login.database], ...parameters] as const;
      socket.write(
        encodeStartupPacket({ kind: 'startup', minor: 0, parameters: named, protocolOptions: [] }),
      );
      const talk = createTalk(socket, reader, at, { login, parameters });
      await authenticate(talk, at, login, cache);
      talk.isIn = true;
      const { key, status, ...greeted } = await readGreeting(talk);
      const told = parameterStatus(status);
      if (wanted !== 'any' && wanted !== 'prefer-standby') {
        const kindTold = new Map(told);
        // A rule may ask for it; then it says nothing of the server.
        if (named.some(([name]) => name.toLowerCase() === readOnlySetting))
          kindTold.set(readOnlySetting, 'off');
        const wrong = unsuitable(wanted, await serverKind(talk, kindTold), at);
        if (wrong !== undefined) {
          leave(socket);
          throw wrong;
        }
      }
      const isReplication = parameters.some(([name]) => name === 'replication');
      const missing = isReplication ? undefined : await missingLimit(talk, told, login, at);
      if (missing !== undefined) {
        leave(socket);
        throw missing;
      }
      return { connection, reader, ...greeted, key: key && { ...key, at: pinned(at, connection.raw) } };
    });
  }

  return {
    /**
     * Logs in with protocol 3.0, which every server and pooler speaks; nothing of 3.2 but longer cancel keys is lost.
     * Where there are several hosts, the first that serves and is what the configuration looks for.
     *
     * @param parameters for the startup packet, beside user and database.
     * @param signal where it aborts first, its reason is thrown and the socket is gone.
     * @throws Refused; LatchkeyError `upstream-unreachable`, `upstream-tls-failed`, `upstream-login-failed`,
     * `upstream-protocol`, `credential-missing`.
     */
    async logIn(
      login: UpstreamLogin,
      parameters: StartupParameters,
      signal: AbortSignal,
    ): Promise<UpstreamSession> {
      const find = (wanted: TargetSessionAttrs): Promise<UpstreamSession> =>
        tryHosts(address, signal, (at) => logInAt(at, wanted, login, parameters, signal));
      const { targetSessionAttrs: wanted = 'any' } = address;
      if (wanted !== 'prefer-standby') return find(wanted);
      return find('standby').catch((error: unknown) => {
        if (signal.aborted || !(error instanceof LatchkeyError) || error.code !== 'upstream-unreachable')
          throw error;
        return find('any');
      });
    },

    /**
     * Asks the server to cancel what the session with this key is doing; resolves when the server has closed the
     * connection, which is its only answer: "Canceling Requests in Progress". Throws as `logIn` does.
     */
    async cancel({ at, processId, secret }: ServerKey, signal: AbortSignal): Promise<void> {
      const connection = await connectUpstream(at, trust?.(), signal);
      await sendOneWay(connection, encodeStartupPacket({ kind: 'cancel', processId, secret }), signal);
    },
  };
}

/** What a server says between AuthenticationOk and the first query: "Start-up". */
async function readGreeting(
  talk: UpstreamTalk,
): Promise<Pick<UpstreamSession, 'greeting' | 'ready'> & { key: BackendKey | undefined; status: Buffer[] }> {
  const messages: Buffer[] = [];
  const status: Buffer[] = [];
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
        if (type === 'S') status.push(body);
        break;
      case 'K':
        key = parseBackendKey(body);
        break;
      case 'Z':
        if (body.length !== 1) throw new ProtocolError('its ReadyForQuery is malformed');
        return { greeting: Buffer.concat(messages), ready: raw, key, status };
      default:
        throw new ProtocolError('it sends a message that does not belong to a login');
    }
  }
}
