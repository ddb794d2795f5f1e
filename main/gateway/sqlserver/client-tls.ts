import { type SecureContext, TLSSocket, createSecureContext } from 'node:tls';
import type { Caller } from '../caller.ts';
import { socketConnection } from '../connection.ts';
import type { ListenerSettings } from '../ports.ts';
import { HungUp } from '../refused.ts';
import { createTlsInTds } from './tls-in-tds.ts';

/** How clients reach this gateway encrypted. */
export interface ClientTls {
  /** TLS inside TDS, after PRELOGIN ([MS-TDS] 3.2.5.2): version 1.2. */
  inside: SecureContext;
  /** TLS before anything else (TDS 8.0, "strict"). */
  first: SecureContext;
}

/** RFC 7301; named in [MS-TDS] 3.1 for TDS 8.0. */
const applicationProtocol = 'tds/8.0';

/** @throws Error where certificate or key are unusable. */
export function createClientTls(settings: ListenerSettings['clientTls']): ClientTls | undefined {
  if (settings === undefined) return undefined;
  const pair = { cert: settings.certificate, key: settings.key, minVersion: 'TLSv1.2' as const };
  return {
    inside: createSecureContext({ ...pair, maxVersion: 'TLSv1.2' }),
    first: createSecureContext(pair),
  };
}

/**
 * Goes on with the client inside TLS.
 * @param early what has been read already and belongs to the handshake.
 * @throws HungUp where the handshake fails; the caller's abort reason.
 */
export async function acceptTls(
  caller: Caller,
  tls: ClientTls,
  way: 'inside' | 'first',
  early: Buffer,
): Promise<void> {
  const { client } = caller;
  const secure = way === 'inside' ? inside(caller, tls.inside, early) : first(caller, tls.first, early);
  // A later error always comes with 'close', which is what the users of the socket watch.
  secure.on('error', ignore);
  await new Promise<void>((resolve, reject) => {
    const finish = (outcome: () => void): void => {
      secure.off('secure', onSecure).off('error', onFailed).off('end', onFailed).off('close', onFailed);
      caller.signal.removeEventListener('abort', onAbort);
      outcome();
    };
    const fail = (reason: unknown): void =>
      finish(() => {
        secure.destroy();
        client.socket.destroySoon();
        reject(reason);
      });
    const onSecure = (): void => finish(resolve);
    const onFailed = (): void => fail(handshakeFailed());
    const onAbort = (): void => fail(caller.signal.reason);
    secure.once('secure', onSecure).once('error', onFailed).once('end', onFailed).once('close', onFailed);
    caller.signal.addEventListener('abort', onAbort);
    if (caller.signal.aborted) onAbort();
  });
  caller.continueOver(socketConnection(secure));
}

/**
 * Over a stream of our own Node's TLS is a socket like any other for what the pipe asks of it (byte counts of the plain
 * text, back-pressure, half-close), but for speed: each record takes a way through JavaScript.
 */
function inside({ client }: Caller, secureContext: SecureContext, early: Buffer): TLSSocket {
  return new TLSSocket(createTlsInTds(client, early), { isServer: true, secureContext });
}

function first({ client }: Caller, secureContext: SecureContext, early: Buffer): TLSSocket {
  // TLS takes what the socket holds, and then reads the connection by itself.
  client.socket.removeAllListeners('data');
  client.socket.unshift(early);
  return new TLSSocket(client.socket, {
    isServer: true,
    secureContext,
    ALPNProtocols: [applicationProtocol],
  });
}

function handshakeFailed(): HungUp {
  return new HungUp({
    code: 'protocol-unsupported',
    message: 'A SQL client broke off the TLS handshake with a SQL Server gateway.',
    remedy:
      'Let the client trust the certificate of this gateway, or turn encryption off in the client: its connection does not leave this computer.',
  });
}

function ignore(): void {}
