import { z } from 'zod';

const address = z.url({ protocol: /^https$/ });
/** As far as MSAL relies on it (OpenID Connect Discovery section 3, RFC 8628 section 4). */
const document = z.object({
  issuer: address,
  authorization_endpoint: address,
  token_endpoint: address,
  device_authorization_endpoint: address.optional(),
  jwks_uri: address,
  end_session_endpoint: address.optional(),
});

/**
 * What is wrong with a discovery document, in a few words. Tokens and codes are sent to the endpoints that it names, so
 * they have to be the authority's own.
 * @param origin of the authority
 */
export function discoveryProblem(body: unknown, origin: string): string | undefined {
  const parsed = document.safeParse(body);
  if (!parsed.success)
    return `its discovery document has no usable ${String(parsed.error.issues[0]?.path[0])}`;
  const {
    authorization_endpoint,
    token_endpoint,
    device_authorization_endpoint = token_endpoint,
  } = parsed.data;
  const isForeign = [authorization_endpoint, token_endpoint, device_authorization_endpoint].some(
    (endpoint) => new URL(endpoint).origin !== origin,
  );
  return isForeign ? 'its discovery document leads to another server' : undefined;
}
