import { createGraphClient, type GraphOptions } from './graph-client.ts';
import type { Group } from '../../contract/state.ts';
import { findGroups, readGroups, type Groups } from './group-pages.ts';
import { createPeople, ownProfileQuery, toOwnPerson, type OwnPerson, type People } from './people.ts';

/**
 * What Microsoft Graph says of the signed-in person, and of others as far as that person may see them
 * (User.ReadBasic.All, GroupMember.Read.All). The look-ups throw the signal's reason on an abort, what `accessToken`
 * throws, and LatchkeyError `sign-in-required` (Graph does not accept the sign-in any more; a claims challenge is in
 * `entra.claims`), `account-disabled` (the account is gone), `directory-refused` (permission or answer),
 * `directory-unreachable` (unknown).
 */
export interface Directory extends People {
  me(signal?: AbortSignal): Promise<OwnPerson>;
  /**
   * Every group that the person is in, directly or through other groups, by object id in lower case. All pages or an
   * error: never a part. An empty list means that there are none. `named` is false where names may not be read
   * (GroupMember.Read.All is missing); then the name of such a group is empty.
   */
  groups(signal?: AbortSignal): Promise<Groups>;
  /** Some groups of the tenant whose name begins so, for a person to pick from. */
  groupsNamed(text: string, signal?: AbortSignal): Promise<Group[]>;
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
  names: {
    what: 'look groups up by their names',
    permissions: 'delegated Microsoft Graph permission GroupMember.Read.All',
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
      return toOwnPerson(await client.lookUp(signal, ownGroups)(`${origin}/v1.0/me?${ownProfileQuery}`));
    },
    groups: async (signal = never) => readGroups(client.lookUp(signal, ownGroups), origin, 'me'),
    groupsNamed: async (text, signal = never) => findGroups(client.lookUp(signal, needs.names), origin, text),
  };
}
