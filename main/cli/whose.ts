import type { ApiState } from '../contract/api-state.ts';
import { oneAccount } from '../contract/which-account.ts';
import type { Client } from './client.ts';

export type ShownAccount = ApiState['accounts'][number];

/**
 * The account that the command is about: the one that `--as` names, the chosen one, or the only one.
 * @returns undefined where nobody is signed in
 * @throws LatchkeyError `sign-in-required`, `account-ambiguous`
 */
export async function whose(client: Client): Promise<ShownAccount | undefined> {
  const { accounts, chosenAccount } = (await client.state()).state;
  return oneAccount(accounts, { as: client.as, chosen: chosenAccount });
}
