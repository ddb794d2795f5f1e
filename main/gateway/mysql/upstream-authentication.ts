import { constants, createPublicKey, publicEncrypt } from 'node:crypto';
import { LatchkeyError } from '../../contract/errors.ts';
import { upstreamName } from '../dial.ts';
import type { UpstreamAddress, UpstreamLogin } from '../ports.ts';
import { ProtocolError } from '../refused.ts';
import { checkProof, requireProof } from './certificate-proof.ts';
import { ed25519Response } from './ed25519.ts';
import { scrambleLength } from './greeting.ts';
import { parsecResponse } from './parsec.ts';
import { nativeResponse, sha2Response } from './proofs.ts';
import { firstBytes, parseLoginAnswer, parseServerError } from './server-packets.ts';
import type { GreetedUpstream } from './upstream-connect.ts';
import { upstreamRefusal } from './upstream-error.ts';
import { lengthEncodedBytes } from './wire.ts';

/** What goes into the first packet of the login. */
export interface FirstResponse {
  plugin: string;
  response: Buffer;
}

/**
 * MySQL switches once at most; MariaDB goes from one method to the next where a user has several (IDENTIFIED VIA … OR …).
 * caching_sha2_password takes three answers.
 */
const maxAnswers = 12;
const ed25519ScrambleLength = 32;
const parsecPlugin = 'parsec';
const sha256Plugin = 'sha256_password';
/**
 * Client side of "OpenID Connect Pluggable Authentication"
 * (https://dev.mysql.com/doc/refman/9.1/en/openid-pluggable-authentication.html): a byte of capabilities, of which there is
 * one, and the token behind its length. The client insists on a connection that nobody can read.
 */
const openIdPlugin = 'authentication_openid_connect_client';
const openIdToken = Buffer.from([0x01]);
/** caching_sha2_password: "request public key", and what the server says of its cache. */
const requestPublicKey = Buffer.from([0x02]);
const requestSha256Key = Buffer.from([0x01]);
const fastSuccess = 0x03;
const fullAuthentication = 0x04;

/**
 * The server's announced method where that is a hash, else the native one: the server switches where the user's is
 * another. A token is sent in clear, and so waits until it is asked for.
 *
 * @throws LatchkeyError `upstream-tls-failed` where the server has to prove itself by the login, and cannot.
 */
export function firstResponse(
  { greeting: { plugin, scramble }, unproven }: GreetedUpstream,
  { password = '', accessToken }: UpstreamLogin,
  address: UpstreamAddress,
): FirstResponse {
  if (unproven !== undefined)
    requireProof(plugin === 'caching_sha2_password' ? plugin : 'mysql_native_password', password, address);
  if (plugin === 'caching_sha2_password')
    return {
      plugin,
      response: accessToken === undefined ? sha2Response(password, scramble) : Buffer.alloc(0),
    };
  return {
    plugin: 'mysql_native_password',
    response: accessToken === undefined ? nativeResponse(password, scramble) : Buffer.alloc(0),
  };
}

/**
 * Answers the server until it lets us in, or not: "Connection Phase"
 * (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html).
 *
 * @param first what has been sent already.
 * @returns the payload of the OK packet.
 * @throws LatchkeyError `upstream-login-failed`, `upstream-tls-failed`; ProtocolError; Refused.
 */
export async function authenticate(
  upstream: GreetedUpstream,
  address: UpstreamAddress,
  login: UpstreamLogin,
  first: FirstResponse,
): Promise<Buffer> {
  const { channel, trusted } = upstream;
  const secrets = [login.password, login.accessToken];
  let { plugin } = first;
  let scramble = upstream.greeting.scramble;
  for (let answers = 0; answers < maxAnswers; answers += 1) {
    const payload = await channel.read();
    const answer = parseLoginAnswer(payload);
    switch (answer.kind) {
      case 'ok':
        if (upstream.unproven !== undefined) {
          checkProof(upstream.unproven, payload, plugin, login.password ?? '', address);
          upstream.trusted = true;
        }
        return payload;
      case 'error':
        throw upstreamRefusal(answer, address, trusted, secrets);
      case 'old-password':
        throw methodRefused(address, 'the password hash of MySQL 4.0');
      case 'switch':
        ({ plugin, data: scramble } = answer);
        if (plugin === parsecPlugin) await answerParsec(upstream, address, login, scramble);
        else if (plugin === sha256Plugin) await answerSha256(upstream, address, login, scramble);
        else channel.write(respond(upstream, address, login, plugin, scramble));
        break;
      case 'more':
        if (plugin !== 'caching_sha2_password')
          throw new ProtocolError('it asks for more than its method has');
        await continueSha2(upstream, address, login, answer.data, scramble.subarray(0, scrambleLength));
    }
  }
  throw new ProtocolError('its login has no end');
}

/** The answer to a switch to it takes two packets. */
async function answerParsec(
  { channel, trusted, unproven }: GreetedUpstream,
  address: UpstreamAddress,
  { password, accessToken }: UpstreamLogin,
  scramble: Buffer,
): Promise<void> {
  if (unproven !== undefined) requireProof(parsecPlugin, password, address);
  if (accessToken !== undefined) throw methodRefused(address, `the hash of a password (${parsecPlugin})`);
  channel.write(Buffer.alloc(0));
  const salted = await channel.read();
  if (salted[0] === firstBytes.error)
    throw upstreamRefusal(parseServerError(salted), address, trusted, [password]);
  channel.write(await parsecResponse(password ?? '', scramble, salted));
}

/** The answer to a switch. */
function respond(
  { secured, unproven }: GreetedUpstream,
  address: UpstreamAddress,
  { password, accessToken }: UpstreamLogin,
  plugin: string,
  data: Buffer,
): Buffer {
  if (unproven !== undefined) requireProof(plugin, password, address);
  const scramble = (length: number): Buffer => {
    if (data.length < length) throw new ProtocolError('its scramble is too short');
    return data.subarray(0, length);
  };
  if (plugin === 'mysql_clear_password') {
    if (!secured) throw methodRefused(address, 'a cleartext password without TLS');
    if (accessToken === undefined && !address.allowedMethods.includes('password'))
      throw methodRefused(address, 'a cleartext password');
    return Buffer.from(`${accessToken ?? password ?? ''}\0`);
  }
  if (plugin === openIdPlugin) {
    if (!secured) throw methodRefused(address, 'an identity token without TLS');
    if (accessToken === undefined) throw methodRefused(address, 'an identity token in place of a password');
    return Buffer.concat([openIdToken, lengthEncodedBytes(Buffer.from(accessToken))]);
  }
  if (accessToken !== undefined) throw methodRefused(address, `the hash of a password (${shown(plugin)})`);
  switch (plugin) {
    case 'mysql_native_password':
      return nativeResponse(password ?? '', scramble(scrambleLength));
    case 'caching_sha2_password':
      return sha2Response(password ?? '', scramble(scrambleLength));
    case 'client_ed25519':
      return ed25519Response(password ?? '', scramble(ed25519ScrambleLength));
    default:
      throw methodRefused(address, `the login method ${shown(plugin)}`);
  }
}

/** "Caching_sha2_password information": the server has the hash at hand, or wants the password. */
async function continueSha2(
  upstream: GreetedUpstream,
  address: UpstreamAddress,
  { password = '', accessToken }: UpstreamLogin,
  data: Buffer,
  scramble: Buffer,
): Promise<void> {
  if (data.length !== 1) throw new ProtocolError('its answer to a password is none');
  if (data[0] === fastSuccess) return;
  if (data[0] !== fullAuthentication) throw new ProtocolError('its answer to a password is none');
  if (accessToken !== undefined) throw methodRefused(address, 'a password');
  await sendPassword(upstream, address, password, scramble, requestPublicKey);
}

/** sha256_password, of MySQL 5.6 and later, has no hash at hand: it wants the password each time. */
async function answerSha256(
  upstream: GreetedUpstream,
  address: UpstreamAddress,
  { password = '', accessToken }: UpstreamLogin,
  scramble: Buffer,
): Promise<void> {
  if (upstream.unproven !== undefined) requireProof(sha256Plugin, password, address);
  if (accessToken !== undefined) throw methodRefused(address, `a password (${sha256Plugin})`);
  if (scramble.length < scrambleLength) throw new ProtocolError('its scramble is too short');
  await sendPassword(upstream, address, password, scramble.subarray(0, scrambleLength), requestSha256Key);
}

/**
 * The password itself goes over TLS or a unix socket as it is, and over loopback under the server's public key. A key from a
 * network that nobody has verified could be anybody's, and is never asked for.
 */
async function sendPassword(
  { channel, secured, trusted }: GreetedUpstream,
  address: UpstreamAddress,
  password: string,
  scramble: Buffer,
  request: Buffer,
): Promise<void> {
  const text = Buffer.from(`${password}\0`);
  if (secured || address.socketPath !== undefined) {
    channel.write(text);
    return;
  }
  if (!trusted) throw methodRefused(address, 'a password without TLS');
  channel.write(request);
  const answer = parseLoginAnswer(await channel.read());
  if (answer.kind !== 'more') throw new ProtocolError('it does not send its public key');
  channel.write(encrypted(text, scramble, answer.data));
}

/** RSA with OAEP and SHA-1, of the password XOR the scramble. */
function encrypted(text: Buffer, scramble: Buffer, pem: Buffer): Buffer {
  const masked = Buffer.from(text.map((byte, index) => byte ^ (scramble[index % scramble.length] ?? 0)));
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== 'rsa') throw new TypeError('another kind of key');
    return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, masked);
  } catch {
    throw new ProtocolError('its public key is of no use');
  }
}

function methodRefused(address: UpstreamAddress, method: string): LatchkeyError {
  return new LatchkeyError(
    'upstream-login-failed',
    `The database server at ${upstreamName(address)} asks for ${method}, which this connection does not allow.`,
    {
      remedy:
        'Let the user log in with mysql_native_password, caching_sha2_password, sha256_password, client_ed25519 or parsec; cleartext needs verified TLS, and upstream.allowedMethods for stored passwords; OpenID Connect needs verified TLS and "password: {entra: <scope>}" in the rule.',
    },
  );
}

/** The name comes from a server that may be anybody. */
function shown(plugin: string): string {
  return /^[\w-]{1,64}$/.test(plugin) ? plugin : 'of an unknown kind';
}
