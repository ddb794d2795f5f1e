import type { SecureContext } from 'node:tls';
import { createByteReader } from '../byte-reader.ts';
import { type Connection, socketConnection } from '../connection.ts';
import { dial, dialForTls } from '../dial.ts';
import { loginStep } from '../login-step.ts';
import type { UpstreamAddress } from '../ports.ts';
import { notEncrypted } from '../upstream-faults.ts';
import { secure } from '../upstream-tls.ts';
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
  await loginStep({ socket, reader, address, protocol: 'PostgreSQL' }, signal, async () => {
    socket.write(encodeStartupPacket({ kind: 'ssl-request' }));
    const answer = (await reader.read(1)).toString('latin1');
    // Bytes behind the answer were not protected by the TLS that follows: CVE-2021-23222.
    if (answer === 'S' && reader.release().length === 0) return;
    throw notEncrypted(
      address,
      answer === 'N' ? 'does not offer TLS' : 'did not answer the request for TLS as it should',
    );
  });
  socket.removeAllListeners('data');
  return socketConnection(await secure(socket, address, secureContext, signal), socket);
}
