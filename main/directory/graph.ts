import { createGraphClient, type GraphOptions } from './graph-client.ts';
import { readGroups, type Groups } from './group-pages.ts';
import { createPeople, profileQuery, toPerson, type People, type Person } from './people.ts';

/**
 * What Microsoft Graph says of the signed-in person, and of others as far as that person may see them
 * (User.ReadBasic.All, GroupMember.Read.All). The look-ups throw the signal's reason on an abort, what `accessToken`
 * throws, and LatchkeyError `sign-in-required` (Graph does not accept the sign-in any more; a claims challenge is in
 * `entra.claims`), `account-disabled` (the account is gone), `directory-refused` (permission or answer),
 * `directory-unreachable` (unknown).
 */
export interface Directory extends People {
  me(signal?: AbortSignal): Promise<Person>;
  /**
   * Every group that the person is in, directly or through other groups, by object id in lower case. All pages or an
   * error: never a part. An empty list means that there are none. `named` is false where names may not be read
   * (GroupMember.Read.All is missing); then the name of such a group is empty.
   */
  groups(signal?: AbortSignal): Promise<Groups>;
}

const never = new AbortController().signal;

const ownGroups = {
  what: 'read the groups of the person',
  permissions: 'delegated Microsoft Graph permissions User.Read and GroupMember.Read.All',
};
const needs = {
  user: {
    what: 'look other people up',
    permissions: 'delegated Microsoft Graph permission User.ReadBasic.All',
  },
  groups: {
    what: 'read the groups of other people',
    permissions: 'delegated Microsoft Graph permissions User.ReadBasic.All and GroupMember.Read.All',
  },
};

/** Look-ups with the signed-in person's own token. */
export function createDirectory(options: GraphOptions): Directory {
  const client = createGraphClient(options);
  const { origin } = new URL(options.origin);
  return {
    ...createPeople(client, origin, needs),
    async me(signal = never) {
      return toPerson(await client.lookUp(signal, ownGroups)(`${origin}/v1.0/me?${profileQuery}`));
    },
    groups: async (signal = never) => readGroups(client.lookUp(signal, ownGroups), origin, 'me'),
  };
}
