import type { SecureContext } from 'node:tls';
import { LatchkeyError } from '../../contract/errors.ts';
import { type ByteReader, createByteReader } from '../byte-reader.ts';
import { type Connection, socketConnection } from '../connection.ts';
import { dial, dialForTls, isLoopback, secure, upstreamName } from '../dial.ts';
import { loginStep } from '../login-step.ts';
import type { UpstreamAddress } from '../ports.ts';
import { capabilities, has } from './capabilities.ts';
import { type Greeting, parseGreeting } from './greeting.ts';
import { type SslRequest, encodeSslRequest } from './handshake-response.ts';
import { type PacketChannel, createPacketChannel } from './packet-channel.ts';
import { firstBytes, parseServerError } from './server-packets.ts';
import { asUpstreamError, upstreamRefusal } from './upstream-error.ts';

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
  const trusted = address.socketPath !== undefined || isLoopback(socket.remoteAddress);
  const greeting = await loginStep(socket, reader, address, signal, async () => {
    try {
      const payload = await channel.read();
      if (payload[0] === firstBytes.error)
        throw upstreamRefusal(parseServerError(payload), address, trusted, []);
      return parseGreeting(payload);
    } catch (error) {
      throw asUpstreamError(error, address);
    }
  });
  return { connection, reader, channel, greeting, secured: false, trusted };
}

/**
 * Turns to TLS and verifies chain and name. There is no way from TLS back to plain.
 *
 * @param request the beginning of the login that follows: servers take capabilities and character set from here, and
 * do not read them a second time.
 * @throws LatchkeyError `upstream-tls-failed`; the socket is gone then.
 */
export async function secureUpstream(
  { connection: { socket }, reader, channel, greeting }: GreetedUpstream,
  address: UpstreamAddress,
  request: SslRequest,
  secureContext: SecureContext,
  signal: AbortSignal,
): Promise<GreetedUpstream> {
  if (!has(greeting.capabilities.flags, capabilities.ssl)) {
    socket.destroy();
    throw noTls(address, 'does not offer TLS');
  }
  channel.write(encodeSslRequest(request));
  // Bytes behind the greeting were not protected by the TLS that follows: CVE-2021-23222 was such a case.
  if (reader.release().length > 0) {
    socket.destroy();
    throw noTls(address, 'did not wait for TLS as it should');
  }
  socket.removeAllListeners('data');
  const connection = socketConnection(await secure(socket, address, secureContext, signal));
  const securedReader = createByteReader(connection);
  const end = { socket: connection.socket, reader: securedReader };
  return {
    connection,
    reader: securedReader,
    channel: createPacketChannel(end, channel.nextSequence),
    greeting,
    secured: true,
    trusted: true,
  };
}

function noTls(address: UpstreamAddress, what: string): LatchkeyError {
  return new LatchkeyError(
    'upstream-tls-failed',
    `The database server at ${upstreamName(address)} ${what}.`,
    {
      remedy:
        'No password was sent to it. Ask its administrator to turn TLS on; upstream.tls.mode may be "off" only for a server on this computer.',
    },
  );
}
