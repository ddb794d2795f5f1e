import { z } from 'zod';
import type { Group } from '../contract/state.ts';
import { createGraphClient, malformed, type GraphOptions } from './graph-client.ts';

export interface Person {
  objectId: string;
  username: string;
  displayName: string;
}

/**
 * What Microsoft Graph says of the signed-in person. Both look-ups throw the signal's reason on an abort, what
 * `accessToken` throws, and LatchkeyError `sign-in-required` (Graph does not accept the sign-in any more; a claims
 * challenge is in `entra.claims`), `directory-refused` (permission or answer), `directory-unreachable` (unknown).
 */
export interface Directory {
  me(signal?: AbortSignal): Promise<Person>;
  /**
   * Every group that the person is in, directly or through other groups, by object id in lower case. All pages or an
   * error: never a part. An empty list means that there are none. `named` is false where names may not be read
   * (GroupMember.Read.All is missing); then the name of such a group is empty.
   */
  groups(signal?: AbortSignal): Promise<{ groups: Group[]; named: boolean }>;
}

const maxPages = 1000;
const never = new AbortController().signal;

const person = z.object({
  id: z.guid().toLowerCase(),
  displayName: z.string().nullish(),
  userPrincipalName: z.string(),
});
const groupPage = z.object({
  value: z.array(z.object({ id: z.guid().toLowerCase(), displayName: z.string().nullish() })).max(5000),
  '@odata.nextLink': z.string().max(10_000).optional(),
});

/** Look-ups with the signed-in person's own token (learn.microsoft.com/graph/api/user-list-transitivememberof). */
export function createDirectory(options: GraphOptions): Directory {
  const client = createGraphClient(options);
  const { origin } = new URL(options.origin);

  return {
    async me(signal = never) {
      const get = client.lookUp(signal);
      const body = await get(`${origin}/v1.0/me?$select=id,displayName,userPrincipalName`);
      const parsed = person.safeParse(body);
      if (!parsed.success) throw malformed('the profile has no id or name');
      const { id, displayName, userPrincipalName: username } = parsed.data;
      return { objectId: id, username, displayName: displayName ?? username };
    },

    async groups(signal = never) {
      const get = client.lookUp(signal);
      const found = new Map<string, Group>();
      const visited = new Set<string>();
      let next: string | undefined =
        `${origin}/v1.0/me/transitiveMemberOf/microsoft.graph.group?$count=true&$select=id,displayName&$top=999`;
      while (next !== undefined) {
        if (visited.size === maxPages || visited.has(next)) throw malformed('the pages of groups do not end');
        visited.add(next);
        const parsed = groupPage.safeParse(await get(next));
        if (!parsed.success) throw malformed('a page of groups is not as documented');
        for (const { id, displayName } of parsed.data.value) found.set(id, { id, name: displayName ?? '' });
        next = parsed.data['@odata.nextLink'];
        if (next !== undefined) requireOrigin(next, origin);
      }
      const groups = [...found.values()];
      return { groups, named: groups.every(({ name }) => name !== '') };
    },
  };
}

/** The next link is used as it came, but the token goes with it, so it may lead nowhere else. */
function requireOrigin(link: string, origin: string): void {
  if (!URL.canParse(link)) throw malformed('the link to the next page is no address');
  const url = new URL(link);
  if (url.origin !== origin || url.username !== '' || url.password !== '') {
    throw malformed('the link to the next page leads to another server');
  }
}
