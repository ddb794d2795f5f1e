import { LatchkeyError } from '../contract/errors.ts';
import { wordOf } from '../contract/which-account.ts';
import type { Person } from './person.ts';
import type { Provider } from './provider-port.ts';

export interface RoomSettings {
  /** How many accounts may be signed in side by side; with 1 whoever comes takes the place of the one before. */
  most: number;
}

/** Somebody who is signed in, with their provider. */
export interface Beside {
  person: Person;
  provider: Pick<Provider, 'exclusive'> | undefined;
}

/**
 * Whether an account of this provider may come in beside these.
 * @throws LatchkeyError `limit-reached`; `request-refused` where one of them is only let in alone
 */
export function checkRoom(
  provider: Pick<Provider, 'name' | 'exclusive'>,
  beside: readonly Beside[],
  { most }: RoomSettings,
): void {
  if (most === 1) return;
  const { name, exclusive } = provider;
  const first = beside[0]?.person.live;
  if (first !== undefined && exclusive === 'refuse') {
    throw new LatchkeyError(
      'request-refused',
      `Accounts of "${name}" are let in alone, and ${first.account.username} is signed in.`,
      { remedy: 'Sign the others out first: latchkey logout --all' },
    );
  }
  const alone = beside.find(({ provider }) => provider?.exclusive === 'refuse')?.person.live;
  if (alone !== undefined) {
    const { username } = alone.account;
    throw new LatchkeyError(
      'request-refused',
      `${username} is signed in with "${alone.provider}", beside which nobody is let in.`,
      { remedy: `Sign that account out first: latchkey logout --as ${wordOf(username)}` },
    );
  }
  const staying = beside.length - whoLeaves(provider, beside, { most }).length;
  if (staying < most) return;
  throw new LatchkeyError('limit-reached', `${most} accounts are signed in, and there is no room for more.`, {
    remedy: 'Sign one out first: latchkey logout --as <sign-in name>',
  });
}

/** Whose place an account of this provider takes: where only one is let in, or where a provider wants its accounts alone. */
export function whoLeaves(
  { exclusive }: Pick<Provider, 'exclusive'>,
  beside: readonly Beside[],
  { most }: RoomSettings,
): readonly Beside[] {
  if (most === 1 || exclusive === true) return beside;
  return beside.filter(({ provider }) => provider?.exclusive === true);
}
