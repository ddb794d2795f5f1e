import { LatchkeyError } from '../contract/errors.ts';
import type { Group } from '../contract/state.ts';
import type { LiveSession } from '../session/live-session.ts';
import type { ProviderRegistry } from './providers.ts';

/**
 * Groups by the beginning of their names: those of the person, and those of their directory where there is one.
 * @throws LatchkeyError `sign-in-required`, and what the directory says
 */
export async function findGroups(
  session: LiveSession | undefined,
  providers: Pick<ProviderRegistry, 'named'>,
  text: string,
): Promise<{ groups: Group[] }> {
  if (session === undefined) {
    throw new LatchkeyError('sign-in-required', 'Groups are looked up as somebody who is signed in.', {
      remedy: 'Sign in first, or give the object id of the group.',
    });
  }
  const wanted = text.toLowerCase();
  const own = session.groups.filter(({ name }) => name.toLowerCase().startsWith(wanted));
  const { accounts } = providers.named(session.provider);
  const found = (await accounts?.of(session.account.objectId).graph.groupsNamed(text)) ?? [];
  return { groups: [...new Map([...own, ...found].map(({ id, name }) => [id, { id, name }])).values()] };
}
