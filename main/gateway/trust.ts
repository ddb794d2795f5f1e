import { X509Certificate } from 'node:crypto';
import { type SecureContext, type SecureVersion, createSecureContext, getCACertificates } from 'node:tls';
import type { TlsSettings } from './ports.ts';

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * What an upstream's certificate may chain to: the configured authority alone, or else what Node ships and what this
 * computer trusts. One context serves every login at a listener, as building it costs some milliseconds.
 *
 * @param maxVersion for protocols that cannot carry a newer one.
 * @throws Error where the configured text holds no certificate or a broken one; OpenSSL would leave it out silently.
 */
export function trustFor({ ca }: TlsSettings, maxVersion?: SecureVersion): SecureContext {
  return createSecureContext({
    minVersion: 'TLSv1.2',
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ca: ca === undefined ? systemAuthorities() : configuredAuthorities(ca),
  });
}

function configuredAuthorities(pem: string): string[] {
  const blocks = pem.match(pemBlock) ?? [];
  if (blocks.length === 0) throw new TypeError('no certificate in PEM form');
  for (const block of blocks) void new X509Certificate(block);
  return blocks;
}

function systemAuthorities(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}
