import type { SecureContext } from 'node:tls';
import { LatchkeyError } from '../../contract/errors.ts';
import { type ByteReader, createByteReader } from '../byte-reader.ts';
import { type Connection, socketConnection } from '../connection.ts';
import { dial, dialForTls, upstreamName } from '../dial.ts';
import { isLoopback } from '../../base/loopback.ts';
import { type LoginPlace, loginStep } from '../login-step.ts';
import type { UpstreamAddress } from '../ports.ts';
import { notEncrypted } from '../upstream-faults.ts';
import { secure } from '../upstream-tls.ts';
import { ProtocolError } from '../refused.ts';
import { findInstancePort } from './browser.ts';
import { encodeMessage, packetHeaderLength, packetTypes, readMessage } from './packets.ts';
import {
  type Prelogin,
  encodePrelogin,
  encryption,
  encryptionOf,
  maxPrelogin,
  parsePrelogin,
  preloginOptions,
} from './prelogin.ts';
import { applicationProtocol } from './tds8.ts';
import { createTlsInTds } from './tls-in-tds.ts';
import { demandsStrict, maybeStrict, notStrict, otherInstance } from './upstream-error.ts';

/** A connection on which LOGIN7 may be sent: it is known who the other side is, by verified TLS or as it is on this computer. */
export interface ReadyUpstream {
  connection: Connection;
  reader: ByteReader;
  /** What the server said to our PRELOGIN. */
  prelogin: Prelogin;
}

/** Content type of a TLS record: RFC 5246 section 6.2.1. A server that begins with TLS says so to PRELOGIN. */
const tlsAlert = 0x15;

/**
 * Opens a connection and agrees on encryption: [MS-TDS] 2.2.6.5 and 3.2.5.1. It is all or nothing: the kind of
 * encryption that covers the login only is never accepted. With `strict` there is nothing to agree on.
 *
 * @param address of a named instance it is found out first which port it has.
 * @param secureContext what to verify against; undefined for no TLS.
 * @param byToken the login will be by an access token.
 * @throws LatchkeyError `upstream-unreachable`, `upstream-tls-failed`, `upstream-protocol`; the signal's reason where it
 * aborts first. The socket is gone then.
 */
export async function connectUpstream(
  address: UpstreamAddress,
  secureContext: SecureContext | undefined,
  byToken: boolean,
  signal: AbortSignal,
): Promise<ReadyUpstream> {
  const at = await located(address, signal);
  return connectAt(at, secureContext, byToken, signal);
}

/** A named instance may have another port after each start. */
async function located(address: UpstreamAddress, signal: AbortSignal): Promise<UpstreamAddress> {
  const { host, instance, connectTimeoutMs } = address;
  if (instance === undefined) return address;
  return { ...address, port: await findInstancePort(host, instance, connectTimeoutMs, signal) };
}

async function connectAt(
  address: UpstreamAddress,
  secureContext: SecureContext | undefined,
  byToken: boolean,
  signal: AbortSignal,
): Promise<ReadyUpstream> {
  if (secureContext === undefined) return connectPlain(address, signal);
  if (address.tls.mode === 'strict') return connectStrict(address, secureContext, byToken, signal);
  const socket = await dialForTls(address, signal);
  const plain = socketConnection(socket);
  const reader = createByteReader(plain);
  const place = { socket, reader, address, protocol: 'SQL Server', remedy: maybeStrict };
  const prelogin = await loginStep(place, signal, async () => {
    const answer = await exchange(place, encryption.on, byToken);
    const offered = encryptionOf(answer);
    if (offered !== encryption.on && offered !== encryption.required)
      throw notEncrypted(address, 'does not offer TLS');
    return answer;
  });
  const stream = createTlsInTds(plain, reader.release());
  // Only a stream is asked of it.
  const tls = await secure(stream, address, secureContext, signal);
  const connection = socketConnection(tls, socket);
  return { connection, reader: createByteReader(connection), prelogin };
}

/** TDS 8.0 ([MS-TDS] 3.2.5.1): TLS around everything, and what PRELOGIN says of encryption counts no more. */
async function connectStrict(
  address: UpstreamAddress,
  secureContext: SecureContext,
  byToken: boolean,
  signal: AbortSignal,
): Promise<ReadyUpstream> {
  const plain = await dialForTls(address, signal);
  const tls = await secure(plain, address, secureContext, signal, applicationProtocol).catch((error) => {
    throw error instanceof LatchkeyError && isNoStrictServer(error.cause) ? notStrict(error) : error;
  });
  const connection = socketConnection(tls, plain);
  const reader = createByteReader(connection);
  const place = { socket: tls, reader, address, protocol: 'SQL Server' };
  const prelogin = await loginStep(place, signal, () => exchange(place, encryption.notSupported, byToken));
  return { connection, reader, prelogin };
}

/** As servers answer a handshake that they do not expect; all else is about the certificate. */
function isNoStrictServer(cause: unknown): boolean {
  if (cause === 'closed' || cause === 'timeout') return true;
  const { code = '' } = cause as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'EPROTO' || code.startsWith('ERR_SSL_');
}

async function connectPlain(address: UpstreamAddress, signal: AbortSignal): Promise<ReadyUpstream> {
  const connection = await dial(address, signal);
  const { socket } = connection;
  const reader = createByteReader(connection);
  const place = { socket, reader, address, protocol: 'SQL Server' };
  const prelogin = await loginStep(place, signal, async () => {
    if (address.socketPath === undefined && !isLoopback(socket.remoteAddress))
      throw notEncrypted(address, 'is on another computer, and TLS is off for it');
    const answer = await exchange(place, encryption.notSupported, false);
    const offered = encryptionOf(answer);
    if (offered === encryption.on || offered === encryption.required) throw demandsTls(address);
    return answer;
  });
  return { connection, reader, prelogin };
}

async function exchange(
  { socket, reader, address }: LoginPlace,
  wish: number,
  byToken: boolean,
): Promise<Prelogin> {
  const option = preloginOptions;
  const options: Prelogin = new Map([
    [option.version, Buffer.alloc(6)],
    [option.encryption, Buffer.from([wish])],
    [option.instance, Buffer.from(`${address.instance ?? ''}\0`, 'latin1')],
    [option.threadId, Buffer.alloc(4)],
    [option.mars, Buffer.from([0])],
  ]);
  if (byToken) options.set(option.fedAuthRequired, Buffer.from([1]));
  socket.write(encodeMessage(packetTypes.prelogin, encodePrelogin(options)));
  const first = await reader.read(1);
  if (first[0] === tlsAlert) throw demandsStrict(address);
  const start = Buffer.concat([first, await reader.read(packetHeaderLength - 1)]);
  const { type, payload } = await readMessage(reader, maxPrelogin, start);
  if (type !== packetTypes.response) throw new ProtocolError('it does not answer PRELOGIN');
  // They would be taken for the answer to a login that has not been sent, or for a part of the TLS handshake.
  if (reader.buffered > 0) throw new ProtocolError('it speaks before it is asked');
  const answer = parsePrelogin(payload);
  // 2.2.6.5, INSTOPT: the server says that it is another one.
  if (address.instance !== undefined && answer.get(option.instance)?.[0] === 1)
    throw otherInstance(address, address.instance);
  return answer;
}

function demandsTls(address: UpstreamAddress): LatchkeyError {
  return new LatchkeyError(
    'upstream-tls-failed',
    `The database server at ${upstreamName(address)} demands TLS, which is turned off for it.`,
    { remedy: 'Set upstream.tls.mode to "verify", and upstream.tls.caFile to its authority\'s certificate.' },
  );
}
