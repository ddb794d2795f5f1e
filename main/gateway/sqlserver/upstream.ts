import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { LatchkeyError } from '../../contract/errors.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { Connection } from '../connection.ts';
import { upstreamName } from '../dial.ts';
import { loginStep } from '../login-step.ts';
import type { UpstreamAddress, UpstreamLogin } from '../ports.ts';
import { ProtocolError } from '../refused.ts';
import { trustFor } from '../trust.ts';
import { type Login7, encodeLogin7 } from './login7.ts';
import { encodeMessage, firstPacketSize, packetTypes, readMessage } from './packets.ts';
import { preloginOptions } from './prelogin.ts';
import {
  type LoginToken,
  type Route,
  environmentTypes,
  parseLoginResponse,
  parsePacketSize,
  parseRoute,
} from './tokens.ts';
import { connectUpstream } from './upstream-connect.ts';
import { brokenProtocol, notEncrypted, upstreamRefusal } from './upstream-error.ts';
import { upstreamLogin7 } from './upstream-login7.ts';

/** A login that succeeded; the next bytes belong to the first request. */
export interface UpstreamSession {
  connection: Connection;
  reader: ByteReader;
  /** The server's answer to the login, without what sent us elsewhere. */
  tokens: LoginToken[];
  /** The server's process id for this session. */
  spid: number;
  /** 6 bytes of the server's PRELOGIN: its version. */
  version: Buffer | undefined;
  /** The connection has TLS inside. */
  encrypted: boolean;
}

const maxResponse = 256 * 1024;
/** Azure sends a login on once, or twice with a failover in between. */
const maxHops = 5;
/** TLS has no larger record: RFC 5246 section 6.2.1. */
const maxFragment = 16_384;
const hostName = /^[0-9A-Za-z._:-]{1,253}$/;

/**
 * The database behind one listener. Opens nothing by itself.
 * @throws Error where the configured authority is no certificate.
 */
export function createUpstream(address: UpstreamAddress) {
  // TLS inside TDS ends at version 1.2: tls-in-tds.ts.
  const secureContext = address.tls.mode === 'verify' ? trustFor(address.tls, 'TLSv1.2') : undefined;
  return {
    /**
     * Logs in with the client's own LOGIN7 in which the credential is exchanged, and follows the server where it sends the
     * login on ([MS-TDS] 2.2.7.9).
     *
     * @param signal where it aborts first, its reason is thrown and the socket is gone.
     * @throws Refused; LatchkeyError `upstream-unreachable`, `upstream-tls-failed`, `upstream-login-failed`,
     * `upstream-protocol`, `credential-missing`, `credential-failed`.
     */
    async logIn(login: UpstreamLogin, client: Login7, signal: AbortSignal): Promise<UpstreamSession> {
      if (login.accessToken !== undefined && secureContext === undefined)
        throw notEncrypted(address, 'has TLS turned off, and an access token is only sent inside TLS');
      let place: Place = { address, serverName: address.tls.serverName ?? address.host, login };
      for (let hops = 0; hops <= maxHops; hops += 1) {
        const found = await logInAt(place, client, secureContext, signal);
        if (!('route' in found)) return found;
        if (secureContext === undefined)
          throw notEncrypted(place.address, 'sends the login on to another server, without TLS');
        place = routed(place, found.route);
      }
      throw brokenProtocol(place.address, new ProtocolError('it sends the login on and on'));
    },
  };
}

interface Place {
  address: UpstreamAddress;
  /** For LOGIN7. */
  serverName: string;
  login: UpstreamLogin;
}

async function logInAt(
  { address, serverName, login }: Place,
  client: Login7,
  secureContext: SecureContext | undefined,
  signal: AbortSignal,
): Promise<UpstreamSession | { route: Route }> {
  const byToken = login.accessToken !== undefined;
  const { connection, reader, prelogin } = await connectUpstream(address, secureContext, byToken, signal);
  const { socket } = connection;
  return loginStep(socket, reader, address, signal, async () => {
    const message = encodeLogin7(upstreamLogin7(client, login, serverName, prelogin));
    await sendLogin(socket, encodeMessage(packetTypes.login7, message));
    message.fill(0);
    try {
      const { tokens, spid } = await readAnswer(reader, address, login, client.tdsVersion);
      const route = findRoute(tokens);
      if (route !== undefined) {
        socket.destroy();
        return { route };
      }
      limitRecords(socket, packetSize(tokens));
      const version = prelogin.get(preloginOptions.version);
      return { connection, reader, tokens, spid, version, encrypted: secureContext !== undefined };
    } catch (error) {
      throw error instanceof ProtocolError ? brokenProtocol(address, error) : error;
    }
  });
}

/**
 * SQL Server closes the connection when a TLS record holds more than a packet, or only a part of one
 * (https://github.com/tediousjs/tedious/pull/932, https://github.com/dotnet/runtime/issues/95295). So each packet is
 * written when the one before is through: writes that wait are put together. A limit for the records' size would do
 * for this message, but OpenSSL cannot raise it again to the size of packets that the login agrees on.
 */
async function sendLogin(socket: Socket, packets: Buffer): Promise<void> {
  for (let offset = 0; offset < packets.length; offset += firstPacketSize) {
    const packet = packets.subarray(offset, offset + firstPacketSize);
    // A failure comes with 'close', which ends the login.
    await new Promise<void>((resolve) => {
      socket.write(packet, () => resolve());
    });
  }
  packets.fill(0);
}

/** For what the client sends from now on, in packets of this size. */
function limitRecords(socket: Socket, size: number): void {
  if (socket instanceof TLSSocket) socket.setMaxSendFragment(Math.min(size, maxFragment));
}

/** As the server's answer to the login sets it. */
function packetSize(tokens: LoginToken[]): number {
  let size = firstPacketSize;
  for (const token of tokens) {
    if (token.kind === 'environment' && token.type === environmentTypes.packetSize)
      size = parsePacketSize(token.data);
  }
  return size;
}

/** The whole answer before anything is done with it: nothing of it reaches the client if it ends badly. */
async function readAnswer(
  reader: ByteReader,
  address: UpstreamAddress,
  login: UpstreamLogin,
  tdsVersion: number,
): Promise<{ tokens: LoginToken[]; spid: number }> {
  const { type, payload, spid } = await readMessage(reader, maxResponse);
  if (type !== packetTypes.response) throw new ProtocolError('it does not answer the login');
  const tokens = parseLoginResponse(payload, tdsVersion);
  const error = tokens.find((token) => token.kind === 'error');
  if (error !== undefined) throw upstreamRefusal(error, address, login);
  const last = tokens.at(-1);
  if (!tokens.some(({ kind }) => kind === 'login-ack') || last?.kind !== 'done' || last.failed)
    throw new ProtocolError('it neither accepts nor refuses the login');
  return { tokens, spid };
}

function findRoute(tokens: LoginToken[]): Route | undefined {
  for (const token of tokens) {
    if (token.kind !== 'environment') continue;
    if (token.type === environmentTypes.routing || token.type === environmentTypes.enhancedRouting)
      return parseRoute(token.type, token.data);
  }
  return undefined;
}

/** The next server has to prove the name that the one before, which was verified, has given it. */
function routed({ address, login }: Place, { server, port, database }: Route): Place {
  const [host = ''] = server.split('\\');
  if (!hostName.test(host))
    throw new LatchkeyError(
      'upstream-protocol',
      `The database server at ${upstreamName(address)} sends the login on to a server without a proper name.`,
      { remedy: "Check host and port of the connection's upstream." },
    );
  const { serverName: _, ...tls } = address.tls;
  const { socketPath: __, ...rest } = address;
  return {
    address: { ...rest, host, port, tls },
    serverName: server,
    login: database === undefined || database === '' ? login : { ...login, database },
  };
}
