import { LatchkeyError } from '../contract/errors.ts';
import type { Account, Group } from '../contract/state.ts';
import type { ApplicationDirectory } from '../entra/graph/application-directory.ts';
import type { Directory } from '../entra/graph/graph.ts';
import { checkPerson } from '../session/account-check.ts';
import type { PendingMembership } from '../session/provider-port.ts';

/** Reads who somebody is and their groups, with the application's permissions where the person's do not reach. */
export class MembershipReader {
  readonly #application: ApplicationDirectory;
  readonly #hasSecret: () => Promise<boolean>;

  /** @param hasSecret whether the application has a secret that it can ask with */
  constructor(application: ApplicationDirectory, hasSecret: () => Promise<boolean>) {
    this.#application = application;
    this.#hasSecret = hasSecret;
  }

  /** @param own look-ups with the account's tokens: Graph must be speaking of that account */
  async read(account: Account, own: Directory, signal?: AbortSignal): Promise<PendingMembership> {
    const { objectId, username, displayName, mail } = await own.me(signal);
    checkPerson(account, objectId);
    const groups = await this.#groups(objectId, own, signal);
    return {
      // The name that databases know: for a guest the long one with #EXT#, which no id_token has.
      account: { ...account, username, displayName },
      groups,
      names: mail === undefined ? [username] : [username, mail],
    };
  }

  async #groups(objectId: string, own: Directory, signal?: AbortSignal): Promise<Group[]> {
    const hasSecret = await this.#hasSecret();
    const byApplication = async () => (await this.#application.groupsOf(objectId, signal)).groups;
    try {
      const { groups, named } = await own.groups(signal);
      if (named || !hasSecret) return groups;
      // Which groups they are is known; what they are called is worth no failure.
      const names = new Map((await byApplication().catch(() => [])).map(({ id, name }) => [id, name]));
      return groups.map(({ id, name }) => ({ id, name: names.get(id) ?? name }));
    } catch (error) {
      // The person may not read them, but the application may.
      if (hasSecret && error instanceof LatchkeyError && error.code === 'directory-refused')
        return byApplication();
      throw error;
    }
  }
}
