import { z } from 'zod';
import type { Group } from '../../contract/state.ts';
import { malformed, type GraphGet } from './graph-client.ts';

/** `named` is false where names may not be read; then the name of such a group is empty. */
export interface Groups {
  groups: Group[];
  named: boolean;
}

const maxPages = 1000;
const groupPage = z.object({
  value: z.array(z.object({ id: z.guid().toLowerCase(), displayName: z.string().nullish() })).max(5000),
  '@odata.nextLink': z.string().max(10_000).optional(),
});

/**
 * Every group of `member` (`me` or `users/<id>`), directly or through other groups
 * (learn.microsoft.com/graph/api/user-list-transitivememberof). All pages or an error, never a part.
 */
export async function readGroups(get: GraphGet, origin: string, member: string): Promise<Groups> {
  const found = new Map<string, Group>();
  const visited = new Set<string>();
  let next: string | undefined =
    `${origin}/v1.0/${member}/transitiveMemberOf/microsoft.graph.group?$count=true&$select=id,displayName&$top=999`;
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
}

/**
 * The first groups of the tenant whose display name begins so (learn.microsoft.com/graph/api/group-list).
 * @throws LatchkeyError `directory-refused` where the answer is not as documented
 */
export async function findGroups(get: GraphGet, origin: string, text: string): Promise<Group[]> {
  const query = new URLSearchParams({
    $filter: `startswith(displayName,'${text.replaceAll("'", "''")}')`,
    $select: 'id,displayName',
    $count: 'true',
    $top: '50',
  });
  const parsed = groupPage.safeParse(
    await get(`${origin}/v1.0/groups?${query.toString().replaceAll('+', '%20')}`),
  );
  if (!parsed.success) throw malformed('a page of groups is not as documented');
  return parsed.data.value.map(({ id, displayName }) => ({ id, name: displayName ?? '' }));
}

/** The next link is used as it came, but the token goes with it, so it may lead nowhere else. */
function requireOrigin(link: string, origin: string): void {
  if (!URL.canParse(link)) throw malformed('the link to the next page is no address');
  const url = new URL(link);
  if (url.origin !== origin || url.username !== '' || url.password !== '') {
    throw malformed('the link to the next page leads to another server');
  }
}
