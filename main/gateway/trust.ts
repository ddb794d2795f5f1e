import { X509Certificate, createPrivateKey } from 'node:crypto';
import {
  type SecureContext,
  type SecureContextOptions,
  type SecureVersion,
  createSecureContext,
  getCACertificates,
} from 'node:tls';
import { LatchkeyError } from '../contract/errors.ts';
import type { TlsSettings } from './ports.ts';

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The context of one login's TLS.
 * @param clientKey private key in PEM form for the configured client certificate; without it none is shown
 * @throws LatchkeyError `credential-failed` for a key that does not fit the certificate
 */
export type Trust = (clientKey?: string) => SecureContext;

/**
 * What an upstream's certificate may chain to: the configured authority alone, or else what Node ships and what this
 * computer trusts. One context serves every login at a listener, as building it costs some milliseconds; one with a
 * client certificate serves until the key is another.
 *
 * @param maxVersion for protocols that cannot carry a newer one.
 * @throws Error where the configured text holds no certificate or a broken one; OpenSSL would leave it out silently.
 */
export function createTrust({ ca, clientCertificate }: TlsSettings, maxVersion?: SecureVersion): Trust {
  const settings: SecureContextOptions = {
    minVersion: 'TLSv1.2',
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ca: ca === undefined ? systemAuthorities() : certificatesIn(ca),
  };
  const plain = createSecureContext(settings);
  if (clientCertificate === undefined) return () => plain;
  const cert = clientChain(clientCertificate);
  let last: { key: string; context: SecureContext } | undefined;
  return (clientKey) => {
    if (clientKey === undefined) return plain;
    if (last?.key !== clientKey) last = { key: clientKey, context: withKey(settings, cert, clientKey) };
    return last.context;
  };
}

function withKey(settings: SecureContextOptions, cert: string, key: string): SecureContext {
  try {
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
      throw new TypeError('the key of another certificate');
    return createSecureContext({ ...settings, cert, key });
  } catch (cause) {
    throw new LatchkeyError(
      'credential-failed',
      'The stored client key is no private key in PEM form without a passphrase, or does not belong to the client certificate.',
      {
        cause,
        remedy: 'Store the key of upstream.tls.clientCertificate with: latchkey secret set <name> < key.pem',
      },
    );
  }
}

function clientChain(pem: string): string {
  try {
    return certificatesIn(pem).join('\n');
  } catch (cause) {
    throw new LatchkeyError('upstream-tls-failed', 'The configured client certificate is no certificate.', {
      cause,
      remedy: 'Let upstream.tls.clientCertificate name a file with certificates in PEM form.',
    });
  }
}

/** @throws Error where there is none, or a broken one */
function certificatesIn(pem: string): string[] {
  const blocks = pem.match(pemBlock) ?? [];
  if (blocks.length === 0) throw new TypeError('no certificate in PEM form');
  for (const block of blocks) void new X509Certificate(block);
  return blocks;
}

function systemAuthorities(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}
