import { LatchkeyError } from '../contract/errors.ts';
import { upstreamName } from './dial.ts';
import type { UpstreamAddress } from './ports.ts';

/** What OpenSSL calls what has gone wrong, behind ERR_SSL_; an alert is the other side's word for it (RFC 8446 section 6.2). */
const kinds: [RegExp, (address: UpstreamAddress) => { what: string; remedy: string }][] = [
  [
    /ALERT_PROTOCOL_VERSION$|UNSUPPORTED_PROTOCOL$|WRONG_SSL_VERSION$/,
    () => ({
      what: 'speaks only versions of TLS before 1.2, which are not safe any more',
      remedy: 'Ask its administrator to update it, or to turn TLS 1.2 on. No password was sent.',
    }),
  ],
  [
    /UNRECOGNIZED_NAME$/,
    ({ host, tls }) => ({
      what: `is not known there by the name "${tls.serverName ?? host}"`,
      remedy: 'Set upstream.tls.serverName to the name that its certificate has.',
    }),
  ],
  [
    /ALERT_(?:HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY)$|DH_KEY_TOO_SMALL$|UNSAFE_LEGACY_RENEGOTIATION_DISABLED$/,
    () => ({
      what: 'refuses the TLS handshake: it has no way of encryption that counts as safe, or asks for a client certificate',
      remedy:
        'Ask its administrator which; a client certificate goes into upstream.tls.clientCertificate and clientKey. No password was sent.',
    }),
  ],
  [
    /WRONG_VERSION_NUMBER$|PACKET_LENGTH_TOO_LONG$|RECORD_LAYER_FAILURE$/,
    () => ({
      what: 'does not answer by TLS',
      remedy: 'Check upstream.host and port: something else may answer there. No password was sent.',
    }),
  ],
];

/**
 * The sentence for a fault of TLS that has a name, at the handshake or, with version 1.3, at the first message behind it:
 * only then a server says that it misses a client certificate, or will not have this one.
 * @returns undefined for any other fault
 */
export function tlsFault(
  address: UpstreamAddress,
  fault: NodeJS.ErrnoException | undefined,
): LatchkeyError | undefined {
  const code = fault?.code ?? '';
  if (!code.startsWith('ERR_SSL_')) return undefined;
  const make = (what: string, remedy: string): LatchkeyError =>
    new LatchkeyError('upstream-tls-failed', `The database server at ${upstreamName(address)} ${what}.`, {
      cause: fault,
      remedy,
    });
  const known = kinds.find(([pattern]) => pattern.test(code))?.[1](address);
  if (known !== undefined) return make(known.what, known.remedy);
  // OpenSSL 3.2 and later write some as ERR_SSL_SSL/TLS_ALERT_….
  const [, alert] = /ALERT_(\w+)$/.exec(code) ?? [];
  if (alert === undefined) return undefined;
  return make(
    `ended TLS: ${alert.toLowerCase().replaceAll('_', ' ')}`,
    'If it asks for a client certificate, set upstream.tls.clientCertificate and clientKey to one that it takes.',
  );
}
