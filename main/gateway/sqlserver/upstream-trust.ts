import { type SecureContext, createSecureContext, getCACertificates } from 'node:tls';
import { trustFor } from '../trust.ts';
import type { TlsSettings } from '../ports.ts';

/**
 * As `trustFor`, for TLS inside TDS, which ends at version 1.2: see tls-in-tds.ts.
 * @throws Error as `trustFor` does.
 */
export function trustInTds(settings: TlsSettings): SecureContext {
  // Checks the configured certificates.
  trustFor(settings);
  return createSecureContext({
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    ca: settings.ca ?? [...new Set([...getCACertificates('default'), ...getCACertificates('system')])],
  });
}
