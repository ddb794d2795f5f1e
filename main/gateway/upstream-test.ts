import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { assertNever, LatchkeyError } from '../contract/errors.ts';
import type { UpstreamFacts } from '../contract/connection-shapes.ts';
import type { ProtocolName } from '../contract/protocols.ts';
import { upstreamName } from './dial.ts';
import { commands } from './mysql/commands.ts';
import { bareWishes, createUpstream as createMysqlUpstream } from './mysql/upstream.ts';
import { packet } from './mysql/wire.ts';
import type { UpstreamAddress, UpstreamLogin } from './ports.ts';
import { createScramKeyCache } from './postgres/scram-key-cache.ts';
import { leave, parameterStatus } from './postgres/session-attrs.ts';
import { createUpstream as createPostgresUpstream } from './postgres/upstream.ts';
import { connectUpstream as connectPostgres } from './postgres/upstream-connect.ts';
import { headerLength, parseHeader } from './postgres/wire.ts';
import { tds74, type Login7 } from './sqlserver/login7.ts';
import { preloginOptions } from './sqlserver/prelogin.ts';
import { createUpstream as createSqlServerUpstream, trustFor } from './sqlserver/upstream.ts';
import { connectUpstream as connectSqlServer } from './sqlserver/upstream-connect.ts';
import { createTrust } from './trust.ts';
import { peerCertificate } from './upstream-tls.ts';

/** A connection that is open, with what is known of the server by then. */
interface Opened {
  socket: Socket;
  serverVersion?: string | undefined;
  /** Says good-bye as the protocol has it; without a login a server only sees us go. */
  leave?(): void;
}

/** How the server's own list of sessions calls us for the moment. */
const programName = 'Latchkey (test of the connection)';
/** As long as a server may greet in. */
const maxMessage = 256 * 1024;

/**
 * Reaches a database as a login would, up to where the credential would be sent, or with a login all the way in, and goes
 * away again: nothing of it stays.
 * @throws LatchkeyError, Refused: `upstream-…`, with what to do; Error where a configured certificate is none
 */
export async function testUpstream(
  protocol: ProtocolName,
  address: UpstreamAddress,
  login: UpstreamLogin | undefined,
  signal: AbortSignal,
): Promise<UpstreamFacts> {
  const opened =
    login === undefined
      ? await look(protocol, address, signal)
      : await logIn(protocol, address, login, signal);
  try {
    return factsOf(opened, address);
  } finally {
    if (opened.leave === undefined) opened.socket.destroy();
    else opened.leave();
  }
}

/**
 * The server that a failed look was about, although its certificate is not trusted: what it has shown, for the person to
 * judge. Nothing is sent to it.
 */
export async function untrustedFacts(
  protocol: ProtocolName,
  address: UpstreamAddress,
  failure: unknown,
  signal: AbortSignal,
): Promise<UpstreamFacts | undefined> {
  if (!(failure instanceof LatchkeyError) || failure.code !== 'upstream-tls-failed') return undefined;
  const [, seen] = /sha256:([0-9a-f]{64})/.exec(`${failure.message} ${failure.remedy ?? ''}`) ?? [];
  if (seen === undefined) return undefined;
  const { ca: _ca, serverName: _serverName, ...tls } = address.tls;
  const shown = { ...address, tls: { ...tls, fingerprint: seen } };
  return testUpstream(protocol, shown, undefined, signal).catch(() => undefined);
}

function factsOf({ socket, serverVersion }: Opened, address: UpstreamAddress): UpstreamFacts {
  const certificate = socket instanceof TLSSocket ? peerCertificate(socket) : undefined;
  return {
    where: upstreamName(address),
    encrypted: socket instanceof TLSSocket,
    ...(certificate === undefined
      ? {}
      : {
          certificate: {
            subject: certificate.subject.replaceAll('\n', ', '),
            issuer: certificate.issuer.replaceAll('\n', ', '),
            validTo: certificate.validToDate.toISOString(),
            sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
          },
        }),
    ...(serverVersion === undefined ? {} : { serverVersion: serverVersion.slice(0, 200) }),
  };
}

async function look(protocol: ProtocolName, address: UpstreamAddress, signal: AbortSignal): Promise<Opened> {
  switch (protocol) {
    case 'postgresql': {
      const trust = address.tls.mode === 'off' ? undefined : createTrust(address.tls)();
      return { socket: (await connectPostgres(address, trust, signal)).socket };
    }
    case 'mysql': {
      const upstream = createMysqlUpstream(address);
      const socket = await upstream.look(signal);
      return { socket, serverVersion: upstream.knownVersion() };
    }
    case 'sqlserver': {
      const { connection, prelogin } = await connectSqlServer(
        address,
        trustFor(address.tls)?.(),
        false,
        signal,
      );
      return { socket: connection.socket, serverVersion: tdsVersion(prelogin.get(preloginOptions.version)) };
    }
    default:
      return assertNever(protocol);
  }
}

async function logIn(
  protocol: ProtocolName,
  address: UpstreamAddress,
  login: UpstreamLogin,
  signal: AbortSignal,
): Promise<Opened> {
  switch (protocol) {
    case 'postgresql': {
      const upstream = createPostgresUpstream(address, createScramKeyCache());
      const { connection, greeting } = await upstream.logIn(
        login,
        [['application_name', programName]],
        signal,
      );
      const { socket } = connection;
      return { socket, serverVersion: postgresVersion(greeting), leave: () => leave(socket) };
    }
    case 'mysql': {
      const { connection, greeting } = await createMysqlUpstream(address).logIn(login, bareWishes, signal);
      const { socket } = connection;
      const quit = (): void => {
        socket.write(packet(0, Buffer.from([commands.quit])));
        socket.destroySoon();
      };
      return { socket, serverVersion: greeting.version, leave: quit };
    }
    case 'sqlserver': {
      const session = await createSqlServerUpstream(address).logIn(login, bareLogin7(), signal);
      const { socket } = session.connection;
      return { socket, serverVersion: tdsVersion(session.version), leave: () => socket.destroySoon() };
    }
    default:
      return assertNever(protocol);
  }
}

/** `server_version` among the ParameterStatus messages of the greeting. */
function postgresVersion(greeting: Buffer): string | undefined {
  const bodies: Buffer[] = [];
  for (let at = 0; at + headerLength <= greeting.length;) {
    const { type, bodyLength } = parseHeader(greeting.subarray(at, at + headerLength), maxMessage);
    const end = at + headerLength + bodyLength;
    if (type === 'S') bodies.push(greeting.subarray(at + headerLength, end));
    at = end;
  }
  return parameterStatus(bodies).get('server_version');
}

/** [MS-TDS] 2.2.6.5, "VERSION": major and minor in a byte each, the build in two. */
function tdsVersion(version: Buffer | undefined): string | undefined {
  if (version === undefined || version.length < 4) return undefined;
  return `${version.readUInt8(0)}.${version.readUInt8(1)}.${version.readUInt16BE(2)}`;
}

/** A login of our own: [MS-TDS] 2.2.6.4. */
function bareLogin7(): Login7 {
  const head = Buffer.alloc(36);
  head.writeUInt32LE(tds74, 4);
  head.writeUInt32LE(4096, 8);
  return {
    tdsVersion: tds74,
    head,
    hostName: '',
    userName: '',
    password: '',
    appName: programName,
    serverName: '',
    interfaceName: 'Latchkey',
    language: '',
    database: '',
    clientId: Buffer.alloc(6),
    integrated: false,
    attachFile: '',
    changesPassword: false,
    features: undefined,
  };
}
