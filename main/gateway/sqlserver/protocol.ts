import type { Handshake } from '../handshake.ts';
import { fromCertificate } from '../client-tls.ts';
import type { ListenerSettings, Refusal } from '../ports.ts';
import { otherDatabase } from '../asked-for.ts';
import type { Allowed, OpenUpstream, Protocol } from '../protocol.ts';
import { refused, sqlStates, tlsRequired } from '../refused.ts';
import { checkLogin } from './client-login.ts';
import { holdsClientStart, readClientLogin } from './client-negotiation.ts';
import { createClientTls } from './client-tls.ts';
import { featureIds, type Login7, tds74, tds80 } from './login7.ts';
import { onlyMessage, sessionOf } from './multiplex.ts';
import { createPacketFollower, createPacketGatherer, inRecords } from './packet-follower.ts';
import { encodeMessage, packetTypes } from './packets.ts';
import { encodeRefusal } from './refusal.ts';
import { foldsNames } from './server-collation.ts';
import { encodeFeatureAck, environmentTypes, type LoginToken, withVersion } from './tokens.ts';
import { createUpstream, type UpstreamSession } from './upstream.ts';

export interface SqlServerOptions {
  settings: ListenerSettings;
}

/** SQL Server 2014, and what Azure SQL calls itself: until the upstream has said better. */
const assumedVersion = Buffer.from([12, 0, 0x07, 0xd0, 0, 0]);
/** [MS-TDS] 2.2.1.7: stops the statement that is under way. */
const attention = encodeMessage(packetTypes.attention, Buffer.alloc(0));
/** A server that does not answer one by then is left to the reset of its connection, which ends the statement as well. */
const attentionMs = 1000;

/**
 * SQL Server and Azure SQL, versions 7.0 to 8.0 of the Tabular Data Stream protocol:
 * https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-tds/
 * @throws Error where the settings' certificate authority, certificate or key are unusable.
 */
export function createSqlServerProtocol({ settings }: SqlServerOptions): Protocol {
  const upstream = createUpstream(settings.upstream);
  const clientTls = fromCertificate(settings, createClientTls);
  /** Of clients that have logged in: an error has to be in the form that they understand. */
  const versions = new WeakMap<Handshake, number>();
  let serverVersion: Buffer = assumedVersion;
  let exactNames = false;

  /** @param spelled the client's own name for the database, where it is not the listener's. */
  async function open(
    client: Login7,
    spelled: string | undefined,
    allowed: Allowed,
    signal: AbortSignal,
  ): Promise<OpenUpstream> {
    const upstreamSession = await upstream.logIn(allowed.login, client, signal);
    const asked = spelled ?? allowed.ifSame;
    if (asked === undefined) return opened(upstreamSession, client);
    const folds = await foldsNames(upstreamSession, settings.upstream, signal);
    // Where the server does not say, the listener's own name may be meant; a rule's has to be.
    if (folds ?? allowed.ifSame === undefined) return opened(upstreamSession, client);
    upstreamSession.connection.socket.destroy();
    exactNames ||= folds === false;
    throw otherDatabase(asked, allowed.login.database, settings);
  }

  function opened(upstreamSession: UpstreamSession, client: Login7): OpenUpstream {
    const { connection, encrypted } = upstreamSession;
    let openRequests = 0;
    let answered: (() => void) | undefined;
    const toClient = createPacketFollower(() => {
      // An attention that comes late is answered by a message of its own.
      openRequests = Math.max(0, openRequests - 1);
      if (openRequests === 0) answered?.();
    });
    const fromClient = createPacketFollower((type) => {
      if (type !== packetTypes.attention) openRequests += 1;
    });
    const gather = createPacketGatherer(fromClient);
    let end: ((refusal: Refusal) => void) | undefined;
    const toUpstream = (chunk: Buffer): Buffer => {
      let bytes = chunk;
      if (encrypted) bytes = gather(chunk);
      else fromClient.watch(chunk);
      if (fromClient.multiplexed !== undefined) {
        end?.(multiplexRefused);
        return Buffer.alloc(0);
      }
      if (!encrypted) return bytes;
      const pieces = inRecords(bytes, upstreamSession.recordSize);
      for (const piece of pieces.slice(0, -1)) connection.socket.write(piece);
      return pieces.at(-1) ?? bytes;
    };
    /** In the stream itself: behind a reset there is nothing to say, and inside of a packet it would be data. */
    const stop = async (signal: AbortSignal): Promise<void> => {
      const { socket } = connection;
      if (!fromClient.betweenPackets || socket.destroyed) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, attentionMs);
        const over = (): void => {
          clearTimeout(timer);
          resolve();
        };
        answered = over;
        socket.once('close', over);
        signal.addEventListener('abort', over);
        if (signal.aborted) over();
        socket.write(attention);
      });
    };
    if (upstreamSession.version?.length === assumedVersion.length) serverVersion = upstreamSession.version;
    return {
      connection,
      release: () => upstreamSession.reader.release(),
      welcome: clientAnswer(upstreamSession, client),
      ...(upstreamSession.database === undefined ? {} : { database: upstreamSession.database }),
      watchToClient: (chunk) => void toClient.watch(chunk),
      translate: toUpstream,
      whenRefused(handler) {
        end = handler;
        if (fromClient.multiplexed !== undefined) handler(multiplexRefused);
      },
      farewell(refusal) {
        if (!toClient.betweenMessages) return undefined;
        const message = encodeRefusal(refusal, client.tdsVersion);
        const { multiplexed } = fromClient;
        return multiplexed === undefined ? message : onlyMessage(sessionOf(multiplexed), message);
      },
      openRequests: () => openRequests,
      stop,
      forget: nothing,
    };
  }

  return {
    name: 'SQL Server',
    holdsFirstMessage: holdsClientStart,
    async identify(handshake) {
      const required = settings.requireTls === true;
      const { login: client, refused } = await readClientLogin(
        handshake,
        clientTls(),
        required,
        serverVersion,
      );
      versions.set(handshake, client.tdsVersion);
      handshake.started();
      if (refused) throw tlsRequired(settings.connection);
      const { login, spelled } = checkLogin(client, settings, exactNames);
      // The token is not kept for as long as the session lasts.
      client.password = '';
      return {
        login,
        open: (allowed, signal) => open(client, spelled, allowed, signal),
      };
    },
    encodeRefusal: (refusal, handshake) => encodeRefusal(refusal, versions.get(handshake) ?? tds74),
  };
}

/** 50000 with severity 20 as for a session that is ended: it goes no further. */
const { refusal: multiplexRefused } = refused(sqlStates.terminated, {
  code: 'protocol-unsupported',
  message: 'The client sends several requests at once (MARS), which this gateway does not pass on.',
  remedy: 'Set MultipleActiveResultSets=False (MARS_Connection=no for ODBC) in its connection.',
});

function nothing(): void {}

/**
 * The server's answer to the login as the client gets it: without what it never asked for, which drivers take for a broken
 * protocol, and without the name of a server that it could turn to past this gateway, with the token as a password.
 */
function clientAnswer({ tokens, spid }: UpstreamSession, client: Login7): Buffer {
  const asked = new Set(client.features?.map(({ id }) => id));
  asked.delete(featureIds.sessionRecovery);
  const answer = tokens.map((token) => forClient(token, client.tdsVersion, asked));
  return encodeMessage(packetTypes.response, Buffer.concat(answer), spid);
}

function forClient(token: LoginToken, tdsVersion: number, asked: Set<number>): Buffer {
  switch (token.kind) {
    case 'environment':
      return token.type === environmentTypes.failoverPartner ? Buffer.alloc(0) : token.raw;
    case 'procedure':
      return Buffer.alloc(0);
    case 'feature-ack':
      return encodeFeatureAck(token.features.filter(({ id }) => asked.has(id)));
    case 'login-ack':
      // The upstream was asked for the equal of this version: see upstream-login7.ts.
      return token.tdsVersion === tds74 || token.tdsVersion === tds80
        ? withVersion(token.raw, tdsVersion)
        : token.raw;
    default:
      return token.raw;
  }
}
