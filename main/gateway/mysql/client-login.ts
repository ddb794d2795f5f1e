import { createHash, X509Certificate } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import { checkAskedFor } from '../asked-for.ts';
import type { Handshake } from '../handshake.ts';
import { clientTlsContext, continueInside, layTls } from '../client-tls.ts';
import type { ListenerSettings } from '../ports.ts';
import { HungUp, ProtocolError, tlsRequired } from '../refused.ts';
import { type Capabilities, agreed, both, capabilities, has, offeredToClient } from './capabilities.ts';
import { announcedPlugin, readMysqlProof } from './client-authentication.ts';
import { type Greeting, createScramble, encodeGreeting } from './greeting.ts';
import {
  type HandshakeResponse,
  parseAttributes,
  parseHandshakeResponse,
  parseSslRequest,
  sslRequestLength,
} from './handshake-response.ts';
import { type PacketChannel, maxHandshakePacket } from './packet-channel.ts';
import type { MysqlProof } from './proofs.ts';
import { headerLength } from './wire.ts';

/** A client that has said everything: what it wants, and how it can talk. */
export interface ClientLogin {
  user: string;
  /** As the listener calls it. */
  database: string;
  /** Where the client spelled it otherwise: good only if the server takes both for the same. */
  spelled?: string;
  program: string;
  proof: MysqlProof;
  /** What it and the gateway have agreed upon for the session. */
  session: Capabilities;
  /** The same with the flags of the login itself, which a change of user is written by. */
  flags: number;
  /** It says that it compresses though nobody has offered that. Some clients do so then, others do not. */
  mayCompress: boolean;
  /** For the upstream, as the client sent them. */
  hello: Pick<HandshakeResponse, 'maxPacket' | 'charset' | 'attributes'>;
}

export interface ClientTls {
  context: SecureContext;
  /** SHA-256 of the certificate that clients are shown. */
  fingerprint: Uint8Array;
}

/** @throws Error where certificate or key are unusable. */
export function clientTls(settings: NonNullable<ListenerSettings['clientTls']>): ClientTls {
  const { raw } = new X509Certificate(settings.certificate);
  return { context: clientTlsContext(settings), fingerprint: createHash('sha256').update(raw).digest() };
}

/** The length of a name in MySQL, and more than any client calls itself. */
const maxProgramLength = 64;

/**
 * Greets a client with what the upstream has said of itself, and reads its login.
 *
 * @param server the upstream's greeting; the client gets a thread id and a scramble of our own.
 * @throws HungUp for bytes of another protocol; Refused; ProtocolError.
 */
export async function readClientLogin(
  handshake: Handshake,
  channel: PacketChannel,
  server: Greeting,
  threadId: number,
  settings: ListenerSettings,
  tls: ClientTls | undefined,
): Promise<ClientLogin> {
  const own = { tls: tls !== undefined, localInfile: settings.localInfile === true };
  const offered = offeredToClient(server.capabilities, own);
  const mariadb = !has(server.capabilities.flags, capabilities.longPassword);
  const plugin = announcedPlugin(server.plugin, mariadb);
  const scramble = createScramble();
  channel.write(encodeGreeting({ ...server, threadId, scramble, capabilities: offered, plugin }));

  const payload = await readFirst(handshake, channel);
  const start = parseSslRequest(payload);
  let response = payload;
  let encrypted = false;
  if (payload.length === sslRequestLength && has(start.capabilities.flags, capabilities.ssl)) {
    if (tls === undefined) throw new ProtocolError('it asks for TLS, which was not offered');
    // The request has no answer: what has come behind it is the beginning of the handshake.
    await continueInside(handshake, layTls(handshake, tls.context, handshake.reader.release()), 'MySQL');
    encrypted = true;
    response = await channel.read();
  }
  const hello = parseHandshakeResponse(response, start, offered.flags);
  handshake.started();
  // As MySQL has it, a unix socket counts as safe.
  if (settings.requireTls === true && !encrypted && handshake.peer.transport === 'tcp')
    throw tlsRequired(settings.connection);
  // Where every database may be opened, the server knows which ones there are.
  const isSame = settings.otherDatabases === 'any' ? undefined : isSameFolded;
  const database = checkAskedFor(hello.user, hello.database, settings, isSame);
  const program = programName(parseAttributes(hello.attributes, start.charset));
  const pluginAuth = has(hello.capabilities.flags, capabilities.pluginAuth);
  const proof = await readMysqlProof(channel, hello, { plugin, scramble }, pluginAuth);
  if (mariadb && tls !== undefined && encrypted && proof.kind === 'mysql-native')
    proof.certificate = Uint8Array.from(tls.fingerprint);
  return {
    user: hello.user,
    database,
    ...(hello.database === '' || hello.database === database ? {} : { spelled: hello.database }),
    program,
    proof,
    session: agreed(offered, start.capabilities),
    flags: both(offered.flags, start.capabilities.flags),
    mayCompress: both(start.capabilities.flags, capabilities.compress + capabilities.zstd) !== 0,
    hello,
  };
}

/** "Identifier Case Sensitivity", lower_case_table_names 1 and 2. */
function isSameFolded(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

/** The first packet tells whether it is MySQL at all: a short one with the number 1. */
async function readFirst(handshake: Handshake, channel: PacketChannel): Promise<Buffer> {
  const header = await handshake.reader.read(headerLength);
  handshake.pending.spoke();
  if (header.readUIntLE(0, 3) > maxHandshakePacket || header.readUInt8(3) !== channel.nextSequence)
    throw otherProtocol();
  return channel.readBehind(header);
}

/** Clients of MySQL and MariaDB name the program, others at least themselves. */
function programName(attributes: Map<string, string>): string {
  const name = attributes.get('program_name') ?? attributes.get('_client_name') ?? '';
  return name.slice(0, maxProgramLength);
}

function otherProtocol(): HungUp {
  return new HungUp({
    code: 'protocol-unsupported',
    message: 'A program spoke another protocol to the port of a MySQL gateway, and was disconnected.',
    remedy: 'Find out which program that is.',
  });
}
