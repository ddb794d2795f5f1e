import { z } from 'zod';
import type { StoredSignIn } from './token-cache.ts';

const accessToken = z.object({ target: z.string() });
const openIdScopes = new Set(['openid', 'profile', 'email', 'offline_access', '.default']);

/**
 * Delegated permissions of the tokens for Graph in MSAL's cache, without the resource before their names. Entra ID puts
 * every permission that has been consented to into a token, also where fewer were asked for; MSAL drops an older token
 * whose permissions overlap with those of a new one, so what was withdrawn is gone after a renewal.
 */
export function grantedScopes(msal: StoredSignIn['msal'], graph: string): string[] {
  const prefix = `${graph}/`.toLowerCase();
  const names = Object.values(msal.AccessToken).flatMap((entry) => {
    const { target = '' } = accessToken.safeParse(entry).data ?? {};
    const scopes = target.split(' ').map((scope) => {
      return scope.toLowerCase().startsWith(prefix) ? scope.slice(prefix.length) : scope;
    });
    // What still has a resource before it is for a database.
    return scopes.filter((scope) => scope !== '' && !scope.includes('/') && !openIdScopes.has(scope));
  });
  return [...new Set(names)];
}
