import { type SecureContext, TLSSocket, createSecureContext } from 'node:tls';
import type { Caller } from '../caller.ts';
import { socketConnection } from '../connection.ts';
import type { ListenerSettings } from '../ports.ts';

/** @throws Error where the settings' certificate or key is unusable. */
export function clientTlsContext({ clientTls }: ListenerSettings): SecureContext | undefined {
  return (
    clientTls &&
    createSecureContext({ cert: clientTls.certificate, key: clientTls.key, minVersion: 'TLSv1.2' })
  );
}

/**
 * Turns to TLS after a client's request for it, which has no answer: what has come behind the request is the beginning
 * of the handshake. It is given to TLS and read by nobody else, so that text put in by a third party breaks the
 * handshake, and is never taken for what the client says (CVE-2021-23214 was such a case).
 *
 * A handshake that fails closes the connection, and with it the caller.
 */
export function continueOverTls(caller: Caller, secureContext: SecureContext): void {
  const { socket } = caller.client;
  const early = caller.reader.release();
  socket.removeAllListeners('data');
  if (early.length > 0) socket.unshift(early);
  const tls = new TLSSocket(socket, { isServer: true, secureContext });
  // A later error always comes with 'close', which is what the users of the socket watch.
  tls.on('error', ignore);
  caller.continueOver(socketConnection(tls));
}

function ignore(): void {}
