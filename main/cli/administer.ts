import { join } from 'node:path';
import type { ActionReply, ActionRequest } from '../contract/action-schemas.ts';
import type { AdministeringAction } from '../contract/actions.ts';
import { withHomeProof } from '../store/own-home.ts';
import type { Client } from './client.ts';
import { askPhone } from './ask-phone.ts';
import type { Output } from './output.ts';
import { readSecret } from './secret-input.ts';
import { whose } from './whose.ts';

/** What asks for the person's proof needs of the command line. */
export interface Administrator {
  client: Client;
  output: Output;
  signal: AbortSignal;
}

/**
 * A request that changes who may decide, with the second factor of the person who is signed in: a code, typed in or
 * from the next line of standard input, or the phone where there is no authenticator. Whoever has neither needs a
 * sign-in of the last minutes, and is told so.
 */
export async function administer<A extends AdministeringAction>(
  { client, output, signal }: Administrator,
  action: A,
  request: ActionRequest<A>,
): Promise<ActionReply<A>> {
  const found = await whose(client);
  if (found === undefined) return client.call(action, request);
  const { secondFactor, account } = found;
  // The account whose factor is asked for is the one that does it, whoever comes meanwhile.
  const own = { ...request, as: account.objectId };
  if (secondFactor?.totp.enrolled === true)
    return client.call(action, { ...own, code: await readSecret('Code of your authenticator') });
  if (secondFactor?.push.enrolled !== true) return client.call(action, own);
  return askPhone({ client, output, signal }, () => client.call(action, { ...own, phone: true }));
}

/** The same for what may be set up before anybody signs in: by whoever can write to the home folder. */
export function setUp<A extends AdministeringAction>(
  { client }: Administrator,
  home: string,
  action: A,
  request: ActionRequest<A>,
): Promise<ActionReply<A>> {
  return withHomeProof(join(home, 'run'), (proof) => client.call(action, { ...request, setUp: proof }));
}
