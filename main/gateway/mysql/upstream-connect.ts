import type { SecureContext } from 'node:tls';
import { type ByteReader, createByteReader } from '../byte-reader.ts';
import { type Connection, socketConnection } from '../connection.ts';
import { dial, dialForTls } from '../dial.ts';
import { isLoopback } from '../../base/loopback.ts';
import { loginStep } from '../login-step.ts';
import type { UpstreamAddress } from '../ports.ts';
import { notEncrypted } from '../upstream-faults.ts';
import { encrypt, fingerprintOf, secure } from '../upstream-tls.ts';
import { capabilities, has } from './capabilities.ts';
import type { ShownCertificate } from './certificate-proof.ts';
import { type Greeting, parseGreeting } from './greeting.ts';
import { type SslRequest, encodeSslRequest } from './handshake-response.ts';
import { type PacketChannel, createPacketChannel } from './packet-channel.ts';
import { firstBytes, parseServerError } from './server-packets.ts';
import { upstreamRefusal } from './upstream-error.ts';

/** An upstream that has greeted, and waits for the login. */
export interface GreetedUpstream {
  connection: Connection;
  reader: ByteReader;
  channel: PacketChannel;
  greeting: Greeting;
  /** TLS, verified. */
  secured: boolean;
  /** Whether it is known who the other side is: verified TLS, or this computer. */
  trusted: boolean;
  /** Nobody knows yet whose it is: the end of the login has to prove it. */
  unproven?: ShownCertificate;
}

/**
 * Dials and reads the greeting; no credential is needed for that, and none is sent.
 * @throws Refused, LatchkeyError `upstream-unreachable`, `upstream-protocol`; the signal's reason where it aborts first.
 */
export async function greetUpstream(
  address: UpstreamAddress,
  tls: boolean,
  signal: AbortSignal,
): Promise<GreetedUpstream> {
  const connection = tls ? socketConnection(await dialForTls(address, signal)) : await dial(address, signal);
  const { socket } = connection;
  const reader = createByteReader(connection);
  const channel = createPacketChannel({ socket, reader });
  // Before TLS anybody may be speaking, also through a tunnel of this computer.
  const trusted = !tls && (address.socketPath !== undefined || isLoopback(socket.remoteAddress));
  const greeting = await loginStep({ socket, reader, address, protocol: 'MySQL' }, signal, async () => {
    const payload = await channel.read();
    if (payload[0] === firstBytes.error)
      throw upstreamRefusal(parseServerError(payload), address, trusted, []);
    return parseGreeting(payload);
  });
  return { connection, reader, channel, greeting, secured: false, trusted };
}

/**
 * Turns to TLS and verifies chain and name, or leaves it to the login to prove the certificate. There is no way from TLS
 * back to plain.
 *
 * @param request the beginning of the login that follows: servers take capabilities and character set from here, and
 * do not read them a second time.
 * @throws LatchkeyError `upstream-tls-failed`; the socket is gone then.
 */
export async function secureUpstream(
  { connection: plain, reader, channel, greeting }: GreetedUpstream,
  address: UpstreamAddress,
  request: SslRequest,
  secureContext: SecureContext,
  signal: AbortSignal,
): Promise<GreetedUpstream> {
  const { socket } = plain;
  if (!has(greeting.capabilities.flags, capabilities.ssl)) {
    socket.destroy();
    throw notEncrypted(address, 'does not offer TLS');
  }
  channel.write(encodeSslRequest(request));
  // Bytes behind the greeting were not protected by the TLS that follows: CVE-2021-23222 was such a case.
  if (reader.release().length > 0) {
    socket.destroy();
    throw notEncrypted(address, 'did not wait for TLS as it should');
  }
  socket.removeAllListeners('data');
  const byPassword = address.tls.mode === 'by-password';
  const tls = await (byPassword ? encrypt : secure)(socket, address, secureContext, signal);
  const connection = socketConnection(tls, plain.raw);
  const securedReader = createByteReader(connection);
  const end = { socket: connection.socket, reader: securedReader };
  return {
    connection,
    reader: securedReader,
    channel: createPacketChannel(end, channel.nextSequence),
    greeting,
    secured: !byPassword,
    trusted: !byPassword,
    ...(byPassword && {
      unproven: { digest: Buffer.from(fingerprintOf(tls), 'hex'), scramble: greeting.scramble },
    }),
  };
}
