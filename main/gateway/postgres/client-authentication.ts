import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { ByteReader } from '../byte-reader.ts';
import type { ListenerSettings, LoginAttempt, ScramParameters } from '../ports.ts';
import { encodeAuthentication } from './backend-messages.ts';
import { parsePassword, parseSaslInitial } from './frontend-messages.ts';
import { HungUp, refused, sqlStates } from '../refused.ts';
import { formatServerFirst, maxScramMessage, parseClientFinal, parseClientFirst } from './scram-messages.ts';
import { ProtocolError } from '../refused.ts';
import { headerLength, parseHeader } from './wire.ts';

const mechanism = 'SCRAM-SHA-256';
/** Mechanism name and length field come on top of the SCRAM text; passwords are shorter. */
const maxBody = maxScramMessage + 64;

/**
 * Gets the client's proof that it holds a token. Nothing is verified here: the broker does that.
 *
 * @param before what must go out in front of the first request (NegotiateProtocolVersion), possibly nothing.
 * @throws HungUp where the client leaves, as psql does to ask its user for a password; ProtocolError; Refused.
 */
export async function readProof(
  socket: Socket,
  reader: ByteReader,
  method: ListenerSettings['clientAuth'],
  { salt, iterations }: ScramParameters,
  before: Buffer,
): Promise<LoginAttempt['proof']> {
  if (method === 'password') {
    socket.write(Buffer.concat([before, encodeAuthentication({ kind: 'cleartext-password' })]));
    return { kind: 'password', password: parsePassword(await readAnswer(reader)) };
  }
  socket.write(Buffer.concat([before, encodeAuthentication({ kind: 'sasl', mechanisms: [mechanism] })]));
  const initial = parseSaslInitial(await readAnswer(reader));
  if (initial.mechanism !== mechanism || initial.data === undefined)
    throw new ProtocolError('the client chose a SASL mechanism that was not offered');
  const first = parseClientFirst(initial.data);
  // `y` is a client that could bind to TLS and sees that we do not offer it: RFC 5802 section 6 wants an error only
  // from a server that does.
  if (first.binding.startsWith('p=')) throw bindingRefused();

  const nonce = first.nonce + randomBytes(18).toString('base64');
  const serverFirst = formatServerFirst({ nonce, salt: Buffer.from(salt), iterations });
  socket.write(encodeAuthentication({ kind: 'sasl-continue', data: serverFirst }));
  const final = parseClientFinal((await readAnswer(reader)).toString());
  if (final.nonce !== nonce || final.channelBinding.toString() !== first.gs2Header)
    throw new ProtocolError('the last SCRAM message does not belong to the first');
  return {
    kind: 'scram-sha-256',
    authMessage: `${first.bare},${serverFirst},${final.withoutProof}`,
    // A copy of its own: posting a slice to another thread would send everything around it too.
    clientProof: Uint8Array.from(final.proof),
  };
}

async function readAnswer(reader: ByteReader): Promise<Buffer> {
  const { type, bodyLength } = parseHeader(await reader.read(headerLength), maxBody);
  if (type === 'X') throw new HungUp();
  if (type !== 'p') throw new ProtocolError('the client sent something else than its proof');
  return reader.read(bodyLength);
}

function bindingRefused() {
  return refused(sqlStates.unauthorized, {
    code: 'protocol-unsupported',
    message:
      'The client demands channel binding, which needs TLS; this gateway speaks plain text on loopback.',
    remedy: 'Set channel_binding to "prefer" or "disable" for this connection.',
  });
}
