import { type SecureContext, type SecureVersion, TLSSocket, createSecureContext } from 'node:tls';
import type { Handshake } from './handshake.ts';
import { socketConnection } from './connection.ts';
import type { ListenerSettings } from './ports.ts';
import { HungUp } from './refused.ts';

/**
 * For a client that begins with TLS where it is not offered. A TLS record: alert, version 1.2, two bytes, fatal,
 * handshake_failure (RFC 5246 sections 6.2.1 and 7.2).
 */
export const tlsAlert = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28]);

/**
 * TLS towards clients, with the certificate that this installation's own authority has signed: what the protocols have in
 * common once it is agreed upon.
 *
 * @param maxVersion for protocols that cannot carry a newer one.
 * @throws Error where certificate or key are unusable.
 */
export function clientTlsContext(
  { certificate, key }: NonNullable<ListenerSettings['clientTls']>,
  maxVersion?: SecureVersion,
): SecureContext {
  return createSecureContext({
    cert: certificate,
    key,
    minVersion: 'TLSv1.2',
    ...(maxVersion === undefined ? {} : { maxVersion }),
  });
}

/**
 * What a protocol makes of the certificate for clients, made anew once the settings hold another one; connections that
 * stand keep theirs.
 * @throws Error where certificate or key are unusable.
 */
export function fromCertificate<T>(
  settings: Pick<ListenerSettings, 'clientTls'>,
  make: (pair: NonNullable<ListenerSettings['clientTls']>) => T,
): () => T | undefined {
  let pair = settings.clientTls;
  let made = pair && make(pair);
  return () => {
    if (pair === settings.clientTls) return made;
    pair = settings.clientTls;
    made = pair && make(pair);
    return made;
  };
}

/**
 * Lays TLS over the client's own socket, which the system's buffers then feed without a way through JavaScript. What has
 * been read already is given to TLS and read by nobody else, so that text put in by a third party breaks the handshake,
 * and is never taken for what the client says (CVE-2021-23214 was such a case).
 *
 * @param early what has been read already and belongs to TLS; `handshake.reader` must have been released.
 * @param applicationProtocol the one that a client may name (ALPN, RFC 7301); a client that names others only is refused.
 */
export function layTls(
  { client }: Handshake,
  secureContext: SecureContext,
  early: Buffer,
  applicationProtocol?: string,
): TLSSocket {
  const { socket } = client;
  socket.removeAllListeners('data');
  if (early.length > 0) socket.unshift(early);
  return new TLSSocket(socket, {
    isServer: true,
    secureContext,
    ...(applicationProtocol === undefined ? {} : { ALPNProtocols: [applicationProtocol] }),
  });
}

/**
 * Waits for the handshake, and goes on with the client inside TLS.
 * @param server what clients of this protocol call it, for sentences.
 * @throws HungUp where the handshake fails; its abort reason.
 */
export async function continueInside(handshake: Handshake, secure: TLSSocket, server: string): Promise<void> {
  const { client } = handshake;
  // A later error always comes with 'close', which is what the users of the socket watch.
  secure.on('error', ignore);
  await new Promise<void>((resolve, reject) => {
    const finish = (outcome: () => void): void => {
      secure.off('secure', onSecure).off('error', onFailed).off('end', onFailed).off('close', onFailed);
      handshake.signal.removeEventListener('abort', onAbort);
      outcome();
    };
    const fail = (reason: unknown): void =>
      finish(() => {
        secure.destroy();
        client.socket.destroySoon();
        reject(reason);
      });
    const onSecure = (): void => finish(resolve);
    const onFailed = (): void => fail(handshakeFailed(server));
    // That the socket below is gone may be known before TLS says why.
    const onAbort = (): void => {
      const { reason } = handshake.signal as { reason: unknown };
      fail(reason instanceof HungUp ? handshakeFailed(server) : reason);
    };
    secure.once('secure', onSecure).once('error', onFailed).once('end', onFailed).once('close', onFailed);
    handshake.signal.addEventListener('abort', onAbort);
    if (handshake.signal.aborted) onAbort();
  });
  handshake.continueOver(socketConnection(secure, client.raw));
}

function handshakeFailed(server: string): HungUp {
  return new HungUp({
    code: 'protocol-unsupported',
    message: `A SQL client broke off the TLS handshake with a ${server} gateway.`,
    remedy:
      'Let the client trust the certificate of this gateway (latchkey certificate), or turn encryption off in the client: its connection does not leave this computer.',
  });
}

function ignore(): void {}
