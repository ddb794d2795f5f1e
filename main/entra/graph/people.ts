import { z } from 'zod';
import { LatchkeyError } from '../../contract/errors.ts';
import { isNoSuchAccount, malformed, type GraphClient, type Need } from './graph-client.ts';
import { readGroups, type Groups } from './group-pages.ts';

export interface Person {
  objectId: string;
  username: string;
  displayName: string;
}

export interface OwnPerson extends Person {
  /** For a guest, the address that they type when they sign in. */
  mail?: string;
}

/**
 * Look-ups of any account of the tenant, by object id or sign-in name (for a guest that is the long name with #EXT#).
 * Access is decided by object id only: a name may change hands. Both throw LatchkeyError `request-invalid` for what is
 * neither, the signal's reason, and what Directory's look-ups throw.
 */
export interface People {
  /** undefined where the tenant has no such account. */
  user(nameOrId: string, signal?: AbortSignal): Promise<Person | undefined>;
  /** Every group, as {@link readGroups}. @throws LatchkeyError `account-disabled` where there is no such account */
  groupsOf(nameOrId: string, signal?: AbortSignal): Promise<Groups>;
}

export interface PeopleNeeds {
  user: Need;
  groups: Need;
}

const never = new AbortController().signal;
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const person = z.object({
  id: z.guid().toLowerCase(),
  displayName: z.string().nullish(),
  userPrincipalName: z.string().min(1),
});

/** @throws LatchkeyError `directory-refused` where the profile lacks id or name */
export function toPerson(body: Record<string, unknown>): Person {
  const parsed = person.safeParse(body);
  if (!parsed.success) throw malformed('the profile has no id or name');
  const { id, displayName, userPrincipalName: username } = parsed.data;
  return { objectId: id, username, displayName: displayName ?? username };
}

/** The same of the person whose token it was. */
export function toOwnPerson(body: Record<string, unknown>): OwnPerson {
  const { mail } = body;
  return typeof mail === 'string' && mail !== '' ? { ...toPerson(body), mail } : toPerson(body);
}

const profileQuery = '$select=id,displayName,userPrincipalName';
export const ownProfileQuery = `${profileQuery},mail`;

export function createPeople(client: GraphClient, origin: string, needs: PeopleNeeds): People {
  return {
    async user(nameOrId, signal = never) {
      const key = keyOf(nameOrId);
      const get = client.lookUp(signal, needs.user);
      const body = await get(`${origin}/v1.0/users/${encodeURIComponent(key)}?${profileQuery}`).catch(
        (error: unknown) => {
          if (isNoSuchAccount(error)) return undefined;
          throw error;
        },
      );
      if (body === undefined) return undefined;
      const found = toPerson(body);
      const same = guid.test(key) ? found.objectId : found.username.toLowerCase();
      if (same !== key) throw malformed('it is about another person than the one asked for');
      return found;
    },
    async groupsOf(nameOrId, signal = never) {
      const key = keyOf(nameOrId);
      return readGroups(client.lookUp(signal, needs.groups), origin, `users/${encodeURIComponent(key)}`);
    },
  };
}

/** In lower case, as ids and names are compared. */
function keyOf(nameOrId: string): string {
  const key = nameOrId.trim().toLowerCase();
  if (guid.test(key) || /^[^\s@/\\?$]{1,200}@[^\s@/\\?]{1,255}$/.test(key)) return key;
  throw new LatchkeyError('request-invalid', 'This is neither a sign-in name nor an object id.', {
    remedy: 'Write a sign-in name such as ada@fabrikam.com.',
  });
}
