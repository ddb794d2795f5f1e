import { type Login7, featureIds, tds74 } from './login7.ts';
import { encodeMessage, packetTypes } from './packets.ts';
import { type LoginToken, encodeFeatureAck, environmentTypes, withVersion } from './tokens.ts';
import type { UpstreamSession } from './upstream.ts';

/**
 * The server's answer to the login as the client gets it: without what it never asked for, which drivers take for a broken
 * protocol, and without the name of a server that it could turn to past this gateway, with the token as a password.
 */
export function clientAnswer({ tokens, spid }: UpstreamSession, client: Login7): Buffer {
  const asked = new Set(client.features?.map(({ id }) => id));
  asked.delete(featureIds.sessionRecovery);
  const answer = tokens.map((token) => forClient(token, client.tdsVersion, asked));
  return encodeMessage(packetTypes.response, Buffer.concat(answer), spid);
}

function forClient(token: LoginToken, tdsVersion: number, asked: Set<number>): Buffer {
  switch (token.kind) {
    case 'environment':
      return token.type === environmentTypes.failoverPartner ? Buffer.alloc(0) : token.raw;
    case 'feature-ack':
      return encodeFeatureAck(token.features.filter(({ id }) => asked.has(id)));
    case 'login-ack':
      // The upstream was asked for the equal of this version: see upstream-login7.ts.
      return token.tdsVersion === tds74 ? withVersion(token.raw, tdsVersion) : token.raw;
    default:
      return token.raw;
  }
}
