import { createHash } from 'node:crypto';
import { LatchkeyError } from '../../contract/errors.ts';
import { upstreamName } from '../dial.ts';
import type { UpstreamAddress, UpstreamLogin } from '../ports.ts';
import { parseAuthentication } from './backend-messages.ts';
import { encodePassword, encodeSaslInitial, encodeSaslResponse } from './frontend-messages.ts';
import type { ScramKeyCache } from './scram-key-cache.ts';
import { answerBearer, bearerMechanism, tokenWanted } from './upstream-bearer.ts';
import { startScram } from './upstream-scram.ts';
import type { UpstreamTalk } from './upstream-talk.ts';
import { ProtocolError } from '../refused.ts';

/** A pooler and some servers behind it; more would be a guess at what else can be had. */
const maxRounds = 4;

/**
 * Answers the server's authentication requests until it says AuthenticationOk: "Start-up"
 * (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP). A configured password must have
 * been asked for, and with SCRAM the server must have shown that it knows it. A pooler may ask once for itself and once
 * more for each server behind it (Pgpool-II); each time only what the connection allows is answered.
 *
 * @throws LatchkeyError `upstream-login-failed`, `credential-missing`; ProtocolError; Refused.
 */
export async function authenticate(
  talk: UpstreamTalk,
  address: UpstreamAddress,
  { user, password: stored, accessToken }: UpstreamLogin,
  cache: ScramKeyCache,
): Promise<void> {
  const password = accessToken ?? stored;
  let asked = 0;
  for (;;) {
    const { type, body } = await talk.next();
    // Notices from before authentication are not for anybody.
    if (type === 'N') continue;
    if (type !== 'R') throw new ProtocolError('a message comes before authentication');
    const request = parseAuthentication(body);
    if (request.kind === 'ok') {
      if (password === undefined || asked > 0) return;
      throw neverAsked(address);
    }
    if (password === undefined) throw noPassword(address);
    if (asked >= maxRounds) throw new ProtocolError('it asks for a password again and again');
    asked += 1;
    const weakMethod = (method: 'md5' | 'password'): void => {
      if (!talk.trusted || !address.allowedMethods.includes(method))
        throw methodRefused(address, method === 'md5' ? 'an MD5 password' : 'a cleartext password');
    };
    switch (request.kind) {
      case 'sasl':
        if (request.mechanisms.includes(bearerMechanism)) {
          if (accessToken !== undefined) return answerBearer(talk, address, accessToken);
          if (request.mechanisms.length === 1) throw tokenWanted(address);
        }
        await answerSasl(talk, address, request.mechanisms, password, cache);
        break;
      case 'cleartext-password':
        // An access token is made to be sent, to whoever has proved its name; there is no other way with it.
        if (accessToken === undefined || talk.tls === undefined) weakMethod('password');
        talk.socket.write(encodePassword(password));
        break;
      case 'md5-password':
        weakMethod('md5');
        talk.socket.write(encodePassword(md5Response(user, password, request.salt)));
        break;
      default:
        throw methodRefused(address, 'a login method that Latchkey does not know (GSSAPI or newer)');
    }
  }
}

/** "SASL Authentication" (https://www.postgresql.org/docs/current/sasl-authentication.html). */
async function answerSasl(
  talk: UpstreamTalk,
  address: UpstreamAddress,
  mechanisms: string[],
  password: string,
  cache: ScramKeyCache,
): Promise<void> {
  const scram = startScram(mechanisms, talk.tls, password, cache);
  if (scram === undefined) throw methodRefused(address, `a SASL mechanism other than SCRAM-SHA-256`);
  talk.socket.write(encodeSaslInitial({ mechanism: scram.mechanism, data: scram.clientFirst }));
  const serverFirst = await saslData(talk, 'sasl-continue');
  talk.socket.write(encodeSaslResponse(await scram.clientFinal(serverFirst)));
  scram.checkServerFinal(await saslData(talk, 'sasl-final'));
}

/** Anything else here, AuthenticationOk above all, would leave the server's identity unproven. */
async function saslData(talk: UpstreamTalk, kind: 'sasl-continue' | 'sasl-final'): Promise<string> {
  const { type, body } = await talk.next();
  const request = type === 'R' ? parseAuthentication(body) : undefined;
  if (request?.kind !== kind) throw new ProtocolError('it leaves the SASL exchange before the end');
  return request.data;
}

/** AuthenticationMD5Password: "md5" and md5(md5(password + user) + salt). */
function md5Response(user: string, password: string, salt: Uint8Array): string {
  const inner = createHash('md5').update(password).update(user).digest('hex');
  return `md5${createHash('md5').update(inner).update(salt).digest('hex')}`;
}

function neverAsked(address: UpstreamAddress): LatchkeyError {
  return new LatchkeyError(
    'upstream-login-failed',
    `The database server at ${upstreamName(address)} let Latchkey in without asking for the configured password.`,
    {
      remedy:
        'Something else may be answering there; if the server means to trust this computer, remove the password from the rule.',
    },
  );
}

function noPassword(address: UpstreamAddress): LatchkeyError {
  return new LatchkeyError(
    'credential-missing',
    `The database server at ${upstreamName(address)} asks for a password, and this connection has none.`,
    { remedy: 'Ask whoever administers this connection to store the password of its role.' },
  );
}

function methodRefused(address: UpstreamAddress, method: string): LatchkeyError {
  return new LatchkeyError(
    'upstream-login-failed',
    `The database server at ${upstreamName(address)} asks for ${method}, which this connection does not allow.`,
    {
      remedy:
        'Let the server use scram-sha-256; weaker methods need upstream.allowedMethods, and verified TLS or a server on this computer.',
    },
  );
}
