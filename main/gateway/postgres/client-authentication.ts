import { randomBytes } from 'node:crypto';
import type { ByteReader } from '../byte-reader.ts';
import type { Handshake } from '../handshake.ts';
import type { ListenerSettings, LoginAttempt, ScramParameters } from '../ports.ts';
import { encodeAuthentication } from './backend-messages.ts';
import { parsePassword, parseSaslInitial } from './frontend-messages.ts';
import { HungUp, refused, sqlStates } from '../refused.ts';
import { formatServerFirst, maxScramMessage, parseClientFinal, parseClientFirst } from './scram-messages.ts';
import { ProtocolError } from '../refused.ts';
import { headerLength, parseHeader } from './wire.ts';

const mechanism = 'SCRAM-SHA-256';
/** Bound to the TLS connection: RFC 5802 section 6, with the binding type of RFC 5929 section 4. */
const boundMechanism = 'SCRAM-SHA-256-PLUS';
const bindingType = 'p=tls-server-end-point';
/** Mechanism name and length field come on top of the SCRAM text; passwords are shorter. */
const maxBody = maxScramMessage + 64;

/**
 * Gets the client's proof that it holds a token. Nothing is verified here: the broker does that.
 *
 * @param before what must go out in front of the first request (NegotiateProtocolVersion), possibly nothing.
 * @param endPoint hash of the certificate that the client has seen; undefined without TLS, or where there is none: then
 * no channel binding is offered.
 * @throws HungUp where the client leaves, as psql does to ask its user for a password; ProtocolError; Refused.
 */
export async function readProof(
  { client: { socket }, reader }: Pick<Handshake, 'client' | 'reader'>,
  method: ListenerSettings['clientAuth'],
  { salt, iterations }: ScramParameters,
  before: Buffer,
  endPoint: Buffer | undefined,
): Promise<LoginAttempt['proof']> {
  if (method === 'password') {
    socket.write(Buffer.concat([before, encodeAuthentication({ kind: 'cleartext-password' })]));
    return { kind: 'password', password: parsePassword(await readAnswer(reader)) };
  }
  const mechanisms = endPoint === undefined ? [mechanism] : [boundMechanism, mechanism];
  socket.write(Buffer.concat([before, encodeAuthentication({ kind: 'sasl', mechanisms })]));
  const initial = parseSaslInitial(await readAnswer(reader));
  if (!mechanisms.includes(initial.mechanism) || initial.data === undefined)
    throw new ProtocolError('the client chose a SASL mechanism that was not offered');
  const first = parseClientFirst(initial.data);
  const bound = initial.mechanism === boundMechanism;
  checkBinding(first.binding, bound, endPoint !== undefined);

  const nonce = first.nonce + randomBytes(18).toString('base64');
  const serverFirst = formatServerFirst({ nonce, salt: Buffer.from(salt), iterations });
  socket.write(encodeAuthentication({ kind: 'sasl-continue', data: serverFirst }));
  const final = parseClientFinal((await readAnswer(reader)).toString());
  const gs2Header = Buffer.from(first.gs2Header);
  if (final.nonce !== nonce || !final.channelBinding.subarray(0, gs2Header.length).equals(gs2Header))
    throw new ProtocolError('the last SCRAM message does not belong to the first');
  const expected = bound && endPoint !== undefined ? endPoint : Buffer.alloc(0);
  if (!final.channelBinding.subarray(gs2Header.length).equals(expected)) throw otherEndPoint();
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

/**
 * Whether the client's GS2 flag belongs to the mechanism that it chose: RFC 5802 section 6. `y` is a client that could
 * bind to TLS, and believes that it was not offered: where it was, somebody has removed it from the list.
 */
function checkBinding(flag: string, bound: boolean, offered: boolean): void {
  if (bound && flag !== bindingType)
    throw new ProtocolError('the client binds to TLS in another way than to the certificate');
  if (!bound && flag.startsWith('p='))
    throw new ProtocolError('the client wants to bind to TLS without saying so before');
  if (flag === 'y' && offered)
    throw new ProtocolError('the client has not seen that channel binding was offered');
}

/** RFC 5802 section 6: the client talks to somebody who passes its bytes on to here. */
function otherEndPoint() {
  return refused(sqlStates.unauthorized, {
    code: 'protocol-unsupported',
    message: 'The client sees another certificate than the one of this gateway: something stands in between.',
    remedy:
      'Connect to host and port of the connection itself, and look at what else listens on this computer.',
  });
}
