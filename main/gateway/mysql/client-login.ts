import type { SecureContext } from 'node:tls';
import { checkAskedFor } from '../asked-for.ts';
import type { Caller } from '../caller.ts';
import type { ListenerSettings } from '../ports.ts';
import { HungUp, ProtocolError } from '../refused.ts';
import { type Capabilities, agreed, capabilities, has, offeredToClient } from './capabilities.ts';
import { announcedPlugin, readMysqlProof } from './client-authentication.ts';
import { continueOverTls } from './client-tls.ts';
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
  program: string;
  proof: MysqlProof;
  /** What it and the gateway have agreed upon for the session. */
  session: Capabilities;
  /** For the upstream, as the client sent them. */
  hello: Pick<HandshakeResponse, 'maxPacket' | 'charset' | 'attributes'>;
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
  caller: Caller,
  channel: PacketChannel,
  server: Greeting,
  threadId: number,
  settings: ListenerSettings,
  tls: SecureContext | undefined,
): Promise<ClientLogin> {
  const own = { tls: tls !== undefined, localInfile: settings.localInfile === true };
  const offered = offeredToClient(server.capabilities, own);
  const mariadb = !has(server.capabilities.flags, capabilities.longPassword);
  const plugin = announcedPlugin(server.plugin, mariadb);
  const scramble = createScramble();
  channel.write(encodeGreeting({ ...server, threadId, scramble, capabilities: offered, plugin }));

  const payload = await readFirst(caller, channel);
  const start = parseSslRequest(payload);
  let response = payload;
  if (payload.length === sslRequestLength && has(start.capabilities.flags, capabilities.ssl)) {
    if (tls === undefined) throw new ProtocolError('it asks for TLS, which was not offered');
    continueOverTls(caller, tls);
    response = await channel.read();
  }
  const hello = parseHandshakeResponse(response, start, offered.flags);
  caller.started();
  checkAskedFor(hello.user, hello.database, settings);
  const program = programName(parseAttributes(hello.attributes));
  const pluginAuth = has(hello.capabilities.flags, capabilities.pluginAuth);
  const proof = await readMysqlProof(channel, hello, { plugin, scramble }, pluginAuth);
  return { user: hello.user, program, proof, session: agreed(offered, start.capabilities), hello };
}

/** The first packet tells whether it is MySQL at all: a short one with the number 1. */
async function readFirst(caller: Caller, channel: PacketChannel): Promise<Buffer> {
  const header = await caller.reader.read(headerLength);
  caller.visit.spoke();
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
