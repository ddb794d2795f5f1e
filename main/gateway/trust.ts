import { type SecureContext, createSecureContext, getCACertificates } from 'node:tls';
import type { TlsSettings } from './ports.ts';

/**
 * What an upstream's certificate may chain to: the configured authority alone, or else what Node ships and what this
 * computer trusts. One context serves every login at a listener, as building it costs some milliseconds.
 */
export function trustFor({ ca }: TlsSettings): SecureContext {
  return createSecureContext({
    minVersion: 'TLSv1.2',
    ca: ca ?? [...new Set([...getCACertificates('default'), ...getCACertificates('system')])],
  });
}
