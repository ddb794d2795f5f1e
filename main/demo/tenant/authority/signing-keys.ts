import { exportJWK, generateKeyPair, SignJWT, type JWK, type JWTPayload } from 'jose';
import { createHash, randomUUID } from 'node:crypto';

export interface SigningKeys {
  /** Signs with the newest key, RS256. */
  sign(claims: JWTPayload): Promise<string>;
  /** Public keys, newest first, as the JWKS endpoint publishes them. */
  jwks(): { keys: JWK[] };
  /** Makes a new key and signs with it from now on. Old keys stay published unless `dropOld` is set. */
  rotate(options?: { dropOld?: boolean | undefined }): Promise<string>;
}

interface SigningKey {
  kid: string;
  privateKey: CryptoKey;
  publicJwk: JWK;
}

/** RSA 2048 keys for id tokens and access tokens; RFC 7517 for the published form. */
export async function createSigningKeys(): Promise<SigningKeys> {
  let current = await createKey();
  let keys = [current];
  return {
    sign: (claims) =>
      new SignJWT(claims)
        .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid: current.kid })
        .sign(current.privateKey),
    jwks: () => ({ keys: keys.map((key) => key.publicJwk) }),
    rotate: async (options) => {
      current = await createKey();
      keys = options?.dropOld === true ? [current] : [current, ...keys];
      return current.kid;
    },
  };
}

async function createKey(): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { modulusLength: 2048 });
  const kid = createHash('sha1').update(randomUUID()).digest('base64url');
  const publicJwk = { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' };
  return { kid, privateKey, publicJwk };
}
