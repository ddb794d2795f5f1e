import { LatchkeyError } from '../contract/errors.ts';
import { upstreamName } from './dial.ts';
import type { UpstreamAddress } from './ports.ts';
import type { ProtocolError } from './refused.ts';

/** @param protocol its name, for the sentence */
export function brokenProtocol(
  address: UpstreamAddress,
  protocol: string,
  cause: ProtocolError,
): LatchkeyError {
  return new LatchkeyError(
    'upstream-protocol',
    `What answers at ${upstreamName(address)} does not follow the ${protocol} protocol: ${cause.message}.`,
    { cause, remedy: "Check host and port of the connection's upstream." },
  );
}

/** No credential has been sent when this is thrown. */
export function notEncrypted(address: UpstreamAddress, what: string): LatchkeyError {
  return new LatchkeyError(
    'upstream-tls-failed',
    `The database server at ${upstreamName(address)} ${what}.`,
    {
      remedy:
        'No password was sent to it. Ask its administrator to turn TLS on; upstream.tls.mode may be "off" only for a server on this computer.',
    },
  );
}
