import type { ProtocolName } from '../contract/protocols.ts';
import type { UpstreamAddress } from './ports.ts';
import { testUpstream } from './upstream-test.ts';

/**
 * Reaches a database as a login would, up to where the credential would be sent, and goes away.
 * @returns a sentence about what was found
 * @throws as {@link testUpstream}
 */
export async function checkUpstream(
  protocol: ProtocolName,
  address: UpstreamAddress,
  signal: AbortSignal,
): Promise<string> {
  const { where, encrypted, certificate } = await testUpstream(protocol, address, undefined, signal);
  if (!encrypted) return `${where} answers, on this computer and without TLS.`;
  const validTo = certificate?.validTo.slice(0, 10) ?? 'unknown';
  const how =
    address.tls.mode === 'by-password'
      ? 'has to be proved by each login'
      : address.tls.fingerprint === undefined
        ? 'is verified'
        : 'is the configured one';
  return `${where} answers; its certificate (until ${validTo}, fingerprint sha256:${certificate?.sha256 ?? ''}) ${how}.`;
}
