import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { LatchkeyError } from '../../contract/errors.ts';
import { type ByteReader, createByteReader } from '../byte-reader.ts';
import { type Connection, socketConnection } from '../connection.ts';
import { dial, dialForTls, isLoopback, secure, upstreamName } from '../dial.ts';
import { loginStep } from '../login-step.ts';
import type { UpstreamAddress } from '../ports.ts';
import { ProtocolError } from '../refused.ts';
import { encodeMessage, packetTypes, readMessage } from './packets.ts';
import {
  type Prelogin,
  encodePrelogin,
  encryption,
  encryptionOf,
  maxPrelogin,
  parsePrelogin,
  preloginOptions,
} from './prelogin.ts';
import { createTlsInTds } from './tls-in-tds.ts';
import { brokenProtocol, notEncrypted } from './upstream-error.ts';

/** A connection on which LOGIN7 may be sent: it is known who the other side is, by verified TLS or as it is on this computer. */
export interface ReadyUpstream {
  connection: Connection;
  reader: ByteReader;
  /** What the server said to our PRELOGIN. */
  prelogin: Prelogin;
}

/**
 * Opens a connection and agrees on encryption: [MS-TDS] 2.2.6.5 and 3.2.5.1. It is all or nothing: the kind of
 * encryption that covers the login only is never accepted.
 *
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
  if (secureContext === undefined) return connectPlain(address, signal);
  const socket = await dialForTls(address, signal);
  const plain = socketConnection(socket);
  const reader = createByteReader(plain);
  const prelogin = await loginStep(socket, reader, address, signal, async () => {
    const answer = await exchange(socket, reader, address, encryption.on, byToken);
    const offered = encryptionOf(answer);
    if (offered !== encryption.on && offered !== encryption.required)
      throw notEncrypted(address, 'does not offer TLS');
    return answer;
  });
  const stream = createTlsInTds(plain, reader.release());
  // Only a stream is asked of it.
  const tls = await secure(stream, address, secureContext, signal);
  const connection = socketConnection(tls);
  return { connection, reader: createByteReader(connection), prelogin };
}

async function connectPlain(address: UpstreamAddress, signal: AbortSignal): Promise<ReadyUpstream> {
  const connection = await dial(address, signal);
  const { socket } = connection;
  const reader = createByteReader(connection);
  const prelogin = await loginStep(socket, reader, address, signal, async () => {
    if (address.socketPath === undefined && !isLoopback(socket.remoteAddress))
      throw notEncrypted(address, 'is on another computer, and TLS is off for it');
    const answer = await exchange(socket, reader, address, encryption.notSupported, false);
    const offered = encryptionOf(answer);
    if (offered === encryption.on || offered === encryption.required) throw demandsTls(address);
    return answer;
  });
  return { connection, reader, prelogin };
}

async function exchange(
  socket: Socket,
  reader: ByteReader,
  address: UpstreamAddress,
  wish: number,
  byToken: boolean,
): Promise<Prelogin> {
  const option = preloginOptions;
  const options: Prelogin = new Map([
    [option.version, Buffer.alloc(6)],
    [option.encryption, Buffer.from([wish])],
    [option.instance, Buffer.from([0])],
    [option.threadId, Buffer.alloc(4)],
    [option.mars, Buffer.from([0])],
  ]);
  if (byToken) options.set(option.fedAuthRequired, Buffer.from([1]));
  socket.write(encodeMessage(packetTypes.prelogin, encodePrelogin(options)));
  try {
    const { type, payload } = await readMessage(reader, maxPrelogin);
    if (type !== packetTypes.response) throw new ProtocolError('it does not answer PRELOGIN');
    // They would be taken for the answer to a login that has not been sent, or for a part of the TLS handshake.
    if (reader.buffered > 0) throw new ProtocolError('it speaks before it is asked');
    return parsePrelogin(payload);
  } catch (error) {
    throw error instanceof ProtocolError ? brokenProtocol(address, error) : error;
  }
}

function demandsTls(address: UpstreamAddress): LatchkeyError {
  return new LatchkeyError(
    'upstream-tls-failed',
    `The database server at ${upstreamName(address)} demands TLS, which is turned off for it.`,
    { remedy: 'Set upstream.tls.mode to "verify", and upstream.tls.caFile to its authority\'s certificate.' },
  );
}
