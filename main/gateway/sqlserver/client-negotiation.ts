import type { Handshake } from '../handshake.ts';
import { tlsAlert } from '../client-tls.ts';
import { holdsTlsRecord, tlsHandshakeByte } from '../first-message.ts';
import { HungUp, ProtocolError } from '../refused.ts';
import { type ClientTls, acceptTls } from './client-tls.ts';
import { type Login7, maxLogin7, parseLogin7 } from './login7.ts';
import {
  type Message,
  encodeMessage,
  firstPacketSize,
  packetHeaderLength,
  packetTypes,
  readMessage,
} from './packets.ts';
import {
  type Prelogin,
  encodePrelogin,
  encryption,
  encryptionOf,
  maxPrelogin,
  parsePrelogin,
  preloginOptions,
} from './prelogin.ts';

/** A client that has said who it is. */
export interface ClientLogin {
  /** Without its password, where it came in clear although it must not. */
  login: Login7;
  /** It came in clear, and TLS is required: what is left to do is to say so. */
  refused: boolean;
}

/** Whether a client's first bytes hold a whole packet (or record of TLS), or are none that a client begins with. */
export function holdsClientStart(bytes: Buffer): boolean {
  const [type] = bytes;
  if (type === tlsHandshakeByte) return holdsTlsRecord(bytes);
  if (type !== packetTypes.prelogin && type !== packetTypes.login7) return true;
  if (bytes.length < packetHeaderLength) return false;
  const length = bytes.readUInt16BE(2);
  return length > firstPacketSize || bytes.length >= length;
}

/**
 * Reads a client's messages until it logs in. It may begin with TLS (TDS 8.0), with PRELOGIN, or, as old drivers do, with
 * LOGIN7 at once. A client that leaves encryption to the server gets none: it is on this computer.
 *
 * @param tls undefined where TLS is not offered.
 * @param required every client has to encrypt: one that leaves it to the server, or cannot, is told so in PRELOGIN, before
 * it sends its password.
 * @param serverVersion what the answer to PRELOGIN says: 6 bytes.
 * @throws HungUp for bytes of another protocol, or where the client does not want what it is offered; ProtocolError.
 */
export async function readClientLogin(
  handshake: Handshake,
  tls: ClientTls | undefined,
  required: boolean,
  serverVersion: Buffer,
): Promise<ClientLogin> {
  const { socket: first } = handshake.client;
  let start = await readStart(handshake);
  let strict = false;
  if (start[0] === tlsHandshakeByte) {
    if (tls === undefined) {
      handshake.client.socket.write(tlsAlert);
      throw noTls();
    }
    await acceptTls(handshake, tls, 'first', Buffer.concat([start, handshake.reader.release()]));
    strict = true;
    start = await readStart(handshake);
  }
  if (start[0] === packetTypes.login7) return readLogin7(handshake, start, required && !strict);
  if (start[0] !== packetTypes.prelogin) throw otherProtocol(start[0]);

  const { payload } = await readMessage(handshake.reader, maxPrelogin, start);
  const wanted = parsePrelogin(payload);
  const wish = encryptionOf(wanted);
  const demanded = !strict && (wish === encryption.on || wish === encryption.required);
  const demands = required && !strict && !demanded;
  let inside = demanded ? tls : undefined;
  let agreed: number = inside === undefined ? encryption.notSupported : encryption.on;
  if (demands) agreed = encryption.required;
  const answer = encodePrelogin(answerTo(wanted, agreed, serverVersion));
  handshake.client.socket.write(encodeMessage(packetTypes.response, answer));
  try {
    let early: Buffer = Buffer.alloc(0);
    if (required && !strict) {
      // Whatever it was told: what counts is what it does.
      early = await readStart(handshake);
      inside = early[0] === packetTypes.login7 ? undefined : tls;
      if (inside === undefined) return await readLogin7(handshake, early, true);
    }
    if (inside !== undefined)
      await acceptTls(handshake, inside, 'inside', Buffer.concat([early, handshake.reader.release()]));
    return await readLogin7(handshake, await readStart(handshake), false);
  } catch (error) {
    if (!(error instanceof HungUp) || error.problem !== undefined) throw error;
    // Such a client reads no error of ours any more; its own sentence is that the server has no encryption, or wants it.
    if (demanded && tls === undefined) throw noTls();
    if (demands && handshake.client.socket === first) throw noEncryption();
    throw error;
  }
}

async function readStart({ reader }: Handshake): Promise<Buffer> {
  const first = await reader.read(1);
  const known: number[] = [tlsHandshakeByte, packetTypes.prelogin, packetTypes.login7];
  if (!known.includes(first.readUInt8(0))) throw otherProtocol(first[0]);
  return Buffer.concat([first, await reader.read(packetHeaderLength - 1)]);
}

async function readLogin7({ reader }: Handshake, start: Buffer, refused: boolean): Promise<ClientLogin> {
  if (start[0] !== packetTypes.login7) throw new ProtocolError('it does not log in');
  const { payload }: Message = await readMessage(reader, maxLogin7, start);
  return { login: parseLogin7(payload, refused ? 'discard' : 'take'), refused };
}

/**
 * [MS-TDS] 2.2.6.5: several requests at once on one connection (MARS) would need a multiplexer here, so they are declined;
 * and whatever a client knows of Entra ID, here it presents a token as its password.
 */
function answerTo(wanted: Prelogin, agreed: number, serverVersion: Buffer): Prelogin {
  const option = preloginOptions;
  const answer: Prelogin = new Map([
    [option.version, serverVersion],
    [option.encryption, Buffer.from([agreed])],
    [option.instance, Buffer.from([0])],
    [option.threadId, Buffer.alloc(0)],
    [option.mars, Buffer.from([0])],
  ]);
  if (wanted.has(option.fedAuthRequired)) answer.set(option.fedAuthRequired, Buffer.from([0]));
  return answer;
}

function noTls(): HungUp {
  return new HungUp({
    code: 'protocol-unsupported',
    message: 'A SQL client demanded TLS from a SQL Server gateway that has no certificate for it.',
    remedy:
      'Turn encryption off in the client (its connection does not leave this computer), or configure a certificate for the gateway.',
  });
}

function noEncryption(): HungUp {
  return new HungUp({
    code: 'tls-required',
    message:
      'A SQL client that does not encrypt left a SQL Server gateway that takes encrypted connections only.',
    remedy:
      'Turn encryption on in the client, and let it trust the authority of this installation: latchkey certificate install',
  });
}

function otherProtocol(firstByte: number | undefined): HungUp {
  const what = firstByte === packetTypes.oldLogin ? 'a version of TDS before 7.0' : 'another protocol';
  return new HungUp({
    code: 'protocol-unsupported',
    message: `A program spoke ${what} to the port of a SQL Server gateway, and was disconnected.`,
    remedy: 'Find out which program that is; FreeTDS needs "tds version = 7.4".',
  });
}
