import { X509Certificate } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type PeerCertificate, type SecureContext, type TLSSocket, connect as connectTls } from 'node:tls';
import { domainToASCII } from 'node:url';
import { LatchkeyError } from '../contract/errors.ts';
import { upstreamName } from './dial.ts';
import type { UpstreamAddress } from './ports.ts';
import { tlsFault } from './tls-faults.ts';

/**
 * Lays TLS over the socket and verifies the server: by chain, name and dates of its certificate, or by the certificate's
 * fingerprint where one is configured.
 * @param applicationProtocol for ALPN (RFC 7301), where the protocol has a name there.
 * @throws LatchkeyError `upstream-tls-failed`; the socket is gone then.
 */
export async function secure(
  socket: Duplex,
  address: UpstreamAddress,
  secureContext: SecureContext,
  signal: AbortSignal,
  applicationProtocol?: string,
): Promise<TLSSocket> {
  const tls = await encrypt(socket, address, secureContext, signal, applicationProtocol);
  const failure = distrust(tls, address, nameInTls(address.tls.serverName ?? address.host));
  if (failure === undefined) return tls;
  tls.destroy();
  throw failure;
}

/**
 * Lays TLS over the socket and verifies nothing: whoever calls this has another way to find out who the server is.
 * Otherwise as {@link secure}.
 */
export async function encrypt(
  socket: Duplex,
  address: UpstreamAddress,
  secureContext: SecureContext,
  signal: AbortSignal,
  applicationProtocol?: string,
): Promise<TLSSocket> {
  const name = nameInTls(address.tls.serverName ?? address.host);
  const tls = connectTls({
    socket,
    host: name,
    // RFC 6066 section 3: an address is no server name.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    secureContext,
    ...(applicationProtocol === undefined ? {} : { ALPNProtocols: [applicationProtocol] }),
    // Node would close a connection that does not verify before it can be told whose certificate it was: `distrust` judges.
    rejectUnauthorized: false,
  });
  await settled(tls, 'secureConnect', address.connectTimeoutMs, signal, (fault) =>
    handshakeFailed(address, fault),
  );
  return tls;
}

/** Why this is not known to be the server; undefined where it is. */
function distrust(tls: TLSSocket, address: UpstreamAddress, name: string): LatchkeyError | undefined {
  const { fingerprint } = address.tls;
  const seen = fingerprintOf(tls);
  if (fingerprint === undefined)
    return tls.authorized
      ? undefined
      : notVerified(address, name, hasShortKey(tls) ? shortKey : tls.authorizationError, seen);
  return seen === fingerprint ? undefined : otherCertificate(address, seen);
}

/** OpenSSL has a number for it, and Node no name (it says UNSPECIFIED). */
const shortKey = 'EE_KEY_TOO_SMALL';
const leastRsaBits = 2048;

function hasShortKey(tls: TLSSocket): boolean {
  const bits = peerCertificate(tls)?.publicKey.asymmetricKeyDetails?.modulusLength ?? leastRsaBits;
  const why = tls.authorizationError as Error | string | undefined;
  return (
    String(why instanceof Error ? (why as NodeJS.ErrnoException).code : why) === 'UNSPECIFIED' &&
    bits < leastRsaBits
  );
}

/** As often as it is asked for: `getPeerX509Certificate` takes it away from the connection, and later calls find none. */
export function peerCertificate(tls: TLSSocket): X509Certificate | undefined {
  const { raw } = tls.getPeerCertificate() as Partial<PeerCertificate>;
  return raw && new X509Certificate(raw);
}

/** SHA-256 of the server's certificate: 64 hexadecimal digits; empty where it has shown none. */
export function fingerprintOf(tls: TLSSocket): string {
  return (peerCertificate(tls)?.fingerprint256 ?? '').replaceAll(':', '').toLowerCase();
}

/**
 * A host's name as certificates and SNI have it: in ASCII, where it has other letters (RFC 6125 section 6.4.2), and without
 * the dot at the end that marks a full name in DNS (RFC 6066 section 3).
 */
function nameInTls(name: string): string {
  if (isIP(name) !== 0) return name;
  return (domainToASCII(name) || name).replace(/\.$/, '');
}

type Fault = NodeJS.ErrnoException | 'timeout' | 'closed';

/** Waits for the event; on anything else the socket is destroyed and the fault, as an error of ours, thrown. */
function settled(
  socket: Duplex,
  event: 'connect' | 'secureConnect',
  timeoutMs: number,
  signal: AbortSignal,
  toError: (fault: Fault) => Error,
): Promise<void> {
  const events: EventEmitter = socket;
  return new Promise((resolve, reject) => {
    const finish = (outcome: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      events.off(event, onDone).off('error', onError).off('close', onClose);
      outcome();
    };
    const fail = (reason: unknown): void =>
      finish(() => {
        socket.destroy();
        reject(reason);
      });
    const onAbort = (): void => fail(signal.reason);
    const onDone = (): void => finish(resolve);
    const onError = (error: Error): void => fail(toError(error));
    const onClose = (): void => fail(toError('closed'));
    const timer = setTimeout(() => fail(toError('timeout')), timeoutMs);
    signal.addEventListener('abort', onAbort);
    // A later error always comes with 'close', which is what the users of the socket watch.
    events.on('error', ignore);
    events.on(event, onDone).on('error', onError).on('close', onClose);
    if (signal.aborted) onAbort();
  });
}

function ignore(): void {}

function handshakeFailed(address: UpstreamAddress, fault: Fault): LatchkeyError {
  // The way there has ended, and says why.
  if (fault instanceof LatchkeyError) return fault;
  const named = fault === 'timeout' || fault === 'closed' ? undefined : tlsFault(address, fault);
  if (named !== undefined) return named;
  const what =
    fault === 'timeout'
      ? 'did not finish the TLS handshake in time'
      : fault === 'closed'
        ? 'closed the connection during the TLS handshake'
        : undefined;
  const where = `the database server at ${upstreamName(address)}`;
  const text =
    what === undefined
      ? `TLS with ${where} failed (${(fault as NodeJS.ErrnoException).code ?? 'unknown error'}).`
      : `T${where.slice(1)} ${what}.`;
  return new LatchkeyError('upstream-tls-failed', text, {
    cause: fault,
    remedy: 'Check that the server and the network between allow TLS, and try again.',
  });
}

/** @param why code of Node's or OpenSSL's error */
function notVerified(
  address: UpstreamAddress,
  name: string,
  why: Error | string,
  seen: string,
): LatchkeyError {
  const code = why instanceof Error ? (why as NodeJS.ErrnoException).code : why;
  const make = (text: string, remedy: string): LatchkeyError =>
    new LatchkeyError(
      'upstream-tls-failed',
      `The certificate of the database server at ${upstreamName(address)} ${text}.`,
      {
        cause: why,
        remedy: `${remedy} Its fingerprint is sha256:${seen}: if the server's administrator confirms that, it may stand in upstream.tls.fingerprint instead.`,
      },
    );
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return make(
        `is not for the name "${name}"`,
        'Configure the host name that the certificate has, or set upstream.tls.serverName to it.',
      );
    case 'CERT_HAS_EXPIRED':
      return make(
        'has expired',
        "Ask the database's administrator for a new certificate, or check this computer's clock.",
      );
    case 'CERT_NOT_YET_VALID':
      return make('is not valid yet', "Check this computer's clock.");
    case shortKey:
      return make(
        `has a key that is too short to count as safe (RSA below ${leastRsaBits} bits)`,
        "Ask the database's administrator for a new one, as old versions of SQL Server make them with 1024 bits.",
      );
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
      return make(
        'was not issued by an authority that is trusted here',
        "Set upstream.tls.caFile to the authority's certificate; if you did, somebody may be in between.",
      );
    default:
      return make(`cannot be verified (${code ?? 'unknown error'})`, "Ask the database's administrator.");
  }
}

function otherCertificate(address: UpstreamAddress, seen: string): LatchkeyError {
  return new LatchkeyError(
    'upstream-tls-failed',
    `The database server at ${upstreamName(address)} shows another certificate than the one with the configured fingerprint: sha256:${seen}.`,
    {
      remedy:
        'If its administrator has put in a new one, correct upstream.tls.fingerprint; if not, somebody may be in between. No password was sent.',
    },
  );
}
