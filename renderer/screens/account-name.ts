import type { SignedInAccount } from '../../main/contract/state.ts';

/** What the person is called, or else signs in as. */
export const nameOf = ({ displayName, username }: SignedInAccount['account']): string =>
  displayName === '' ? username : displayName;
