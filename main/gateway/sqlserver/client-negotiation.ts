import type { Caller } from '../caller.ts';
import { HungUp, ProtocolError } from '../refused.ts';
import { type ClientTls, acceptTls } from './client-tls.ts';
import { type Login7, maxLogin7, parseLogin7 } from './login7.ts';
import { type Message, encodeMessage, packetHeaderLength, packetTypes, readMessage } from './packets.ts';
import {
  type Prelogin,
  encodePrelogin,
  encryption,
  encryptionOf,
  maxPrelogin,
  parsePrelogin,
  preloginOptions,
} from './prelogin.ts';

/** TLS record: alert, version 1.2, two bytes, fatal, handshake_failure (RFC 5246 sections 6.2.1 and 7.2). */
const tlsAlert = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28]);
const tlsHandshakeByte = 0x16;

/**
 * Reads a client's messages until it logs in. It may begin with TLS (TDS 8.0), with PRELOGIN, or, as old drivers do, with
 * LOGIN7 at once. A client that leaves encryption to the server gets none: it is on this computer.
 *
 * @param tls undefined where TLS is not offered.
 * @param serverVersion what the answer to PRELOGIN says: 6 bytes.
 * @throws HungUp for bytes of another protocol, or where the client does not want what it is offered; ProtocolError.
 */
export async function readClientLogin(
  caller: Caller,
  tls: ClientTls | undefined,
  serverVersion: Buffer,
): Promise<Login7> {
  let start = await readStart(caller);
  let strict = false;
  if (start[0] === tlsHandshakeByte) {
    if (tls === undefined) {
      caller.client.socket.write(tlsAlert);
      throw noTls();
    }
    await acceptTls(caller, tls, 'first', Buffer.concat([start, caller.reader.release()]));
    strict = true;
    start = await readStart(caller);
  }
  if (start[0] === packetTypes.login7) return readLogin7(caller, start);
  if (start[0] !== packetTypes.prelogin) throw otherProtocol(start[0]);

  const { payload } = await readMessage(caller.reader, maxPrelogin, start);
  const wanted = parsePrelogin(payload);
  const wish = encryptionOf(wanted);
  const demanded = !strict && (wish === encryption.on || wish === encryption.required);
  const encrypted = demanded && tls !== undefined;
  const answer = encodePrelogin(answerTo(wanted, encrypted, serverVersion));
  caller.client.socket.write(encodeMessage(packetTypes.response, answer));
  if (encrypted) await acceptTls(caller, tls, 'inside', caller.reader.release());
  try {
    return await readLogin7(caller, await readStart(caller));
  } catch (error) {
    // Such a client reads no error of ours any more; its own sentence is that the server has no encryption.
    if (demanded && !encrypted && error instanceof HungUp && error.problem === undefined) throw noTls();
    throw error;
  }
}

async function readStart({ reader }: Caller): Promise<Buffer> {
  const first = await reader.read(1);
  const known: number[] = [tlsHandshakeByte, packetTypes.prelogin, packetTypes.login7];
  if (!known.includes(first.readUInt8(0))) throw otherProtocol(first[0]);
  return Buffer.concat([first, await reader.read(packetHeaderLength - 1)]);
}

async function readLogin7({ reader }: Caller, start: Buffer): Promise<Login7> {
  if (start[0] !== packetTypes.login7) throw new ProtocolError('it does not log in');
  const { payload }: Message = await readMessage(reader, maxLogin7, start);
  return parseLogin7(payload);
}

/**
 * [MS-TDS] 2.2.6.5: several requests at once on one connection (MARS) would need a multiplexer here, so they are declined;
 * and whatever a client knows of Entra ID, here it presents a token as its password.
 */
function answerTo(wanted: Prelogin, encrypted: boolean, serverVersion: Buffer): Prelogin {
  const option = preloginOptions;
  const answer: Prelogin = new Map([
    [option.version, serverVersion],
    [option.encryption, Buffer.from([encrypted ? encryption.on : encryption.notSupported])],
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

function otherProtocol(firstByte: number | undefined): HungUp {
  const what = firstByte === packetTypes.oldLogin ? 'a version of TDS before 7.0' : 'another protocol';
  return new HungUp({
    code: 'protocol-unsupported',
    message: `A program spoke ${what} to the port of a SQL Server gateway, and was disconnected.`,
    remedy: 'Find out which program that is; FreeTDS needs "tds version = 7.4".',
  });
}
