import { LatchkeyError } from '../contract/errors.ts';
import { routeSignIn } from './chain.ts';
import type { Provider } from './session-ports.ts';

/**
 * The name of the provider that the chain finds for a sign-in name.
 * @throws LatchkeyError `wrong-account` where the end of the chain denies.
 */
export async function routed(providers: readonly Provider[], username: string): Promise<string> {
  const { provider } = await routeSignIn(providers, username);
  if (provider !== undefined) return provider;
  throw new LatchkeyError(
    'wrong-account',
    `No provider of the authentication chain takes the name "${username}".`,
    { remedy: 'Check the name, or ask the administrator to add its domain to a provider.' },
  );
}

/**
 * The provider of that name, or the first of the chain, if one can sign in with a page of its directory.
 * @throws LatchkeyError `request-invalid`
 */
export function chosen(providers: readonly Provider[], wanted: string | undefined): Provider {
  const usable = providers.filter(({ enabled, type }) => enabled && type === 'azure-directory');
  const found = wanted === undefined ? usable[0] : usable.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  if (providers.some(({ name, type }) => name === wanted && type === 'local')) {
    throw new LatchkeyError('request-invalid', `"${wanted}" has accounts with a password.`, {
      remedy: 'Sign in with: latchkey login <name> --local',
    });
  }
  const which = wanted === undefined ? 'no provider' : `no provider "${wanted}"`;
  throw new LatchkeyError('request-invalid', `There is ${which} that is turned on.`, {
    remedy: `Turned on are: ${usable.map(({ name }) => name).join(', ') || 'none'}.`,
  });
}
