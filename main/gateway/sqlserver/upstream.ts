import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { LatchkeyError } from '../../contract/errors.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { Connection } from '../connection.ts';
import { upstreamName } from '../dial.ts';
import { tryHosts } from '../hosts.ts';
import { loginStep } from '../login-step.ts';
import type { TlsSettings, UpstreamAddress, UpstreamLogin } from '../ports.ts';
import { ProtocolError } from '../refused.ts';
import { type Trust, createTrust } from '../trust.ts';
import { brokenProtocol, notEncrypted } from '../upstream-faults.ts';
import { type Login7, encodeLogin7 } from './login7.ts';
import { encodeMessage, firstPacketSize, packetTypes, readMessage } from './packets.ts';
import { preloginOptions } from './prelogin.ts';
import {
  type LoginToken,
  type Route,
  environmentTypes,
  parseDatabase,
  parseLoginResponse,
  parsePacketSize,
  parseRoute,
} from './tokens.ts';
import { connectUpstream } from './upstream-connect.ts';
import { upstreamRefusal } from './upstream-error.ts';
import { upstreamLogin7 } from './upstream-login7.ts';

/** A login that succeeded; the next bytes belong to the first request. */
export interface UpstreamSession {
  connection: Connection;
  reader: ByteReader;
  /** The server's answer to the login, without what sent us elsewhere. */
  tokens: LoginToken[];
  /** Where the server says that the session is; undefined where it does not say. */
  database: string | undefined;
  /** The server's process id for this session. */
  spid: number;
  /** 6 bytes of the server's PRELOGIN: its version. */
  version: Buffer | undefined;
  /** The connection has TLS inside. */
  encrypted: boolean;
  /** What TLS puts into a record of what is written at once: the size of packets that the login has agreed on. */
  recordSize: number;
}

const maxResponse = 256 * 1024;
/** Azure sends a login on once, or twice with a failover in between. */
const maxHops = 5;
/** TLS has no larger record: RFC 5246 section 6.2.1. */
const maxFragment = 16_384;
const hostName = /^[0-9A-Za-z._:-]{1,253}$/;
/** What follows a backslash in a server's name: an instance, or the database's own name at Azure. */
const instanceName = /^[^\\\p{Cc}]{0,128}$/u;

/**
 * The database behind one listener. Opens nothing by itself.
 * @throws Error where the configured authority is no certificate.
 */
export function createUpstream(address: UpstreamAddress) {
  const trust = trustFor(address.tls);
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
      const secureContext = trust?.(login.clientKey);
      if (login.accessToken !== undefined && secureContext === undefined)
        throw notEncrypted(address, 'has TLS turned off, and an access token is only sent inside TLS');
      return tryHosts(address, signal, (at) => follow(at, login, client, secureContext, signal));
    },
  };
}

/** Logs in, and again wherever a server sends the login on to. */
async function follow(
  first: UpstreamAddress,
  login: UpstreamLogin,
  client: Login7,
  secureContext: SecureContext | undefined,
  signal: AbortSignal,
): Promise<UpstreamSession> {
  let place: Place = { address: first, serverName: first.tls.serverName ?? first.host, login };
  for (let hops = 0; hops <= maxHops; hops += 1) {
    const found = await logInAt(place, client, secureContext, signal);
    if (!('route' in found)) return found;
    if (secureContext === undefined)
      throw notEncrypted(place.address, 'sends the login on to another server, without TLS');
    place = routed(place, found.route);
  }
  throw brokenProtocol(place.address, 'SQL Server', new ProtocolError('it sends the login on and on'));
}

/** TLS inside TDS ends at version 1.2: tls-in-tds.ts. */
export function trustFor(tls: TlsSettings): Trust | undefined {
  if (tls.mode === 'off') return undefined;
  return tls.mode === 'strict' ? createTrust(tls) : createTrust(tls, 'TLSv1.2');
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
  return loginStep({ socket, reader, address, protocol: 'SQL Server' }, signal, async () => {
    const encrypted = secureContext !== undefined;
    const { mode } = address.tls;
    const message = encodeLogin7(upstreamLogin7(client, login, serverName, prelogin, mode));
    await sendLogin(socket, encodeMessage(packetTypes.login7, message));
    message.fill(0);
    const { tokens, spid, route } = await readAnswer(reader, address, login, client.tdsVersion);
    if (route !== undefined) {
      socket.destroy();
      return { route };
    }
    const recordSize = limitRecords(socket, packetSize(tokens));
    const version = prelogin.get(preloginOptions.version);
    const database = databaseTold(tokens);
    return { connection, reader, tokens, spid, version, database, encrypted, recordSize };
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
function limitRecords(socket: Socket, packetLength: number): number {
  const size = Math.min(packetLength, maxFragment);
  if (!(socket instanceof TLSSocket)) return size;
  socket.setMaxSendFragment(size);
  // Without it each write is a record of its own, also of those that had to wait: they would be put together.
  (socket as { _writev?: unknown })._writev = undefined;
  return size;
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

/** The last one counts: a server says first where the login's default is, and then where it was asked to be. */
function databaseTold(tokens: LoginToken[]): string | undefined {
  let database: string | undefined;
  for (const token of tokens) {
    if (token.kind === 'environment' && token.type === environmentTypes.database)
      database = parseDatabase(token.data);
  }
  return database === '' ? undefined : database;
}

/** The whole answer before anything is done with it: nothing of it reaches the client if it ends badly. */
async function readAnswer(
  reader: ByteReader,
  address: UpstreamAddress,
  login: UpstreamLogin,
  tdsVersion: number,
): Promise<{ tokens: LoginToken[]; spid: number; route: Route | undefined }> {
  const { type, payload, spid } = await readMessage(reader, maxResponse);
  if (type !== packetTypes.response) throw new ProtocolError('it does not answer the login');
  const tokens = parseLoginResponse(payload, tdsVersion);
  const error = tokens.find((token) => token.kind === 'error');
  if (error !== undefined) throw upstreamRefusal(error, address, login);
  // Whoever sends the login on does not need to have accepted it.
  const route = findRoute(tokens);
  if (route !== undefined) return { tokens, spid, route };
  const last = tokens.at(-1);
  if (!tokens.some(({ kind }) => kind === 'login-ack') || last?.kind !== 'done' || last.failed)
    throw new ProtocolError('it neither accepts nor refuses the login');
  return { tokens, spid, route };
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
  const [host = '', instance = '', ...more] = server.split('\\');
  if (!hostName.test(host) || !instanceName.test(instance) || more.length > 0)
    throw new LatchkeyError(
      'upstream-protocol',
      `The database server at ${upstreamName(address)} sends the login on to a server without a proper name.`,
      { remedy: "Check host and port of the connection's upstream." },
    );
  const { serverName: _, fingerprint: _pin, ...tls } = address.tls;
  const { socketPath: __, address: ___, instance: ____, alternatives: _____, ...rest } = address;
  return {
    address: { ...rest, host, port, tls },
    serverName: server,
    login: database === undefined || database === '' ? login : { ...login, database },
  };
}
