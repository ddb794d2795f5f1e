import type { SecureContext } from 'node:tls';
import { LatchkeyError } from '../../contract/errors.ts';
import { createByteReader } from '../byte-reader.ts';
import { type Connection, socketConnection } from '../connection.ts';
import { dial, dialForTls, secure, upstreamName } from '../dial.ts';
import { loginStep } from '../login-step.ts';
import type { UpstreamAddress } from '../ports.ts';
import { encodeStartupPacket } from './startup.ts';

/**
 * Opens a connection on which a startup packet may be sent: plain, or with TLS after an SSLRequest ("SSL Session
 * Encryption", https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL). There is no way from TLS
 * back to plain.
 *
 * @param secureContext what to verify against; undefined for no TLS.
 * @throws LatchkeyError `upstream-unreachable`, `upstream-tls-failed`; the signal's reason where it aborts first.
 */
export async function connectUpstream(
  address: UpstreamAddress,
  secureContext: SecureContext | undefined,
  signal: AbortSignal,
): Promise<Connection> {
  if (secureContext === undefined) return dial(address, signal);
  const socket = await dialForTls(address, signal);
  const reader = createByteReader(socketConnection(socket));
  await loginStep(socket, reader, address, signal, async () => {
    socket.write(encodeStartupPacket({ kind: 'ssl-request' }));
    const answer = (await reader.read(1)).toString('latin1');
    // Bytes behind the answer were not protected by the TLS that follows: CVE-2021-23222.
    if (answer !== 'S' || reader.release().length > 0) throw noTls(address, answer);
  });
  socket.removeAllListeners('data');
  return socketConnection(await secure(socket, address, secureContext, signal));
}

function noTls(address: UpstreamAddress, answer: string): LatchkeyError {
  const what = answer === 'N' ? 'does not offer TLS' : 'did not answer the request for TLS as it should';
  return new LatchkeyError(
    'upstream-tls-failed',
    `The database server at ${upstreamName(address)} ${what}.`,
    {
      remedy:
        'No password was sent to it. Ask its administrator to turn TLS on; upstream.tls.mode may be "off" only for a server on this computer.',
    },
  );
}
