import { createPrivateKey, pbkdf2, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { ProtocolError } from '../refused.ts';

/**
 * MariaDB's parsec, of version 11.6 and later
 * (https://mariadb.com/docs/server/reference/plugins/authentication-plugins/authentication-plugin-parsec): an Ed25519
 * signature of the random bytes of both sides, by a key that PBKDF2 makes of the password. The client asks for salt and
 * cost by an empty packet, once it has the server's random bytes.
 */
const scrambleLength = 32;
/** PBKDF2 with HMAC-SHA-512, the only function that there is. */
const pbkdf2Mark = 0x50;
/** 1024 rounds, doubled so many times. Servers have 0 to 3; this is a quarter of a second of one processor. */
const mostDoublings = 8;
/** A server puts a 1 in front of what a client could take for another packet. */
const more = 0x01;

const derive = promisify(pbkdf2);

/** RFC 8410 section 7: the DER in front of a bare key. */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * @param scramble the server's random bytes, as the switch to the method had them.
 * @param salted what it has answered to the empty packet.
 * @throws ProtocolError where they are none.
 */
export async function parsecResponse(password: string, scramble: Buffer, salted: Buffer): Promise<Buffer> {
  const parameters = salted[0] === more ? salted.subarray(1) : salted;
  const [mark, doublings = Number.NaN] = parameters;
  const salt = parameters.subarray(2);
  if (scramble.length < scrambleLength) throw new ProtocolError('its scramble is too short');
  if (mark !== pbkdf2Mark || !(doublings <= mostDoublings) || salt.length === 0)
    throw new ProtocolError('its salt is none');
  const seed = await derive(password, salt, 1024 << doublings, 32, 'sha512');
  const key = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' });
  const own = randomBytes(scrambleLength);
  const message = Buffer.concat([scramble.subarray(0, scrambleLength), own]);
  return Buffer.concat([own, sign(null, message, key)]);
}
