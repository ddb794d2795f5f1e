import { type SecureContext, TLSSocket } from 'node:tls';
import type { Handshake } from '../handshake.ts';
import { clientTlsContext, continueInside, layTls } from '../client-tls.ts';
import type { ListenerSettings } from '../ports.ts';
import { applicationProtocol } from './tds8.ts';
import { createTlsInTds } from './tls-in-tds.ts';

/** How clients reach this gateway encrypted. */
export interface ClientTls {
  /** TLS inside TDS, after PRELOGIN ([MS-TDS] 3.2.5.2): version 1.2. */
  inside: SecureContext;
  /** TLS before anything else (TDS 8.0, "strict"). */
  first: SecureContext;
}

/** @throws Error where certificate or key are unusable. */
export function createClientTls(settings: ListenerSettings['clientTls']): ClientTls | undefined {
  if (settings === undefined) return undefined;
  return { inside: clientTlsContext(settings, 'TLSv1.2'), first: clientTlsContext(settings) };
}

/**
 * Goes on with the client inside TLS.
 * @param early what has been read already and belongs to the handshake.
 * @throws HungUp where the handshake fails; its abort reason.
 */
export async function acceptTls(
  handshake: Handshake,
  tls: ClientTls,
  way: 'inside' | 'first',
  early: Buffer,
): Promise<void> {
  const secure =
    way === 'inside'
      ? inside(handshake, tls.inside, early)
      : layTls(handshake, tls.first, early, applicationProtocol);
  await continueInside(handshake, secure, 'SQL Server');
}

/**
 * Over a stream of our own Node's TLS is a socket like any other for what the pipe asks of it (byte counts of the plain
 * text, back-pressure, half-close), but for speed: each record takes a way through JavaScript.
 */
function inside({ client }: Handshake, secureContext: SecureContext, early: Buffer): TLSSocket {
  return new TLSSocket(createTlsInTds(client, early), { isServer: true, secureContext });
}
