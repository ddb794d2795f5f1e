import { z } from 'zod';
import type { StoredSignIn } from './token-cache.ts';

const accessToken = z.object({ target: z.string(), cachedAt: z.coerce.number().catch(0) });
const openIdScopes = new Set(['openid', 'profile', 'email', 'offline_access']);

/**
 * Delegated permissions of the newest token for Graph, without the resource before their names. Entra ID puts every
 * permission that has been consented to into a token, also where fewer were asked for.
 */
export function grantedScopes(msal: StoredSignIn['msal'], graph: string): string[] {
  const prefix = `${graph}/`.toLowerCase();
  const ofGraph = Object.values(msal.AccessToken).flatMap((entry) => {
    const parsed = accessToken.safeParse(entry);
    if (!parsed.success) return [];
    const names = parsed.data.target.split(' ').flatMap((scope) => {
      if (scope.toLowerCase().startsWith(prefix)) return [scope.slice(prefix.length)];
      return scope === '' || scope.includes('/') || openIdScopes.has(scope) ? [] : [scope];
    });
    return names.length === 0 ? [] : [{ names, cachedAt: parsed.data.cachedAt }];
  });
  const [newest] = ofGraph.toSorted((left, right) => right.cachedAt - left.cachedAt);
  return newest?.names.filter((name) => name !== '.default') ?? [];
}
